"""The words for keys, for people who stay visible, and for live sources."""

import subprocess
import sys

import numpy as np
import pytest

from ganonymization.batch import FileReport
from ganonymization.cli import console, people
from ganonymization.decide import anonymize_everybody
from ganonymization.errors import InputError
from ganonymization.keep import Consent, KeepFaces
from ganonymization.pseudonym import NameFaces
from ganonymization.types import Box, Outcome, Receipt


@pytest.fixture
def consents(monkeypatch):
    """Stand in for the networks that read consent photos."""
    read = []

    def fake(paths, _recogniser, *, runtime):
        del runtime
        read.extend(paths)
        return [Consent(path.name, np.zeros(128, np.float32)) for path in paths]

    monkeypatch.setattr(people, "read_consents", fake)
    return read


def decide_of(fakes):
    return fakes[0][0].arguments["decide"]


def test_a_key_is_made_once(ganonymize, tmp_path):
    first = ganonymize("key", tmp_path / "a.key")
    second = ganonymize("key", tmp_path / "a.key")

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "keep it secret" in first.stderr
    assert "never overwritten" in second.stderr
    assert len((tmp_path / "a.key").read_bytes()) == 32


def test_everybody_is_anonymized_by_default(ganonymize, photo, fakes):
    ganonymize("run", photo())

    assert decide_of(fakes) is anonymize_everybody


def test_a_key_names_faces(ganonymize, photo, fakes, tmp_path):
    ganonymize("key", tmp_path / "a.key")

    assert ganonymize("run", photo(), "--key", tmp_path / "a.key").exit_code == 0
    assert isinstance(decide_of(fakes), NameFaces)


def test_consent_photos_keep_faces_and_the_receipt_names_them(ganonymize, photo, fakes, consents, tmp_path):
    me, you = photo("me.png"), photo("you.png")

    result = ganonymize("run", photo(), "--keep", me, "--keep", you, "--receipt", tmp_path / "r.json")

    assert result.exit_code == 0
    assert isinstance(decide_of(fakes), KeepFaces)
    assert consents == [me, you]
    receipt = (tmp_path / "r.json").read_text()
    assert '"keep": "me.png, you.png"' in receipt
    assert str(tmp_path) not in receipt


def test_a_consent_photo_that_is_not_clear_ends_the_run_before_anything_is_written(ganonymize, photo, monkeypatch):
    def refuse(*_, **__):
        raise InputError("me.png: shows no faces")

    monkeypatch.setattr(people, "read_consents", refuse)
    source = photo()

    result = ganonymize("run", source, "--keep", photo("me.png"))

    assert result.exit_code == 1
    assert "shows no faces" in result.stderr
    assert not source.with_name("a.anonymized.png").exists()


def test_kept_faces_do_not_hide_how_the_others_ended(capsys):
    box = Box(0, 0, 1, 1)
    receipts = [Receipt(box, 0.9, outcome) for outcome in (Outcome.KEPT, Outcome.SYNTHESIZED, Outcome.SYNTHESIZED)]

    console.print_table([FileReport("a.png", face_count=3, receipts=tuple(receipts))])

    assert "a.png 3 2 0 1 0.00" in " ".join(capsys.readouterr().out.split())


def test_the_table_tells_of_kept_faces_only_where_there_are_some(capsys):
    synthesized = FileReport("a.png", face_count=1, receipts=(Receipt(Box(0, 0, 1, 1), 0.9, Outcome.SYNTHESIZED),))
    kept = FileReport("b.png", face_count=1, receipts=(Receipt(Box(0, 0, 1, 1), 0.9, Outcome.KEPT),))

    console.print_table([synthesized])
    assert "kept" not in capsys.readouterr().out
    console.print_table([synthesized, kept])
    out = " ".join(capsys.readouterr().out.split())
    assert "faces synthesized obscured kept seconds" in out
    assert "2 of 2 pictures 2 1 0 1 0.00" in out


@pytest.mark.parametrize(
    "words",
    [
        ["--keep", "me.png", "--obscure-only"],
        ["--keep", "me.png", "--isolated"],
        ["--key", "a.key", "--obscure-only"],
        ["--key", "a.key", "--identity", "7"],
        ["--keep-track", "1", "--start", "2"],
        ["--keep-track", "1", "--resume"],
    ],
)
def test_words_that_exclude_each_other_are_wrong_usage(ganonymize, photo, words):
    assert ganonymize("run", photo(), *words).exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["camera:0"],
        ["camera:0", "camera:1", "-o", "a.mp4"],
        ["camera:0", "a.jpg", "-o", "a.mp4"],
        ["ftp://host/a", "-o", "a.mp4"],
        ["-", "-o", "a.mp4", "--isolated"],
        ["-", "-o", "a.mp4", "--keep-track", "1"],
    ],
)
def test_wrong_usage_of_live_sources(ganonymize, words):
    assert ganonymize("run", *words).exit_code == 2


@pytest.mark.slow
def test_a_camera_that_is_absent_is_an_error(ganonymize, tmp_path):
    result = ganonymize("run", "camera:987", "-o", tmp_path / "a.mp4")

    assert result.exit_code == 1
    assert "camera:987" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_tracks_of_a_file_that_is_no_clip_are_an_error(ganonymize, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing")

    result = ganonymize("tracks", tmp_path / "a.mp4")

    assert result.exit_code == 1
    assert "a.mp4" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_pictures_need_no_pyav():
    """The command line must start, and say what live streams need, where PyAV is not installed."""
    code = "import sys; sys.modules['av'] = None; from ganonymization.cli import app; import ganonymization.keep"

    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own words
