"""The batch: targets that are nobody else's, errors that stop one file, and reports that add up."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from ganonymization.batch import (
    FileOptions,
    FileReport,
    anonymize_file,
    anonymize_files,
    beside,
    beside_as_cutouts,
    inside,
    inside_as_cutouts,
    isolate_file,
    make_plan,
    real_paths,
)
from ganonymization.errors import InputError, OutputError
from ganonymization.files import Findings, Found, find_pictures
from ganonymization.types import Box, Outcome, Receipt, Result

FACES = (
    Receipt(Box(0.0, 0.0, 2.0, 2.0), 0.9, Outcome.SYNTHESIZED),
    Receipt(Box(4.0, 0.0, 6.0, 2.0), 0.5, Outcome.OBSCURED, reason="in profile"),
)
PHOTO = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)


def negative(image, *, identity):
    """Anonymize: the same picture with the identity's share of its brightness."""
    return Result(255 - image // (identity + 1), FACES, {"detect": 2.0})


def two_faces(_, *, identity):
    return [np.full((4, 4, 3), identity + number, np.uint8) for number in (1, 2)]


@pytest.fixture
def photo(tmp_path):
    PIL.Image.fromarray(PHOTO).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def pixels(path):
    with PIL.Image.open(path) as image:
        return np.array(image)


def test_a_file_is_read_anonymized_and_written(photo, tmp_path):
    report = anonymize_file(photo, tmp_path / "b.png", negative, identity=1)

    np.testing.assert_array_equal(pixels(tmp_path / "b.png"), 255 - PHOTO // 2)
    assert (report.name, report.outputs, report.size_wh, report.identity) == ("a.png", (tmp_path / "b.png",), (6, 8), 1)
    assert (report.face_count, report.receipts, report.stage_ms, report.error) == (2, FACES, {"detect": 2.0}, "")
    assert (report.count(Outcome.SYNTHESIZED), report.count(Outcome.OBSCURED)) == (1, 1)
    assert 0 < report.seconds < 60


def test_names_may_be_texts(photo, tmp_path):
    anonymize_file(str(photo), str(tmp_path / "b.png"), negative, identity=0)
    isolate_file(str(photo), str(tmp_path / "c.png"), two_faces, identity=0)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png", "c1.png", "c2.png"]


def test_the_same_identity_gives_the_same_bytes(photo, tmp_path):
    for name in ("b.png", "c.png"):
        anonymize_file(photo, tmp_path / name, negative, identity=3)

    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "c.png").read_bytes()


def test_faces_are_written_one_by_one(photo, tmp_path):
    report = isolate_file(photo, tmp_path / "a.face.png", two_faces, identity=10)

    assert report.outputs == (tmp_path / "a.face1.png", tmp_path / "a.face2.png")
    assert [pixels(path)[0, 0, 0] for path in report.outputs] == [11, 12]
    assert (report.face_count, report.size_wh) == (2, (6, 8))


def test_no_face_gives_no_cutout(photo, tmp_path):
    report = isolate_file(photo, tmp_path / "a.face.png", lambda _, identity: [], identity=0)  # noqa: ARG005 - a stage

    assert report.outputs == ()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_of_several_cutouts_all_are_refused_when_one_exists(photo, tmp_path):
    (tmp_path / "a.face2.png").write_text("precious")

    with pytest.raises(OutputError, match=r"a\.face2\.png: exists already"):
        isolate_file(photo, tmp_path / "a.face.png", two_faces, identity=0)

    assert (tmp_path / "a.face2.png").read_text() == "precious"
    assert not (tmp_path / "a.face1.png").exists()


def test_an_input_of_the_batch_is_not_overwritten(photo, tmp_path):
    other = photo.with_name("other.png")
    other.write_bytes(photo.read_bytes())
    (tmp_path / "link.png").symlink_to(other)
    options = FileOptions(overwrite=True, inputs=real_paths(find_pictures([photo, tmp_path / "link.png"])))

    for name in ("other.png", "link.png"):
        with pytest.raises(OutputError, match="is an input, and inputs are never overwritten"):
            anonymize_file(photo, tmp_path / name, negative, identity=0, options=options)
    np.testing.assert_array_equal(pixels(other), PHOTO)


def test_a_result_of_another_size_is_a_mistake_of_the_anonymizer(photo, tmp_path):
    with pytest.raises(ValueError, match="shape"):
        anonymize_file(photo, tmp_path / "b.png", lambda image, identity: Result(image[:2], ()), identity=0)  # noqa: ARG005

    assert not (tmp_path / "b.png").exists()


@pytest.mark.parametrize(
    ("target_of", "expected"),
    [
        (beside, "in/x/a b.anonymized.JPG"),
        (beside_as_cutouts, "in/x/a b.face.png"),
        (lambda found: inside(Path("out"), found), "out/x/a b.JPG"),
        (lambda found: inside_as_cutouts(Path("out"), found), "out/x/a b.face.png"),
    ],
)
def test_targets_are_named_after_their_sources(target_of, expected):
    assert target_of(Found(Path("in/x/a b.JPG"), Path("x/a b.JPG"))) == Path(expected)


def test_of_two_pictures_with_one_target_the_first_keeps_it():
    found = [
        Found(Path("p/a.png"), Path("a.png")),
        Found(Path("q/a.png"), Path("a.png")),
        Found(Path("b.png"), Path("b.png")),
    ]

    plan = make_plan(Findings(tuple(found), ()), lambda one: inside(Path("out"), one))

    assert [(job.source, job.target, job.name) for job in plan.jobs] == [
        (Path("p/a.png"), Path("out/a.png"), "a.png"),
        (Path("b.png"), Path("out/b.png"), "b.png"),
    ]
    (refused,) = plan.refused
    assert refused.error == "q/a.png: would be written to out/a.png, as would p/a.png; anonymize them in two runs"


def test_cutouts_of_two_pictures_that_differ_by_suffix_have_one_target():
    found = (Found(Path("a.png"), Path("a.png")), Found(Path("a.jpg"), Path("a.jpg")))

    assert len(make_plan(Findings(found, ()), beside_as_cutouts).refused) == 1
    assert len(make_plan(Findings(found, ()), beside).refused) == 0


def test_an_error_ends_its_file_and_not_the_batch(photo, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "bad.png").touch()
    (tmp_path / "deep" / "z.png").write_bytes(photo.read_bytes())
    plan = make_plan(find_pictures([tmp_path]), beside)

    reports = list(
        anonymize_files(plan.jobs, lambda source, target: anonymize_file(source, target, negative, identity=0))
    )

    assert [(report.name, bool(report.error)) for report in reports] == [
        ("a.png", False),
        ("deep/bad.png", True),
        ("deep/z.png", False),
    ]
    assert "is empty" in reports[1].error
    assert (reports[1].face_count, reports[1].outputs) == (0, ())


def test_pictures_are_treated_one_at_a_time_as_they_are_asked_for(photo):
    plan = make_plan(find_pictures([photo]), beside)
    calls = []

    def work(source, target):
        calls.append((source, target))
        raise InputError("no")

    reports = anonymize_files(plan.jobs, work)

    assert calls == []
    assert next(reports) == FileReport("a.png", error="no")
    assert calls == [(photo, photo.with_name("a.anonymized.png"))]
