"""tools/train_on_gpu.py in a tiny form, from packing to joining."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import face_set

from ganonymization.onnx import Network
from ganonymization.training.course import CHECKPOINT_NAME
from ganonymization.training.export import INPUTS

SCRIPT = Path(__file__).parents[2] / "tools" / "train_on_gpu.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("train_on_gpu", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["train_on_gpu"] = module
    spec.loader.exec_module(module)
    return module


def call(script, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["train_on_gpu.py", *(str(word) for word in words)])
    script.main()


def test_one_call_trains_both_stages_and_leaves_weights_log_sheets_and_a_report(script, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(script.cut_up, "__kwdefaults__", {"piece_bytes": 40_000})
    face_set().save(tmp_path / "faces.npz")
    packed, out = tmp_path / "faces.pack", tmp_path / "out"
    call(script, monkeypatch, "pack", tmp_path / "faces.npz", packed)
    assert "quality 90" in capsys.readouterr().out
    call(script, monkeypatch, "train", packed, out, "--minutes", "0.05", "--tiny", "--device", "cpu")
    assert max(path.stat().st_size for path in out.rglob("*") if path.is_file()) <= 40_000
    call(script, monkeypatch, "join", out)
    assert not list(out.rglob("*.part*"))
    report = json.loads((out / "report.json").read_text())
    assert {"landmark_error", "spread", "sharpness", "samples"} <= set(report)
    assert Network(out / "generator.onnx", inputs=INPUTS, outputs=["image"]).input_shape("maps")[1:] == [7, 128, 128]
    first, second = (json.loads((out / name / "plan.json").read_text())["samples"] for name in script.STAGES)
    assert report["samples"] == second > first > 0
    assert all((out / name / CHECKPOINT_NAME).is_file() for name in script.STAGES)


def test_what_was_cut_up_comes_back_to_the_last_byte(script, tmp_path):
    data = bytes(range(256)) * 10
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "large.bin").write_bytes(data)
    (tmp_path / "small.bin").write_bytes(b"small")
    assert script.cut_up(tmp_path, piece_bytes=1000) == [tmp_path / "deep" / "large.bin"]
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
        "large.bin.part000",
        "large.bin.part001",
        "large.bin.part002",
        "small.bin",
    ]
    assert script.join(tmp_path) == [tmp_path / "deep" / "large.bin"]
    assert (tmp_path / "deep" / "large.bin").read_bytes() == data


def test_faces_that_are_missing_end_the_call_with_one_line(script, monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match=r"error: .*holds no packed faces"):
        call(script, monkeypatch, "train", tmp_path / "none", tmp_path / "out", "--minutes", "1", "--tiny")
