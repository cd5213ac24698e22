"""The receipt file: complete, readable by any JSON reader, and without anything of a face."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganonymization import __version__, weights
from ganonymization.batch import FileReport
from ganonymization.errors import OutputError
from ganonymization.receipts import SCHEMA_VERSION, to_document, write_receipts
from ganonymization.types import Box, Outcome, Receipt

FACE = Receipt(
    box=Box(1.5, 2.0, 30.0, 40.0),
    score=0.9,
    outcome=Outcome.SYNTHESIZED,
    identity=7,
    attempts=2,
    identity_distance=0.81,
    identity_threshold=0.55,
    expression={
        "label_before": "happy",
        "redetected": True,
        "probabilities_before": {"happy": 0.9},
        "gaze_x_change": 0.01,
    },
    stage_ms={"synthesize": 12.5},
)
REPORT = FileReport(
    name="2024/a.jpg",
    outputs=(Path("/somewhere/else/a.anonymized.jpg"),),
    size_wh=(640, 480),
    identity=7,
    face_count=1,
    receipts=(FACE,),
    stage_ms={"detect": 30.0},
    seconds=0.25,
)


def document_of(**expression):
    face = Receipt(Box(0, 0, 1, 1), 0.5, Outcome.OBSCURED, expression=expression)
    (file,) = to_document([FileReport("a.jpg", receipts=(face,))], settings={})["files"]
    return file["faces"][0]["expression"]


def test_a_face_is_told_field_by_field(tmp_path):
    write_receipts(tmp_path / "r.json", [REPORT], settings={"region": "face", "strength": 1.0})

    document = json.loads((tmp_path / "r.json").read_text())
    assert document["files"] == [
        {
            "name": "2024/a.jpg",
            "outputs": ["a.anonymized.jpg"],
            "width": 640,
            "height": 480,
            "identity": 7,
            "face_count": 1,
            "faces": [
                {
                    "box": {"left": 1.5, "top": 2.0, "right": 30.0, "bottom": 40.0},
                    "score": 0.9,
                    "outcome": "synthesized",
                    "reason": "",
                    "identity": 7,
                    "attempts": 2,
                    "identity_distance": 0.81,
                    "identity_threshold": 0.55,
                    "expression": {
                        "label_before": "happy",
                        "redetected": True,
                        "probabilities_before": {"happy": 0.9},
                        "gaze_x_change": 0.01,
                    },
                    "stage_ms": {"synthesize": 12.5},
                }
            ],
            "stage_ms": {"detect": 30.0},
            "seconds": 0.25,
        }
    ]
    assert document["settings"] == {"region": "face", "strength": 1.0}


def test_versions_and_weights_are_told():
    document = to_document([], settings={})

    assert document["schema"] == SCHEMA_VERSION
    assert document["program"] == {"name": "ganonymization", "version": __version__}
    catalogue = weights.read_catalogue()
    assert {name: row["sha256"] for name, row in document["weights"].items()} == {
        name: entry.sha256 for name, entry in catalogue.items()
    }


def test_a_failed_file_is_listed_with_its_error():
    document = to_document([FileReport("a.jpg", error="a.jpg: is empty"), REPORT], settings={})

    assert document["files"][0] == {"name": "a.jpg", "error": "a.jpg: is empty"}
    assert document["files"][1]["name"] == "2024/a.jpg"


@settings(max_examples=30)
@given(st.floats(width=32))
def test_numbers_are_kept_and_what_is_no_number_becomes_null(number):
    for value in (number, np.float32(number), np.float64(number)):
        told = document_of(value=value)["value"]
        assert told == (number if np.isfinite(number) else None)
        json.dumps(told, allow_nan=False)


def test_every_field_that_may_be_nan_is_null_in_the_file(tmp_path):
    nan = float("nan")
    face = Receipt(
        Box(nan, 0, 1, 1), nan, Outcome.OBSCURED, identity_distance=nan, stage_ms={"detect": np.float32("inf")}
    )
    report = FileReport("a.jpg", receipts=(face,), stage_ms={"detect": nan}, seconds=1.0)

    write_receipts(tmp_path / "r.json", [report], settings={"strength": nan})

    text = (tmp_path / "r.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text)["files"][0]["faces"][0]["identity_distance"] is None


@pytest.mark.parametrize(
    "value", [np.zeros(128, np.float32), [0.1] * 128, (1, 2), b"pixels", np.zeros((2, 2, 3), np.uint8)]
)
def test_what_could_be_pixels_or_an_embedding_is_refused(value):
    with pytest.raises(TypeError, match="a receipt cannot hold"):
        document_of(value=value)


def test_an_existing_file_is_kept_unless_overwriting_is_asked_for(tmp_path):
    path = tmp_path / "r.json"
    path.write_text("precious")

    with pytest.raises(OutputError, match=r"r\.json: cannot be written \(File exists\)"):
        write_receipts(path, [REPORT], settings={})
    assert path.read_text() == "precious"

    write_receipts(path, [REPORT], settings={}, overwrite=True)
    assert json.loads(path.read_text())["files"][0]["name"] == "2024/a.jpg"


def test_names_in_every_script_are_readable_in_the_file(tmp_path):
    write_receipts(tmp_path / "r.json", [FileReport("Zoë 母.jpg"), FileReport("caf\udce9.jpg")], settings={})

    text = (tmp_path / "r.json").read_text(encoding="utf-8")
    assert "Zoë 母.jpg" in text
    assert json.loads(text)["files"][1]["name"] == "caf\udce9.jpg"
