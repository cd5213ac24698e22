"""Sets of a few generated pictures in the layouts of the real ones, and the real ones where they are at hand."""

import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest


class SetMaker:
    """Makes the files of a set below a folder."""

    def __init__(self, root):
        self.root = root

    def pictures(self, *names):
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(np.full((8, 8, 3), len(name) * 5 % 256, np.uint8)).save(path)

    def text(self, name, *lines):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
        return path


@pytest.fixture
def make(tmp_path):
    return SetMaker(tmp_path)


@pytest.fixture
def root(tmp_path):
    return tmp_path


@pytest.fixture(scope="session")
def real_sets():
    data = os.environ.get("GANONYMIZATION_DATA")
    if data is None:
        pytest.skip("GANONYMIZATION_DATA is not set; it names the folder with the real sets")
    return Path(data)
