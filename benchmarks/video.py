"""Video: frames that leak beside deface, speed, memory, sound, times, motion that is kept, flicker, and attacks."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.clips import (
    SCORES,
    Observer,
    Performance,
    Reference,
    correlation,
    dynamics,
    flicker_ratio,
    is_covered,
    is_filled,
    read_images,
)
from benchmarks.report import Report, Rows
from benchmarks.settings import Settings, data_folder
from benchmarks.speed import Process, install_deface, measure
from ganonymization.track.identity import ByPerson
from ganonymization.types import Image
from ganonymization.video import open_clip, read_frames
from ganonymization.video.presets import stream_options, video_anonymizer

HD_WH: Final = (1280, 720)
HD_FRAMES: Final = 250
TALKING: Final = "grid-*.mpg"
ANIMATIONS: Final = (".gif", ".webp")
LONGEST: Final = "intel-one-by-one.mp4"
KEPT: Final = ("mouth_open", "lids", "mouth_width", "smile", "brows", "gaze_x", "yaw_deg")


def run(settings: Settings) -> Report:
    """Measure everything; ours and deface run on the same clips."""
    folder = data_folder("videos")
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".mpg", ".mkv", ".mp4", ".gif"})
    chosen = paths[: settings.limit] if settings.limit else paths
    deface = install_deface(settings.cache)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        speeds = measure_speed(folder, work, deface, settings)
        observer = Observer()
        console = Console(stderr=True)
        clips = [observe(path, work, deface, observer, settings) for path in track(chosen, "clips", console=console)]
    attacks = attack([clip.pop("performances") for clip in clips if "performances" in clip])
    for clip in clips:
        clip.pop("performances", None)
    figures = {"speed": speeds, "clips": clips, "attacks": attacks}
    return Report(figures, [speed_table(speeds), leak_table(clips), motion_table(clips), attack_table(attacks)])


def observe(path: Path, work: Path, deface: Path, observer: Observer, settings: Settings) -> dict[str, Any]:
    """Anonymize one clip by both programs and look at every frame of it."""
    filled = work / f"{path.stem}.solid.mp4"
    measure([str(deface), str(as_film(path, work)), "--replacewith", "solid", "--output", str(filled)])
    result = work / f"{path.stem}.mp4"
    ours_command(path, result, settings)
    clip = open_clip(path)
    anonymizer = video_anonymizer(ByPerson(settings.identity), stream_options(clip.fps, clip.size_wh))
    before, after = list(read_images(path)), []
    after = [one.frame.image for one in anonymizer(read_frames(clip))]
    references = [observer.references(image) for image in before]
    figures: dict[str, Any] = {
        "name": path.name,
        "frames": len(before),
        **leaks(before, after, references, "ours", is_covered),
        **leaks(before, _fitted(read_images(filled), before), references, "deface", is_filled),
        **fidelity(path, result),
    }
    if path.match(TALKING):
        first, second = observer.watch(before), observer.watch(after)
        figures |= motion(before, after, first, second)
        figures["performances"] = (first, second)
    return figures


def as_film(path: Path, work: Path) -> Path:
    """Return a clip that deface takes for one: it takes animated pictures for single ones."""
    if path.suffix not in ANIMATIONS:
        return path
    film, clip = work / f"{path.stem}.film.mp4", open_clip(path)
    with av.open(str(film), "w") as output:
        stream = output.add_stream("libx264", rate=clip.fps, options={"crf": "10"})
        (stream.width, stream.height), stream.pix_fmt = clip.size_wh, "yuv420p"
        for image in read_images(path):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(stream.encode(None))
    return film


def _fitted(images: Any, before: Sequence[Image]) -> list[Image]:  # noqa: ANN401 - frames of any reader
    """Return a result's frames in the size of the source's, which some programs round up."""
    size_wh = before[0].shape[1::-1]
    return [image if image.shape[1::-1] == size_wh else cv2.resize(image, size_wh) for image in images]


def leaks(
    before: Sequence[Image],
    after: Sequence[Image],
    references: Sequence[Sequence[Reference]],
    name: str,
    judge: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """Count faces of the reference, and frames, that were left as they were."""
    figures: dict[str, Any] = {}
    for score in SCORES:
        sure = [[face for face in faces if face.score >= score] for faces in references]
        missed = [
            [face for face in faces if not judge(old, new, face.box)]
            for old, new, faces in zip(before, after, sure, strict=False)
        ]
        figures[f"faces_{score}"] = sum(map(len, sure))
        figures[f"{name}_leaked_frames_{score}"] = sum(map(bool, missed))
        seen_twice = [any(face.is_seen_twice for face in faces) for faces in missed]
        figures[f"{name}_leaked_frames_{score}_seen_twice"] = sum(seen_twice)
    return figures


def fidelity(source: Path, result: Path) -> dict[str, Any]:
    """Compare sound, duration and number of frames of two files."""
    first, second = ([frame.time for frame in read_frames(open_clip(path))] for path in (source, result))
    return {
        "sound_identical": _sound(source) == _sound(result),
        "frames_equal": len(first) == len(second),
        "duration_differs_s": abs(float((first[-1] - first[0]) - (second[-1] - second[0]))),
    }


def _sound(path: Path) -> list[bytes]:
    if path.suffix in {".gif", ".webp"}:
        return []
    with av.open(str(path)) as container:
        streams = container.streams.audio
        return [bytes(packet) for packet in container.demux(*streams) if packet.size] if streams else []


def motion(before: Sequence[Image], after: Sequence[Image], first: Performance, second: Performance) -> dict[str, Any]:
    """Return what of the motion is kept."""
    kept = {f"kept_{name}": correlation(first, second, name) for name in KEPT}
    spread = {
        f"spread_{name}": float(np.std([getattr(one, name) for one in first.measures if one is not None]))
        for name in ("mouth_open", "lids")
    }
    lags = {
        f"delay_{name}": int(np.argmax([correlation(first, second, name, lag=lag) or 0 for lag in range(4)]))
        for name in ("mouth_open", "lids")
    }
    return {"flicker_ratio": flicker_ratio(before, after, first), **kept, **spread, **lags}


def attack(performances: Sequence[tuple[Performance, Performance]]) -> dict[str, Any]:
    """Find people again: by looks pooled over frames, and by how they move, from the halves of their clips."""
    if len(performances) < 2:
        return {}
    count = len(performances)
    looks = [[original.embedding for original, _ in performances], [new.embedding for _, new in performances]]
    half = len(performances[0][0].measures) // 2
    gallery = [dynamics(original, slice(0, half)) for original, _ in performances]
    same = [dynamics(original, slice(half, None)) for original, _ in performances]
    probes = [dynamics(new, slice(half, None)) for _, new in performances]
    return {
        "people": count,
        "chance": 1 / count,
        "pooled_looks_rank1": rank_1(looks[0], looks[1]),
        "motion_rank1_originals": rank_1(gallery, same),
        "motion_rank1": rank_1(gallery, probes),
    }


def rank_1(gallery: Sequence[Any], probes: Sequence[Any]) -> float:
    """Return the share of probes whose nearest neighbour is themselves; columns weigh by their spread."""
    first, second = np.stack(gallery), np.stack(probes)
    scale = first.std(axis=0) + 1e-9
    distances = np.linalg.norm((first[None] - second[:, None]) / scale, axis=2)
    return float((distances.argmin(axis=1) == np.arange(len(first))).mean())


def measure_speed(folder: Path, work: Path, deface: Path, settings: Settings) -> dict[str, Any]:
    """Time both programs, from start to end, on 720p with one and four faces; and look at memory on a long clip."""
    talks = [list(read_images(path)) for path in sorted(folder.glob(TALKING))[:4]]
    figures: dict[str, Any] = {}
    for name, count in (("one_face", 1), ("four_faces", 4)):
        source = work / f"{name}.mp4"
        compose(talks[:count], source)
        own = ours_command(source, work / f"{name}.ours.mp4", settings)
        theirs = measure([str(deface), str(source), "--output", str(work / f"{name}.deface.mp4")])
        figures[name] = {"frames": HD_FRAMES, **both(own, theirs, HD_FRAMES)}
    longest = folder / LONGEST
    if not settings.limit and longest.exists():
        own = ours_command(longest, work / "long.mp4", settings)
        figures["long_clip"] = {"frames": open_clip(longest).frame_count, "ours_peak_mib": own[0].peak_mib}
    return figures


def both(own: tuple[Process, float], theirs: Process, frames: int) -> dict[str, float]:
    """Return frames per second and memory of ours and deface."""
    process, steady_fps = own
    ours_fps, deface_fps = frames / process.wall_s, frames / theirs.wall_s
    return {
        "ours_fps": ours_fps,
        "ours_steady_fps": steady_fps,
        "deface_fps": deface_fps,
        "ratio": ours_fps / deface_fps,
        "ours_cpu_ms": 1000 * process.cpu_s / frames,
        "deface_cpu_ms": 1000 * theirs.cpu_s / frames,
        "ours_peak_mib": process.peak_mib,
        "deface_peak_mib": theirs.peak_mib,
    }


def ours_command(source: Path, target: Path, settings: Settings) -> tuple[Process, float]:
    """Run `ganonymize run`; returns what it used, and frames per second without its start."""
    receipt = target.with_suffix(".json")
    words = ["run", str(source), "-o", str(target), "--receipt", str(receipt), "--overwrite"]
    used = measure([sys.executable, "-m", "ganonymization", *words, "--identity", str(settings.identity)])
    (entry,) = json.loads(receipt.read_text())["files"]
    return used, entry["clip"]["frames"] / entry["seconds"]


def compose(talks: Sequence[Sequence[Image]], target: Path) -> None:
    """Write talking heads, to and fro in time, into a still room of 720p."""
    width, height = HD_WH
    random = np.random.default_rng(0)
    room = cv2.resize(random.integers(60, 200, (5, 8, 3), np.uint8), HD_WH, interpolation=cv2.INTER_CUBIC)
    scale = 1.6 if len(talks) == 1 else 1.1
    with av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(HD_FRAMES):
            picture = room.copy()
            for place, talk in enumerate(talks):
                step = number % (2 * len(talk) - 2)
                head = cv2.resize(talk[min(step, 2 * len(talk) - 2 - step)], None, fx=scale, fy=scale)
                column, row = (place % 2, place // 2) if len(talks) > 1 else (0, 0)
                cells = 2 if len(talks) > 1 else 1
                left = column * width // cells + (width // cells - head.shape[1]) // 2
                top = row * height // cells + (height // cells - head.shape[0]) // 2
                picture[top : top + head.shape[0], left : left + head.shape[1]] = head
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))


def speed_table(speeds: dict[str, Any]) -> Rows:
    """Return the table of speed and memory."""
    head = ["frames", "ours_fps", "ours_steady_fps", "deface_fps", "ratio"]
    head += ["ours_cpu_ms", "deface_cpu_ms", "ours_peak_mib", "deface_peak_mib"]
    body = [[name, *(row.get(key) for key in head)] for name, row in speeds.items()]
    notes = [
        "whole processes from start to end; steady: without loading the program; cpu_ms: of all cores, for a frame"
    ]
    return Rows("speed at 720p, beside deface (blur) at its defaults", ["clip", *head], body, notes)


def leak_table(clips: Sequence[dict[str, Any]]) -> Rows:
    """Return the table of frames in which a face was left uncovered."""
    head = ["frames"]
    for score in sorted(SCORES, reverse=True):
        leaked = (f"{name}_leaked_frames_{score}{kind}" for kind in ("", "_seen_twice") for name in ("ours", "deface"))
        head += [f"faces_{score}", *leaked]
    summed = len(head)
    head += ["sound_identical", "frames_equal", "duration_differs_s"]
    body = [[clip["name"], *(clip.get(key) for key in head)] for clip in clips]
    totals = ["all", *(sum(clip[key] for clip in clips) for key in head[:summed]), None, None, None]
    notes = ["seen_twice: a second detector (BlazeFace) sees a face there as well"]
    return Rows("frames with a face that was left uncovered", ["clip", *head], [*body, totals], notes)


def motion_table(clips: Sequence[dict[str, Any]]) -> Rows:
    """Return the table of the talking heads."""
    talks = [clip for clip in clips if "flicker_ratio" in clip]
    head = [key for key in (talks[0] if talks else {}) if key.startswith(("flicker", "kept", "delay", "spread"))]
    return Rows("talking heads", ["clip", *head], [[clip["name"], *(clip[key] for key in head)] for clip in talks])


def attack_table(attacks: dict[str, Any]) -> Rows:
    """Return the table of attacks."""
    return Rows("attacks on the talking heads", ["figure", "value"], [[key, value] for key, value in attacks.items()])
