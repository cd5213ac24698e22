"""`ganonymize prepare`, `train`, `export`: words, exit status, messages; training is tested in tests/training."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ganonymization.cli import app


def ganonymize(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.mark.parametrize("words", [("train", "faces.npz", "run"), ("export", "faces.npz", "run", "out.onnx")])
def test_without_torch_the_remedy_is_told(monkeypatch, words):
    monkeypatch.setitem(sys.modules, "torch", None)
    done = ganonymize(*words)
    assert done.exit_code == 1
    assert done.stderr == "error: torch is not installed; run: pip install 'ganonymization[train]'\n"


def test_the_manuals_tell_the_presets():
    manual = ganonymize("train", "--help").stdout
    assert "default-128  the shipped generator" in manual
    assert "--role leader" in manual
    assert "pip install 'ganonymization[train]'" in manual
    assert "one face" in ganonymize("prepare", "--help").stdout
    assert "computes something else" in " ".join(ganonymize("export", "--help").stdout.split())


@pytest.fixture
def faces(tmp_path):
    pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")
    sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
    from tiny import face_set

    face_set().save(tmp_path / "faces.npz")
    return tmp_path / "faces.npz"


TINY = """
size_px = 32
channels = [16, 32]
encoder_blocks = [0, 1]
decoder_blocks = [1]
discriminator_channels = [8, 16, 16]
batch_size = 2
samples = 4
landmark_weight = 0.0
workers = 0
threads = 1
"""


def test_a_generator_is_trained_and_exported(faces, tmp_path):
    (tmp_path / "tiny.toml").write_text(TINY)
    run, out = tmp_path / "run", tmp_path / "networks" / "mine.onnx"
    done = ganonymize("train", faces, run, "--config", tmp_path / "tiny.toml", "--device", "cpu")
    assert done.exit_code == 0, done.output
    assert "4 of 4 faces seen" in " ".join(done.stderr.split())
    done = ganonymize("export", faces, run, out)
    assert done.exit_code == 0, done.output
    assert "4 faces seen, differs from torch by" in done.stderr
    assert out.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--preset", "default-64"), "'default-64' is no preset; there are default-128"),
        (("--config", "missing.toml"), "missing.toml"),
        (("--device", "abacus"), "--device is 'abacus'; give auto, cpu or cuda"),
        (("--preset", "paper-256", "--role", "leader"), "leave --grow-from and --role out"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(faces, tmp_path, words, message):
    done = ganonymize("train", faces, tmp_path / "run", *words)
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_missing_faces_and_runs_are_told(faces, tmp_path):
    done = ganonymize("train", tmp_path / "none.npz", tmp_path / "run")
    assert (done.exit_code, "ganonymize prepare" in done.stderr) == (1, True)
    done = ganonymize("export", faces, tmp_path / "run", tmp_path / "out.onnx")
    assert (done.exit_code, "checkpoint.pt: not found" in done.stderr) == (1, True)
