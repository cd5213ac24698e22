import dataclasses

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from test_loop import OFTEN  # noqa: E402 - torch may be missing
from tiny import CONFIG, face_set  # noqa: E402

from ganonymization.training import loop  # noqa: E402
from ganonymization.training.data import FaceViews  # noqa: E402
from ganonymization.training.resident import PlannedViews, ResidentFaces, fits  # noqa: E402

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "shares",
    [
        {"isolated_share": 0.0, "grey_share": 0.0},
        {"isolated_share": 1.0},
        {"isolated_share": 0.0, "wall_share": 1.0},
        {"grey_share": 1.0},
        {"reshaped_share": 0.5},
        {"reshaped_share": 1.0},
    ],
)
def test_the_device_draws_what_the_workers_would_have_drawn(shares):
    config = dataclasses.replace(CONFIG, batch_size=24, **shares)
    views = FaceViews(face_set(), config)
    planned = next(iter(PlannedViews(views, layer_px=face_set().images.shape[1])))
    assert planned.is_mirrored.any()
    found, wanted = ResidentFaces(face_set(), CPU).draw(planned.to(CPU)), next(iter(views))
    for name in ("maps", "palette", "landmarks", "own_landmarks", "reshaped"):
        assert getattr(found, name).equal(getattr(wanted, name))
    assert found.image.dtype == found.valid.dtype == found.known.dtype == torch.uint8
    # OpenCV places samples on a grid of 1/32 px
    assert (found.image.float() - wanted.image.float()).abs().mean() < 1.5
    assert ((found.valid == 255) != (wanted.valid == 255)).float().mean() < 0.01
    assert (found.known != wanted.known).float().mean() < 0.01


def test_pictures_stay_on_gpus_alone_and_only_where_they_fit(monkeypatch):
    gpu = torch.device("cuda")
    size = face_set().images.nbytes + face_set().valid.nbytes + face_set().people.nbytes
    assert not fits(face_set(), CPU)
    for free, expected in ((4 * size, True), (4 * size - 4, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, free))
        assert fits(face_set(), gpu) is expected


def test_a_run_learns_from_resident_faces(monkeypatch, tmp_path):
    monkeypatch.setattr(loop, "fits", lambda *_: True)
    assert loop.train(CONFIG, face_set(), tmp_path, device=CPU, schedule=OFTEN).samples == CONFIG.samples
