"""Disks that are full or read-only for real, where the tests may mount one."""

import os
import subprocess

import pytest


def mount(folder, options):
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk; the same faults are played in another test")
    answer = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)  # noqa: S603, S607
    if answer.returncode:
        pytest.skip(f"no disk can be mounted here ({answer.stderr.decode().strip()})")


@pytest.fixture
def small_disk(tmp_path):
    """A folder that holds 64 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount(folder, "size=64k")
    yield folder
    subprocess.run(["umount", folder], check=True)  # noqa: S603, S607


@pytest.fixture
def read_only_disk(tmp_path):
    """A folder that takes no file, not even from root."""
    folder = tmp_path / "fixed"
    folder.mkdir()
    mount(folder, "size=64k,ro")
    yield folder
    subprocess.run(["umount", folder], check=True)  # noqa: S603, S607
