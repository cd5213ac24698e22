import dataclasses
import itertools

import numpy as np
import pytest
from fakes import NOSE_TIP, landmarks, pose, shape
from tiny import CONFIG, SIZE_PX, face_set

from ganonymization.condition import draw_maps
from ganonymization.landmark import topology
from ganonymization.training.prepare import MARGIN

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.training import data  # noqa: E402 - torch may be missing
from ganonymization.training.data import Batch, FaceViews, _lowered, mirror_order  # noqa: E402

NO_MASKING = dataclasses.replace(CONFIG, isolated_share=0.0, grey_share=0.0)


def samples(count=24, config=NO_MASKING, faces=None, index=None):
    faces = faces or face_set()
    views = FaceViews(faces, config)
    rng = np.random.default_rng(11)
    return [views.sample(number % len(faces.names) if index is None else index, rng) for number in range(count)]


def test_a_batch_has_the_shapes_that_the_networks_want():
    batch = next(iter(FaceViews(face_set(), CONFIG)))
    shapes = {name: tuple(getattr(batch, name).shape) for name in Batch._fields}
    assert shapes == {
        "image": (2, 3, SIZE_PX, SIZE_PX),
        "maps": (2, 7, SIZE_PX, SIZE_PX),
        "known": (2, 1, SIZE_PX, SIZE_PX),
        "valid": (2, 1, SIZE_PX, SIZE_PX),
        "palette": (2, 16),
        "landmarks": (2, 478, 3),
        "own_landmarks": (2, 478, 3),
        "reshaped": (2,),
    }
    assert batch.image.dtype == batch.maps.dtype == batch.known.dtype == torch.uint8
    assert {part.dtype for part in batch[4:]} == {torch.float32}


def test_on_the_device_images_lie_between_minus_one_and_one_and_masks_between_zero_and_one():
    batch = next(iter(FaceViews(face_set(), CONFIG)))
    moved = batch.to(torch.device("cpu"))
    torch.testing.assert_close(moved.image, batch.image.float() / 127.5 - 1)
    for name in ("maps", "known", "valid"):
        torch.testing.assert_close(getattr(moved, name), getattr(batch, name).float() / 255)
    assert moved.palette.equal(batch.palette)


def test_faces_are_drawn_as_often_as_they_are_told_to_be():
    count = len(face_set().names)
    shares = np.zeros(count)
    shares[1] = 1.0
    plans = itertools.islice(FaceViews(face_set(), CONFIG, shares=shares).plans(), 8)
    assert {view.index for views in plans for view in views} == {1}


def first_images(config, start=0):
    return [batch.image for batch in itertools.islice(FaceViews(face_set(), config, start=start), 3)]


def test_the_same_seed_gives_the_same_stream_and_another_start_another():
    first, again = first_images(CONFIG), first_images(CONFIG)
    assert all(a.equal(b) for a, b in zip(first, again, strict=True))
    assert not first[0].equal(first_images(CONFIG, start=2)[0])
    assert not first[0].equal(first_images(dataclasses.replace(CONFIG, seed=2))[0])


def test_the_surround_is_unknown_inside_the_face_and_beyond_the_picture():
    for sample in samples():
        known, hull_map, valid = sample["known"][0], sample["maps"][0], sample["valid"][0]
        np.testing.assert_array_equal(known[hull_map >= 128], 0)
        np.testing.assert_array_equal(known[valid < 255], 0)
        assert set(np.unique(known)) <= {0, 255}
        assert (known == 255).any()


def test_hulls_have_random_sizes():
    shares = [(sample["known"] == 0).mean() for sample in samples(40, index=0)]
    assert max(shares) - min(shares) > 0.15


def test_a_lowered_region_ends_on_the_forehead_and_is_what_it_was_below_the_brows():
    points = landmarks(1, center=(32, 32), height_px=40).points
    outline = np.concatenate([points[:, :2], [[32.0, 2.0], [8.0, 32.0], [32.0, 60.0]]]).astype(np.float32)
    lowered = _lowered(outline, points, 0.5)
    brows = points[[*topology.RIGHT_BROW, *topology.LEFT_BROW], 1].min()
    middle = (brows + points[topology.FOREHEAD_TOP, 1]) / 2
    assert lowered[:, 1].min() == pytest.approx(middle, abs=0.5)
    below = outline[:, 1] > brows + 0.5
    np.testing.assert_allclose(lowered[below], outline[below], atol=0.3)
    far_up = outline - (0, 100)
    assert np.isfinite(_lowered(far_up.astype(np.float32), points, 1.0)).all()


RESHAPED = dataclasses.replace(NO_MASKING, reshaped_share=1.0)


def test_without_a_share_of_invented_people_the_landmarks_are_the_faces_own():
    for sample in samples(8):
        np.testing.assert_array_equal(sample["landmarks"], sample["own_landmarks"])
        assert sample["reshaped"] == 0


def test_an_invented_person_has_another_shape_in_the_same_place():
    for sample in samples(8, RESHAPED):
        moved = np.linalg.norm((sample["landmarks"] - sample["own_landmarks"])[:, :2], axis=1)
        height = np.ptp(sample["own_landmarks"][:, 1])
        assert 0.005 * height < moved.mean() < 0.15 * height
        assert sample["reshaped"] == 1


def test_both_peoples_hulls_are_removed_from_the_surround():
    for sample in samples(12, RESHAPED):
        for name in ("landmarks", "own_landmarks"):
            places = np.floor(sample[name][:, :2] * SIZE_PX).astype(int)
            within = ((places >= 0) & (places < SIZE_PX)).all(axis=1)
            columns, rows = places[within].T
            np.testing.assert_array_equal(sample["known"][0, rows, columns], 0)


def test_the_maps_show_the_invented_person():
    views = FaceViews(face_set(), RESHAPED)
    view = views.plan(0, np.random.default_rng(3))
    np.testing.assert_array_equal(views.conditions(view)["maps"], draw_maps(view.landmarks, size_px=SIZE_PX))
    assert not np.array_equal(view.landmarks, view.own_landmarks)


def test_an_isolated_face_has_no_surround_and_stands_on_black():
    faces = dataclasses.replace(face_set(), people=np.zeros_like(face_set().people))
    for sample in samples(8, dataclasses.replace(CONFIG, isolated_share=1.0), faces):
        np.testing.assert_array_equal(sample["known"], 0)
        np.testing.assert_array_equal(sample["image"], 0)


def test_a_face_before_a_wall_keeps_its_surround_which_is_plain():
    faces = dataclasses.replace(face_set(), people=np.zeros_like(face_set().people))
    walls = []
    for sample in samples(8, dataclasses.replace(NO_MASKING, wall_share=1.0), faces):
        assert (sample["known"] == 255).any()
        np.testing.assert_array_equal(sample["image"], sample["image"][:, :1, :1].repeat(SIZE_PX, 1).repeat(SIZE_PX, 2))
        walls.append(sample["image"][:, 0, 0])
    assert len(np.unique(walls, axis=0)) > 1
    assert np.min(walls) > 0


def test_whoever_stands_before_a_wall_hides_it():
    everything = dataclasses.replace(face_set(), people=np.full_like(face_set().people, 255))
    views = FaceViews(everything, NO_MASKING)
    view = views.plan(0, np.random.default_rng(3))
    before_wall = views.draw(dataclasses.replace(view, wall=np.full(3, 200, np.float32)))
    seen = before_wall["valid"][0] == 255
    np.testing.assert_array_equal(before_wall["image"][:, seen], views.draw(view)["image"][:, seen])


def test_before_a_wall_a_grey_picture_stays_grey():
    for sample in samples(8, dataclasses.replace(CONFIG, isolated_share=0.0, wall_share=1.0, grey_share=1.0)):
        np.testing.assert_array_equal(sample["image"][0], sample["image"][1])
        np.testing.assert_array_equal(sample["image"][0], sample["image"][2])


def test_a_grey_picture_has_a_grey_palette():
    for sample in samples(8, dataclasses.replace(NO_MASKING, grey_share=1.0)):
        np.testing.assert_array_equal(sample["image"][0], sample["image"][1])
        np.testing.assert_array_equal(sample["image"][0], sample["image"][2])
        colors = np.delete(sample["palette"], 3).reshape(5, 3)
        np.testing.assert_allclose(colors, colors[:, :1].repeat(3, axis=1), atol=1e-6)


@pytest.mark.parametrize("grey_share", [0.0, 1.0])
def test_picture_and_palette_change_colour_alike(grey_share):
    color = np.array([150, 110, 90], np.uint8)
    image = np.tile(color, (8, 8, 1))
    palette = np.insert(np.tile(color / 127.5 - 1, 5), 3, 0.2).astype(np.float32)
    rng = np.random.default_rng(0)
    views = FaceViews(face_set(), dataclasses.replace(CONFIG, grey_share=grey_share))
    plans = [views.plan(0, rng) for _ in range(30)]
    changed = [(data._recolor(image, plan), data._recolor_palette(palette, plan)) for plan in plans]
    for picture, recolored in changed:
        expected = picture[0, 0] / 127.5 - 1
        np.testing.assert_allclose(np.delete(recolored, 3).reshape(5, 3), np.tile(expected, (5, 1)), atol=0.015)
        assert recolored.dtype == np.float32
    levels = np.array([picture[0, 0, 1] for picture, _ in changed])
    assert np.ptp(levels) > 20
    spreads = np.array([recolored[3] for _, recolored in changed])
    assert np.corrcoef(levels, spreads)[0, 1] > 0.9


def spot_set():
    """A face whose picture is black but for a soft spot on the nose."""
    faces = face_set()
    wide_px = faces.images.shape[1]
    nose = faces.landmarks[0, NOSE_TIP, :2] * SIZE_PX + (wide_px - wide_px / MARGIN) / 2
    rows, columns = np.mgrid[:wide_px, :wide_px] + 0.5
    spot = 220 * np.exp(-((columns - nose[0]) ** 2 + (rows - nose[1]) ** 2) / 8)
    images = faces.images.copy()
    images[0] = spot[..., None].astype(np.uint8)
    return dataclasses.replace(faces, images=images)


def test_landmarks_move_with_the_picture():
    for sample in samples(30, faces=spot_set(), index=0):
        grey = sample["image"][1].astype(np.float64)
        rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX] + 0.5
        middle = np.array([(grey * columns).sum(), (grey * rows).sum()]) / grey.sum()
        np.testing.assert_allclose(middle, sample["landmarks"][NOSE_TIP, :2] * SIZE_PX, atol=0.25)


def test_maps_are_drawn_from_the_landmarks_mirrored_or_not():
    for sample in samples(30):
        drawn = draw_maps(sample["landmarks"] * np.float32(SIZE_PX), size_px=SIZE_PX)
        difference = np.abs(drawn.astype(int) - sample["maps"])
        assert difference.mean() < 4  # polygons are not drawn quite symmetrically
        assert difference[0].mean() < 4


def whole_sample():
    points = pose((15, 17), 20, roll_deg=20).apply(shape(3)).astype(np.float32)
    maps = draw_maps(points, size_px=SIZE_PX)
    picture = np.random.default_rng(0).integers(0, 256, (3, SIZE_PX, SIZE_PX), np.uint8)
    drawn = {name: points / np.float32(SIZE_PX) for name in ("landmarks", "own_landmarks")}
    return drawn | {"image": picture, "maps": maps, "palette": np.zeros(16, np.float32)}


def test_a_mirrored_sample_has_everything_on_the_other_side():
    sample = whole_sample()
    flipped = data.flip(sample)
    np.testing.assert_array_equal(flipped["image"], sample["image"][:, :, ::-1])
    np.testing.assert_array_equal(flipped["maps"], sample["maps"][:, :, ::-1])
    drawn = draw_maps(flipped["landmarks"] * np.float32(SIZE_PX), size_px=SIZE_PX).astype(int)
    assert np.abs(drawn - flipped["maps"]).mean() < 0.25 * np.abs(drawn - sample["maps"]).mean()
    for name, (right, left) in itertools.product(
        ("landmarks", "own_landmarks"), ((33, 263), (61, 291), (468, 473), (70, 300), (10, 10))
    ):
        np.testing.assert_allclose(flipped[name][left, 1:], sample[name][right, 1:])
        np.testing.assert_allclose(flipped[name][left, 0], 1 - sample[name][right, 0])
    for name, value in data.flip(flipped).items():
        np.testing.assert_allclose(value, sample[name], atol=1e-6)


def test_half_of_the_samples_are_mirrored():
    sides = [np.sign(sample["landmarks"][33, 2] - sample["landmarks"][263, 2]) for sample in samples(60, index=2)]
    assert 15 < (np.array(sides) > 0).sum() < 45


def test_every_landmark_has_one_counterpart_on_the_other_side():
    order = mirror_order()
    np.testing.assert_array_equal(order[order], np.arange(478))
    for right, left in ((33, 263), (133, 362), (61, 291), (468, 473), (105, 334), (10, 10), (152, 152), (1, 1)):
        assert order[right] == left
        assert order[left] == right


def test_an_unmoved_view_is_the_middle_of_the_prepared_picture():
    layer = face_set().images[0]
    rim_px = (layer.shape[0] - SIZE_PX) // 2
    view = data._resample(layer, np.eye(2, 3), SIZE_PX)
    np.testing.assert_array_equal(view, layer[rim_px : rim_px + SIZE_PX, rim_px : rim_px + SIZE_PX])
