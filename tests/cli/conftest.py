"""A command line whose anonymizer has known answers and needs no network."""

from dataclasses import dataclass, field

import numpy as np
import PIL.Image
import pytest
from typer.testing import CliRunner

from ganonymization import presets
from ganonymization.cli import app
from ganonymization.types import Box, Outcome, Receipt, Result


@dataclass
class FakeAnonymizer:
    """Reads from the first pixel how many faces to replace (red) and to cover (green); the result is the negative."""

    preset: str
    arguments: dict
    identities: list = field(default_factory=list)
    failure: BaseException | None = None
    fails_at: int = 0

    def __call__(self, image, *, identity):
        self.identities.append(identity)
        if self.failure is not None and len(self.identities) > self.fails_at:
            raise self.failure
        box = Box(1.0, 2.0, 3.0, 4.0)
        replaced = [Receipt(box, 0.9, Outcome.SYNTHESIZED, identity=identity, attempts=1)] * int(image[0, 0, 0])
        covered = [Receipt(box, 0.4, Outcome.OBSCURED, reason="in profile")] * int(image[0, 0, 1])
        return Result(255 - image, (*replaced, *covered), {"detect": 1.5})

    def isolate(self, image, *, identity):
        receipts = self(image, identity=identity).receipts
        return [np.full((8, 8, 3), 10 * number, np.uint8) for number in range(1, len(receipts) + 1)]


@pytest.fixture
def fakes(monkeypatch):
    """The anonymizers that the presets handed out, in order; `failure` of the list's `plan` is what they raise."""
    made = []

    def preset(name):
        def make(**arguments):
            made.append(FakeAnonymizer(name, arguments, **plan))
            return made[-1]

        return make

    plan = {}
    monkeypatch.setattr(presets, "default", preset("default"))
    monkeypatch.setattr(presets, "obscure_only", preset("obscure_only"))
    return made, plan


@pytest.fixture
def ganonymize(fakes):
    """Run the program with these words and return its exit code, stdout and stderr."""
    del fakes

    def invoke(*words):
        return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)

    return invoke


@pytest.fixture
def photo(tmp_path):
    """Write a picture in which the fake finds faces."""

    def write(name="a.png", *, replaced=1, covered=0, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((16, 24, 3), (replaced, covered, 0), np.uint8)
        PIL.Image.fromarray(pixels).save(path, **options)
        return path

    return write
