"""Clips on the command line: beside pictures, with the options that are theirs."""

import importlib.util
import json
from fractions import Fraction

import film
import making
import numpy as np
import PIL.Image
import pytest

from ganonymization.cli.clips import parse_time

pytestmark = pytest.mark.skipif(importlib.util.find_spec("av") is None, reason="video needs PyAV")


@pytest.fixture
def made(monkeypatch):
    """Put the anonymizer with known answers in the place of the real one; returns what it was made with."""
    from ganonymization.video import presets

    calls = []

    def make(policy, options, **arguments):
        calls.append({"policy": policy, "options": options, **arguments})
        return film.anonymizer(policy=policy)

    monkeypatch.setattr(presets, "video_anonymizer", make)
    monkeypatch.setattr(making, "draw", lambda number, _size: film.picture([film.Actor(60 + 3 * number)]))
    return calls


def clip(path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    return making.make(path, size_wh=film.SIZE_WH, stamps=range(20), sound_s=0.8, **options)


def animation(path):
    frames = [PIL.Image.fromarray(film.picture([film.Actor(60 + 3 * number)])) for number in range(12)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=80)
    return path


def test_clips_and_pictures_go_together(ganonymize, photo, tmp_path, made):
    photo("in/a.png")
    clip(tmp_path / "in" / "b.mp4")
    clip(tmp_path / "in" / "c.avi", codec="mpeg4", sound="mp3")
    animation(tmp_path / "in" / "d.gif")

    result = ganonymize("run", tmp_path / "in", "-o", tmp_path / "out", "--receipt", tmp_path / "r.json")

    assert result.exit_code == 0, result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.png", "b.mp4", "c.mp4", "d.mp4"}
    assert len(made) == 3
    assert "frames/s" in result.stdout
    files = {entry["name"]: entry for entry in json.loads((tmp_path / "r.json").read_text())["files"]}
    assert "clip" not in files["a.png"]
    told = files["b.mp4"]["clip"]
    assert (told["frames"], told["corrupt_frames"]) == (20, 0)
    assert [track["synthesized"] for track in told["tracks"]] == [20]
    assert told["tracks"][0]["identity_distance"] == 1.0


def test_a_clip_goes_beside_its_source(ganonymize, tmp_path, made):
    source = clip(tmp_path / "b.mov")

    assert ganonymize("run", source).exit_code == 0
    assert (tmp_path / "b.anonymized.mov").exists()
    assert len(made) == 1


def test_a_number_gives_the_same_people_again(ganonymize, tmp_path, made):
    source = clip(tmp_path / "b.mp4")

    identities = []
    for name in ("c.json", "d.json"):
        words = ["run", source, "-o", tmp_path / f"{name}.mp4", "--identity", "7", "--receipt", tmp_path / name]
        assert ganonymize(*words).exit_code == 0
        (entry,) = json.loads((tmp_path / name).read_text())["files"]
        identities.append(entry["clip"]["tracks"][0]["identity"])

    assert identities[0] == identities[1]
    assert len(made) == 2


def test_damaged_frames_are_told(ganonymize, tmp_path, made):
    source = making.damage(clip(tmp_path / "b.mp4", options={"crf": "4"}), tmp_path / "damaged.mkv", {8, 9})

    result = ganonymize("run", source)

    assert result.exit_code == 0
    assert "damaged.mkv: " in result.stderr
    assert "frames were covered as a whole" in result.stderr
    assert len(made) == 1


def test_options_for_clips_arrive(ganonymize, tmp_path, made):
    source, target = clip(tmp_path / "b.mp4"), tmp_path / "c.mp4"
    words = ["--start", "0.2", "--end", "0:00.6", "--crf", "30", "--lost-face", "whole-frame", "--min-face", "30"]

    assert ganonymize("run", source, "-o", target, *words).exit_code == 0

    assert len(making.packets(target, "video")) == 10
    (call,) = made
    assert call["options"].lost_face.value == "whole-frame"
    assert call["min_face_px"] == 30


def test_every_face_can_be_covered_by_a_plain_patch(ganonymize, tmp_path, made):
    source, receipt = clip(tmp_path / "b.mp4"), tmp_path / "r.json"

    assert ganonymize("run", source, "--obscure-only", "--receipt", receipt).exit_code == 0

    (track,) = json.loads(receipt.read_text())["files"][0]["clip"]["tracks"]
    assert (track["synthesized"], track["obscured"]) == (0, 20)
    assert len(made) == 1


def test_no_cutouts_are_made_of_clips(ganonymize, tmp_path, made):
    result = ganonymize("run", clip(tmp_path / "b.mp4"), "--isolated")

    assert result.exit_code == 1
    assert "leave --isolated out" in result.stderr
    assert made == []


def test_an_encoder_that_is_missing_is_named(ganonymize, tmp_path, monkeypatch):
    import dataclasses

    from ganonymization.video import Codec, encoders

    monkeypatch.setitem(
        encoders.ENCODERS, Codec.HEVC, dataclasses.replace(encoders.ENCODERS[Codec.HEVC], name="libnone")
    )
    monkeypatch.setattr("ganonymization.video.presets.video_anonymizer", lambda *_, **__: film.anonymizer())
    result = ganonymize("run", clip(tmp_path / "b.mp4"), "--codec", "hevc")

    assert result.exit_code == 1
    assert "this FFmpeg has no libnone" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"b.mp4"}


@pytest.mark.parametrize("words", [["--start", "soon"], ["--start", "9", "--end", "3"], ["--lost-face", "blur"]])
def test_wrong_words_are_refused_before_any_work(ganonymize, tmp_path, made, words):
    assert ganonymize("run", tmp_path / "b.mp4", *words).exit_code == 2
    assert made == []


@pytest.mark.parametrize(
    ("word", "seconds"), [("", None), ("95.5", Fraction(191, 2)), ("1:35.5", Fraction(191, 2)), ("1:00:02", 3602)]
)
def test_times_are_seconds_or_clock_times(word, seconds):
    assert parse_time(word, "--start") == seconds


def test_a_still_gif_is_a_picture(ganonymize, tmp_path, made):
    PIL.Image.fromarray(np.zeros((16, 24, 3), np.uint8)).save(tmp_path / "still.gif")

    assert ganonymize("run", tmp_path / "still.gif", "-o", tmp_path / "b.png").exit_code == 0
    assert made == []
