import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from test_loop import require_equal  # noqa: E402 - torch may be missing
from tiny import SIZE_PX, face_set  # noqa: E402

from ganonymization.condition import draw_dots  # noqa: E402
from ganonymization.onnx import Network  # noqa: E402
from ganonymization.training import paper  # noqa: E402
from ganonymization.training.config import PaperConfig  # noqa: E402
from ganonymization.training.export import MAX_DIFFERENCE, export_run  # noqa: E402
from ganonymization.training.paper import PaperViews, PatchGan, UNet, train_paper  # noqa: E402
from ganonymization.training.recorder import Schedule  # noqa: E402

CPU = torch.device("cpu")
CONFIG = PaperConfig(size_px=256, samples=2, threads=1, workers=0)
OFTEN = Schedule(sheet_samples=1, log_samples=1, measure_samples=2)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_published_generator_has_its_54_million_weights():
    with torch.device("meta"):
        assert count(UNet()) == 54_404_099


@pytest.mark.parametrize("size_px", [256, 512])
def test_picture_and_verdicts_have_the_published_sizes(size_px):
    with torch.device("meta"):
        maps = torch.empty(1, 3, size_px, size_px)
        image = UNet()(maps)
        assert image.shape == (1, 3, size_px, size_px)
        assert PatchGan()(image, maps).shape == (1, 1, size_px // 16, size_px // 16)


@pytest.fixture
def narrow(monkeypatch):
    """A network of the same form whose steps take milliseconds."""
    monkeypatch.setattr(paper, "DOWN_CHANNELS", (8,) * 8)
    monkeypatch.setattr(paper, "UP_CHANNELS", (8,) * 7)


def test_a_batch_is_a_cut_out_on_black_and_the_dots_of_copied_landmarks():
    faces, config = face_set(), dataclasses.replace(CONFIG, size_px=SIZE_PX)
    batch = PaperViews(faces, config).of([2, 0])
    dots = draw_dots(faces.landmarks[2] * SIZE_PX, size_px=SIZE_PX)
    assert (dots > 0).any()
    np.testing.assert_array_equal(batch.maps[0].numpy(), np.stack([dots] * 3))
    rim = (faces.images.shape[1] - SIZE_PX) // 2
    inner = slice(rim, rim + SIZE_PX)
    expected = faces.images[2, inner, inner] * (faces.people[2, inner, inner, None] > 0)
    np.testing.assert_array_equal(batch.image[0].numpy().transpose(1, 2, 0), expected)
    assert batch.to(CPU).maps.unique().tolist() == [-1, 1]


@pytest.mark.usefixtures("narrow")
def test_a_killed_run_ends_as_if_it_had_never_been_stopped(tmp_path):
    config = dataclasses.replace(CONFIG, samples=3)
    whole = train_paper(config, face_set(), tmp_path / "whole", device=CPU)
    train_paper(dataclasses.replace(config, samples=1), face_set(), tmp_path / "killed", device=CPU, schedule=OFTEN)
    resumed = train_paper(config, face_set(), tmp_path / "killed", device=CPU, schedule=OFTEN)
    require_equal(resumed.state(), whole.state())


@pytest.mark.usefixtures("narrow")
def test_a_run_is_logged_shown_and_exported_for_any_batch(tmp_path):
    run, path = tmp_path / "run", tmp_path / "paper.onnx"
    trainer = train_paper(CONFIG, face_set(), run, device=CPU, schedule=OFTEN)
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [row["samples"] for row in rows] == [1, 2]
    assert {"discriminator", "adversarial", "l1", "sharpness", "spread"} <= set(rows[1])
    assert len(list(run.glob("sheet-*.png"))) == 2
    assert export_run(run, path, face_set()).samples == 2
    network = Network(path, inputs=["maps"], outputs=["image"])
    assert network.input_shape("maps")[1:] == [3, 256, 256]
    maps = PaperViews(face_set(), CONFIG).of([0, 1, 2]).maps.float() / 255
    (found,) = network(maps=maps.numpy())
    with torch.no_grad():
        wanted = trainer.generator.eval()(2 * maps - 1).numpy()
    np.testing.assert_allclose(found, wanted, atol=20 * MAX_DIFFERENCE)  # weights were rounded to 16 bits


@pytest.mark.usefixtures("narrow")
def test_a_step_lets_the_generator_copy_and_the_discriminator_tell():
    trainer = paper.PaperTrainer(dataclasses.replace(CONFIG, rate=2e-3), CPU)
    batch = PaperViews(face_set(), CONFIG).of([0]).to(CPU)
    reports = [trainer.step(batch) for _ in range(12)]
    assert reports[-1]["l1"] < 0.97 * reports[0]["l1"]
    assert reports[-1]["discriminator"] < reports[0]["discriminator"]
