"""`ganonymize tracks`: list the tracks of a clip, for `--keep-track`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ganonymization.video.listing import ListedTrack

HELP = """List the people of a clip, track by track, so that some can be left visible.

Prints a table, and writes a contact sheet (PNG) with a picture of each track. The sheet shows the faces as they are:
delete it when you have chosen. Then: ganonymize run CLIP --keep-track N, with the same --threshold and --min-face, on
which the numbers depend.
"""


def tracks(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", show_default=False, help="The clip.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="SHEET.png", show_default=False, help="Without it, CLIP.tracks.png beside the clip."
        ),
    ] = None,
    min_face: Annotated[int, typer.Option(min=1, metavar="PIXELS", help="As in `run`.")] = 16,
    threshold: Annotated[float, typer.Option(min=0.01, max=0.99, help="As in `run`.")] = 0.3,
    threads: Annotated[int, typer.Option(min=0, help="Threads of a network; 0 takes every core.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing sheet.")] = False,
) -> None:
    """Follow the faces, print the table and write the sheet."""
    from ganonymization.cli import console
    from ganonymization.errors import GanonymizationError

    sheet = out or clip.with_name(f"{clip.name}.tracks.png")
    try:
        if sheet.suffix.lower() != ".png":
            raise typer.BadParameter(f"-o is {sheet}; give a name that ends in .png")
        listed = _list(clip, sheet, min_face=min_face, threshold=threshold, threads=threads, overwrite=overwrite)
    except GanonymizationError as error:
        console.print_error(str(error))
        raise typer.Exit(1) from error
    console.print_tracks([(track.number, track.first_s, track.last_s, track.size_px) for track in listed])
    console.print_note(f"{sheet} shows the faces as they are; delete it when you have chosen")


def _list(
    clip_path: Path, sheet: Path, *, min_face: int, threshold: float, threads: int, overwrite: bool
) -> list[ListedTrack]:
    from ganonymization.files import Picture, require_target, write_picture
    from ganonymization.onnx import Runtime
    from ganonymization.video import open_clip, read_frames
    from ganonymization.video.listing import contact_sheet, list_tracks
    from ganonymization.video.presets import stream_options, video_anonymizer

    clip = open_clip(clip_path)
    require_target(sheet, source=clip_path, overwrite=overwrite)
    listed = list_tracks(
        read_frames(clip),
        lambda policy: video_anonymizer(
            policy,
            stream_options(clip.fps, clip.size_wh),
            runtime=Runtime(threads=threads),
            threshold=threshold,
            min_face_px=min_face,
        ),
    )
    write_picture(Picture(contact_sheet(listed)), sheet, overwrite=overwrite)
    return listed
