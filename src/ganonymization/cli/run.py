"""`ganonymize run`: its arguments and its manual. The work is in `run_files`, which is imported when it is needed."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

HELP = """Anonymize pictures, clips, and folders of them.

Every face found in INPUT is replaced by a person who does not exist; where that cannot be done well, it is covered by
a plain patch. A picture without faces is written as well, without its metadata. Inputs are never changed.

INPUT is a JPEG, PNG, WebP, TIFF, BMP, AVIF or GIF file, an MP4, MOV, MKV, WebM, AVI or MPEG clip, or a folder, which is
searched to the bottom; in it, other files and links to folders are passed over. What is stored turned comes out
upright. Sound and subtitles of clips are copied as they are, and the times of frames stay exact.
"""

EPILOG = """\b
Where results go:
  ganonymize run a.jpg                  writes a.anonymized.jpg beside a.jpg
  ganonymize run a.jpg -o b.png         writes b.png
  ganonymize run a.jpg photos -o out    writes out/a.jpg, out/2024/x.jpg, ...
  ganonymize run a.jpg --isolated       writes a.face1.png, a.face2.png, ...
  ganonymize run a.mov                  writes a.anonymized.mov; what cannot be
                                        written (AVI, MPEG, GIF, ...) becomes MP4

\b
More examples:
  ganonymize run party.jpg --identity 7 --receipt party.json
  ganonymize run photos -o out --region head --threshold 0.15
  ganonymize run photos -o out --obscure-only --metadata all-but-location
  ganonymize run talk.mp4 --start 1:30 --end 4:00 --receipt talk.json

\b
Clips: a face that is found in one frame is covered in the frames around it as
well. Ctrl-C leaves NAME.partial.mp4, which plays; the same command with
--resume goes on from there.

\b
Live: INPUT may be camera:N, an address (rtsp, http, rtmp, tcp, udp), or - for
stdin; then -o is a file, an rtsp or rtmp address, /dev/videoN of v4l2loopback,
or - for JPEGs on stdout. Ctrl-C ends it. Frames are dropped, never delayed.
  ganonymize run camera:0 -o talk.mp4
  ganonymize run rtsp://door/1 -o - | player

\b
People: --keep and --keep-track leave some visible; --key names the others.
  ganonymize run party.jpg --keep me.jpg --keep me-too.jpg
  ganonymize run talk.mp4 --keep-track 2

\b
Metadata (--metadata):
  none              colour profile only; everything else is removed (default)
  all-but-location  EXIF of camera, exposure, date, author and captions
  location-only     EXIF of the place (GPS)
  all               both of these
Removed in every case: preview pictures and MakerNotes, which may show the
faces; XMP, IPTC and comments, which may name them; side pictures, such as depth.

\b
Quality: a JPEG is written with the tables of its source, TIFF and WebP stay
lossless where they were; 16 bits per channel become 8.

\b
Exit status:
  0    every picture was written
  1    a file failed (one line on stderr names it); the others were written
  2    wrong usage; nothing was done
  130  interrupted; what was written is whole
"""


_LIVE: Final = re.compile(r"-|camera:\d+|[a-zA-Z]+://.*")
"""Words that stand for live sources."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What was asked for, still as words and numbers; see the options of `run`."""

    inputs: tuple[Path, ...]
    out: str
    identity: str
    isolated: bool
    obscure_only: bool
    strength: float
    region: str
    tone: str
    traits: str
    min_face: int
    threshold: float
    provider: str
    threads: int
    overwrite: bool
    receipt: Path | None
    metadata: str
    max_pixels: int
    quiet: bool
    start: str
    end: str
    crf: int | None
    codec: str
    lost_face: str
    resume: bool
    keep: tuple[Path, ...] = ()
    keep_track: tuple[int, ...] = ()
    key: Path | None = None
    timeout: float = 10.0
    give_up: float = 300.0
    look_ahead: int = 2


def run(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", show_default=False, help="Pictures, clips, folders; or one live source."),
    ],
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            show_default=False,
            help="A file name if INPUT is one file, else a folder; made if missing. "
            "Without it, results lie beside their sources.",
        ),
    ] = "",
    identity: Annotated[
        str,
        typer.Option(
            metavar="per-track|per-file|random|N",
            help="Who shares an invented person. In clips, `per-track` gives every person one, the same when they come "
            "back; `per-file` gives everybody the same one; `random` gives a new one whenever somebody comes back. "
            "Pictures get new ones for every face. A number from 0 to 2147483647 does as `per-track` and is the seed: "
            "the same file with the same number gives the same people. Other words draw a seed for each file, so that "
            "results cannot be linked by it; the receipt tells it.",
        ),
    ] = "per-track",
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Write the new heads alone, on black, one PNG per face.")
    ] = False,
    obscure_only: Annotated[
        bool, typer.Option("--obscure-only", help="Cover every face by a plain patch; no face is invented.")
    ] = False,
    strength: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="How much of the face's shape is exchanged; 0 keeps it."),
    ] = 1.0,
    region: Annotated[
        Literal["inner", "face", "head"],
        typer.Option(
            help="What is replaced: brows to chin; to hairline, temples and under the jaw; or the whole head."
        ),
    ] = "face",
    tone: Annotated[
        Literal["match", "any", "light", "medium", "dark"],
        typer.Option(help="Skin of the new people: in tune with what surrounds each face, of any tone, or this."),
    ] = "match",
    traits: Annotated[
        Literal["match", "any"],
        typer.Option(
            help="Sex of the new person, and whether it is a child: as the face's proportions suggest, or any."
        ),
    ] = "match",
    min_face: Annotated[
        int, typer.Option(min=1, metavar="PIXELS", help="Look for faces of this size and larger; smaller takes longer.")
    ] = 16,
    threshold: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Confidence from which on something is a face; lower finds more.")
    ] = 0.3,
    provider: Annotated[
        Literal["cpu", "cuda", "tensorrt", "openvino", "coreml", "directml"],
        typer.Option(help="Where networks run; all but cpu need another onnxruntime package."),
    ] = "cpu",
    threads: Annotated[int, typer.Option(min=0, help="Threads of a network; 0 takes every core.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace existing results. Inputs are never replaced.")
    ] = False,
    receipt: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            show_default=False,
            help="Write what was done to each face, without pixels: outcome, identity left, expression kept.",
        ),
    ] = None,
    metadata: Annotated[
        Literal["none", "all-but-location", "location-only", "all"],
        typer.Option(help="What is kept beside the pixels; see below."),
    ] = "none",
    max_pixels: Annotated[
        int, typer.Option(min=1, metavar="PIXELS", help="Refuse pictures with more; they are not decoded.")
    ] = 200_000_000,
    start: Annotated[
        str, typer.Option(metavar="TIME", show_default=False, help="Clips: begin here; seconds, or [H:]MM:SS.")
    ] = "",
    end: Annotated[str, typer.Option(metavar="TIME", show_default=False, help="Clips: end before this.")] = "",
    crf: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=63,
            show_default=False,
            help="Clips: constant quality, lower is better; without it, the size stays near the source's.",
        ),
    ] = None,
    codec: Annotated[
        Literal["auto", "h264", "hevc", "av1"],
        typer.Option(help="Clips: how pictures are compressed; auto is H.264, and AV1 in WebM."),
    ] = "auto",
    lost_face: Annotated[
        Literal["obscure", "whole-frame"],
        typer.Option(help="Clips: what is covered while a face cannot be seen that was seen before or after."),
    ] = "obscure",
    resume: Annotated[
        bool, typer.Option("--resume", help="Clips: go on where an interrupted run has left a partial file.")
    ] = False,
    keep: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PHOTO",
            show_default=False,
            help="Leave the person on this photo visible; once for each photo, of one person each. Who is in doubt is "
            "replaced.",
        ),
    ] = None,
    keep_track: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N", show_default=False, help="Clips: leave this track of `ganonymize tracks CLIP` visible."
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Give the same person the same face in every file that is run with this key, from `ganonymize key`. "
            "FILE.people beside it remembers the people, sealed.",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Live: a source must answer within this time.")
    ] = 10.0,
    give_up: Annotated[
        float, typer.Option(min=0.0, metavar="SECONDS", help="Live: end when a source was away for so long.")
    ] = 300.0,
    look_ahead: Annotated[
        int,
        typer.Option(
            min=0, max=3, metavar="FRAMES", help="Live: show pictures so much later, to cover faces that one misses."
        ),
    ] = 2,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Hand the words over and exit with the status."""
    options = RunOptions(
        inputs=tuple(Path(word) for word in inputs),
        out=out,
        identity=identity,
        isolated=isolated,
        obscure_only=obscure_only,
        strength=strength,
        region=region,
        tone=tone,
        traits=traits,
        min_face=min_face,
        threshold=threshold,
        provider=provider,
        threads=threads,
        overwrite=overwrite,
        receipt=receipt,
        metadata=metadata,
        max_pixels=max_pixels,
        quiet=quiet,
        start=start,
        end=end,
        crf=crf,
        codec=codec,
        lost_face=lost_face,
        resume=resume,
        keep=tuple(keep or ()),
        keep_track=tuple(keep_track or ()),
        key=key,
        timeout=timeout,
        give_up=give_up,
        look_ahead=look_ahead,
    )
    if any(_LIVE.fullmatch(word) for word in inputs):
        from ganonymization.cli import live

        raise typer.Exit(live.execute(options, inputs))
    from ganonymization.cli import run_files

    raise typer.Exit(run_files.execute(options))
