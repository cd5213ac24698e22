"""`ganonymize key`: make a key for pseudonyms."""

from pathlib import Path
from typing import Annotated

import typer

HELP = """Make a key: with `ganonymize run --key FILE` the same person gets the same invented face in every file.

Keep it as you would keep the originals: whoever has the key and FILE.people beside it can tell, with a photo of
somebody, which invented face is theirs. Delete FILE.people, and nobody can any more.
"""


def key(
    path: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="The file to be made.")],
) -> None:
    """Write 32 random bytes that only their owner may read."""
    from ganonymization.cli import console
    from ganonymization.errors import GanonymizationError
    from ganonymization.pseudonym import create_key

    try:
        create_key(path)
    except GanonymizationError as error:
        console.print_error(str(error))
        raise typer.Exit(1) from error
    console.print_note(f"{path} is a new key; keep it secret, and keep a copy")
