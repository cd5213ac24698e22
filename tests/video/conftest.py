"""Tiny clips that the tests make themselves, real ones where they are at hand, and a disk that is full for real."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

collect_ignore_glob = [] if importlib.util.find_spec("av") else ["test_*.py"]


@pytest.fixture(scope="session")
def real_clips():
    data = os.environ.get("GANONYMIZATION_DATA")
    if data is None:
        pytest.skip("GANONYMIZATION_DATA is not set; it names the folder with the real clips")
    return Path(data) / "videos"


@pytest.fixture
def small_disk(tmp_path):
    """A folder that holds 64 kB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    answer = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if answer.returncode:
        pytest.skip(f"no disk can be mounted here ({answer.stderr.decode().strip()})")
    yield folder
    subprocess.run(["umount", folder], check=True)  # noqa: S603, S607
