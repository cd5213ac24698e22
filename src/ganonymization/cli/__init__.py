"""The command line: parse, call, print. Each command has a module; what is heavy is imported when a command runs."""

from typing import Annotated

import typer

from ganonymization import __version__
from ganonymization.cli import evaluate, key, run, tracks, train

HELP = """Replace every face in pictures and videos by a person who does not exist.

Expression, gaze and head pose stay as they are. The program works offline, on this computer alone. Every face that is
found ends replaced or covered; a file that cannot be treated so is not written.

`ganonymize COMMAND --help` is the manual of a command.
"""

app = typer.Typer(
    name="ganonymize",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("run", help=run.HELP, epilog=run.EPILOG, short_help="Anonymize pictures, clips, and folders of them.")(
    run.run
)
app.command("tracks", help=tracks.HELP, short_help="List the people of a clip, to leave some visible.")(tracks.tracks)
app.command("key", help=key.HELP, short_help="Make a key for pseudonyms.")(key.key)
app.command(
    "evaluate",
    help=evaluate.HELP,
    epilog=evaluate.EPILOG,
    short_help="Measure anonymizers, attack them, write a report.",
)(evaluate.evaluate)
app.command("prepare", help=train.PREPARE_HELP, short_help="Make training data from a folder of face pictures.")(
    train.prepare
)
app.command("train", help=train.TRAIN_HELP, epilog=train.TRAIN_EPILOG, short_help="Train a generator of your own.")(
    train.train
)
app.command("export", help=train.EXPORT_HELP, short_help="Write a trained generator as a network file.")(train.export)


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if value:
        typer.echo(f"ganonymize {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that come before the command."""


def main() -> None:
    """Run the program that `sys.argv` asks for."""
    app()
