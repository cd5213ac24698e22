import cv2
import numpy as np
import onnx
import PIL.Image
import pytest
import world
from fakes import face_of, landmarks
from models import save_network
from onnx import TensorProto, helper

from ganonymization.condition import draw_dots
from ganonymization.errors import InputError, NothingMadeError, WeightsError
from ganonymization.evaluation.method import Subject
from ganonymization.evaluation.methods.contender import DESCRIPTIONS, open_contender
from ganonymization.evaluation.methods.floor import floor
from ganonymization.evaluation.methods.folder import Folder, plain_stem
from ganonymization.evaluation.methods.whole import Foreign, Whole
from ganonymization.geometry import transform
from ganonymization.onnx import Runtime
from ganonymization.types import Box, Landmarks, Outcome, Receipt, Result

ONE = Runtime(threads=1)


def subject(path, *, name="ann/1.png", presence=1.0):
    found = landmarks(1, center=(100, 100), height_px=90)
    return Subject(name, path, "ann", 7, face_of(found), Landmarks(found.points, presence))


def picture(seed=0, side=200):
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)


def save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(image).save(path)
    return path


def opened(spec, **options):
    return open_contender(spec, paper_weights=options.get("weights"), generator=options.get("generator"), runtime=ONE)


def test_the_floor_moves_the_face_by_two_percent_and_says_where_it_went(tmp_path):
    image = picture()
    moved = floor(image, subject(tmp_path))
    assert transform(np.array([[0, 0]], np.float32), moved.altered_from_original).tolist() == [[4, 4]]
    assert np.abs(moved.image[4:, 4:].astype(int) - image[:-4, :-4]).mean() < 6


@pytest.mark.parametrize("stem", ["a", "a_anonymized", "a.anonymized", "a_out"])
def test_outputs_are_found_under_the_names_that_tools_give(tmp_path, stem):
    save(picture(1), tmp_path / "ann" / f"{stem}.jpg")
    folder = Folder(tmp_path, detect=world.Detect())
    assert folder.find("ann/a.png").stem == stem
    assert folder.find("elsewhere/a.png").stem == stem
    with pytest.raises(NothingMadeError, match=r"no output for ann/b\.png"):
        folder.find("ann/b.png")
    assert plain_stem(stem) == "a"


def test_a_file_name_in_two_folders_stands_for_neither(tmp_path):
    for folder in ("ann", "bob"):
        save(picture(1), tmp_path / folder / "1.png")
    outputs = Folder(tmp_path, detect=world.Detect())
    assert outputs.find("bob/1.jpg").parent.name == "bob"
    with pytest.raises(NothingMadeError):
        outputs.find("cem/1.jpg")


def test_an_output_of_another_scale_is_placed_by_its_size(tmp_path):
    save(picture(1, side=100), tmp_path / "ann" / "1.png")
    altered = Folder(tmp_path, detect=world.Detect())(picture(), subject(tmp_path))
    np.testing.assert_allclose(altered.altered_from_original, [[0.5, 0, 0], [0, 0.5, 0]])


def test_an_output_of_other_proportions_is_placed_by_the_face_on_it(tmp_path):
    cut_out = np.full((96, 80, 3), (4, 4, 255), np.uint8)
    save(cut_out, tmp_path / "ann" / "1.png")
    altered = Folder(tmp_path, detect=world.Detect())(picture(), subject(tmp_path))
    expected = world.Detect()(cut_out)[0].box.center
    center = transform(np.array([subject(tmp_path).face.box.center], np.float32), altered.altered_from_original)[0]
    np.testing.assert_allclose(center, expected, atol=8)


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no picture"):
        opened(f"folder:{tmp_path}")


def test_a_changed_output_has_another_fingerprint(tmp_path):
    path = save(picture(1), tmp_path / "1.png")
    before = opened(f"folder:{tmp_path}").fingerprint
    save(picture(2, side=120), path)
    assert opened(f"folder:{tmp_path}").fingerprint != before


def test_a_callable_gets_a_copy_and_the_seed_if_it_asks(tmp_path):
    image = picture()

    def spoil(given, identity):
        given[:] = identity
        return given

    assert (Foreign("spoil", spoil)(image, subject(tmp_path)).image == 7).all()
    assert image.max() > 7


def test_a_callable_may_have_nothing_to_return(tmp_path):
    with pytest.raises(NothingMadeError):
        Foreign("none", lambda _: None)(picture(), subject(tmp_path))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("deface", "is no method; there are default, copied, paper"),
        ("python:world", "python:module:function"),
        ("python:no_such_module_here:f", "cannot be imported"),
        ("python:world:no_such_function", "there is no function"),
    ],
)
def test_a_word_that_is_no_method_is_refused(spec, message):
    with pytest.raises(InputError, match=message):
        opened(spec)


def test_every_described_method_but_the_published_one_opens():
    for name in set(DESCRIPTIONS) - {"paper"}:
        assert opened(name).description == DESCRIPTIONS[name]
    assert opened("k-same").needs_set


def save_paper(path, side=64):
    """A network that paints every dot red on blue."""
    return save_network(
        path,
        inputs={"maps": ["N", 1, side, side]},
        outputs={"image": ["N", 3, side, side]},
        nodes=[
            helper.make_node("Mul", ["maps", "two"], ["twice"]),
            helper.make_node("Sub", ["twice", "one"], ["red"]),
            helper.make_node("Neg", ["red"], ["blue"]),
            helper.make_node("Concat", ["red", "blue", "blue"], ["image"], axis=1),
        ],
        initializers=[
            helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
            helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0]),
        ],
    )


def test_the_published_method_draws_from_copied_landmarks_on_black(tmp_path):
    method = opened("paper", weights=save_paper(tmp_path / "paper.onnx")).prepare([])
    one = subject(tmp_path)
    altered = method(picture(), one)
    assert altered.image.shape == (64, 64, 3)
    dots = draw_dots(transform(one.landmarks.points, altered.altered_from_original), size_px=64) > 0
    assert (altered.image[~dots][:, 0] == 0).all()
    assert (altered.image[dots][:, 1:] == 0).all()


def test_the_published_method_makes_nothing_where_there_are_no_landmarks(tmp_path):
    method = opened("paper", weights=save_paper(tmp_path / "paper.onnx")).prepare([])
    with pytest.raises(NothingMadeError, match="no landmarks"):
        method(picture(), subject(tmp_path, presence=0.0))


def test_the_published_method_names_its_network_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("GANONYMIZATION_PAPER_WEIGHTS", raising=False)
    with pytest.raises(WeightsError, match="--paper-weights"):
        opened("paper")
    path = save_paper(tmp_path / "mine.onnx")
    monkeypatch.setenv("GANONYMIZATION_PAPER_WEIGHTS", str(path))
    assert "mine.onnx" in opened("paper").description
    assert onnx.load(str(path)).graph.input[0].name == "maps"


def anonymizer_of(*receipts):
    """An anonymizer that returns the picture, and these receipts."""

    def anonymize(image, *, identity):
        assert identity == 7
        return Result(image, list(receipts))

    return anonymize


def moved_by(found, identity):
    return Landmarks(found.points + identity)


def test_the_landmarks_that_the_face_was_drawn_from_are_those_of_the_identity_on_its_receipt(tmp_path):
    one = subject(tmp_path)
    elsewhere = Receipt(Box(0, 0, 10, 10), 1.0, Outcome.SYNTHESIZED, identity=3)
    own = Receipt(one.face.box, 1.0, Outcome.SYNTHESIZED, identity=5)
    drawn = Whole(anonymizer_of(elsewhere, own), moved_by)(picture(), one).drawn
    np.testing.assert_array_equal(drawn.points, one.landmarks.points + 5)


def test_a_face_that_was_obscured_or_missed_was_drawn_from_nothing(tmp_path):
    one = subject(tmp_path)
    obscured = Receipt(one.face.box, 1.0, Outcome.OBSCURED, reason="why")
    elsewhere = Receipt(Box(0, 0, 10, 10), 1.0, Outcome.SYNTHESIZED, identity=3)
    for receipts in ((obscured,), (elsewhere,), ()):
        assert Whole(anonymizer_of(*receipts), moved_by)(picture(), one).drawn is None


def test_another_generator_is_named_in_the_report_and_in_the_cache(tmp_path):
    (tmp_path / "g.onnx").write_bytes(b"one")
    first = opened("default", generator=tmp_path / "g.onnx")
    (tmp_path / "g.onnx").write_bytes(b"two")
    second = opened("copied", generator=tmp_path / "g.onnx")
    assert "generator g.onnx, SHA-256" in first.description
    assert len({first.fingerprint, second.fingerprint, opened("default").fingerprint}) == 3


def test_a_generator_that_is_not_there_is_told_of_before_the_first_photo(tmp_path):
    with pytest.raises(WeightsError, match="no such network"):
        opened("default", generator=tmp_path / "g.onnx")
