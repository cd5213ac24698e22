"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path
from typing import Final

from ganonymization.errors import OutputError

_REMEDIES: Final = {
    errno.EEXIST: "take another name, or --overwrite",
    errno.EISDIR: "give the name of a file",
    errno.ENOSPC: "free some space, or take another folder",
    errno.EDQUOT: "free some space, or take another folder",
    errno.ENAMETOOLONG: "take a shorter name",
}


def write_atomically(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write bytes so that a reader, a crash or a full disk never meets half a file; missing folders are made.

    Args:
        path: the file to be made. A symbolic link of this name is replaced, not followed.
        data: all of its bytes.
        overwrite: replace a file of this name. Without it, a file that turns up meanwhile is safe as well.

    Raises:
        OutputError: the file exists, or cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f".ganonymize-{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(temporary, data)
        if overwrite:
            temporary.replace(path)
        else:
            publish_new(temporary, path)
    except OSError as error:
        raise OutputError(explain(path, error)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def explain(path: Path, error: OSError) -> str:
    """Return file, fault and remedy in one line."""
    remedy = _REMEDIES.get(error.errno or 0, "take another folder, or change its permissions")
    return f"{path}: cannot be written ({error.strerror or error}); {remedy}"


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def publish_new(temporary: Path, path: Path) -> None:
    """Give a finished file its name, which must be free: a link is made or refused in one step."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        _publish_without_links(temporary, path)


def _publish_without_links(temporary: Path, path: Path) -> None:
    """Do the same on file systems that know no links (FAT, some network folders): take the name, then fill it."""
    path.touch(exist_ok=False)
    try:
        temporary.replace(path)
    except BaseException:
        path.unlink()
        raise
