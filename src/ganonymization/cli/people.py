"""`--keep`, `--keep-track` and `--key`: words become decisions on faces and tracks."""

from __future__ import annotations

import typer

from ganonymization.cli.run import RunOptions
from ganonymization.consents import read_consents
from ganonymization.decide import DecideFaces, anonymize_everybody
from ganonymization.keep import KeepFaces, KeepPeople, KeepTracks
from ganonymization.onnx import Provider, Runtime
from ganonymization.pseudonym import NameFaces, NamePeople, Pseudonyms
from ganonymization.recognise import Recogniser
from ganonymization.track.policy import TrackPolicy


def require_people_usage(options: RunOptions) -> None:
    """Make sure that what is asked for can be had together.

    Raises:
        typer.BadParameter: it cannot.
    """
    is_chosen = bool(options.keep or options.keep_track)
    if (is_chosen or options.key is not None) and (options.isolated or options.obscure_only):
        raise typer.BadParameter("--keep, --keep-track and --key go with neither --isolated nor --obscure-only")
    if options.key is not None and options.identity != "per-track":
        raise typer.BadParameter("--key and --identity exclude each other: the key draws the identities; leave one out")
    if options.keep_track and (len(options.inputs) != 1 or options.start or options.resume):
        raise typer.BadParameter(
            "--keep-track goes with one clip, and with neither --start nor --resume, by which its numbers would change"
        )


def decide_faces(options: RunOptions) -> DecideFaces:
    """Return what is done to the faces of pictures.

    Raises:
        InputError: the key or a photo cannot be read.
    """
    if options.key is None and not options.keep:
        return anonymize_everybody
    recogniser, decide = _load_recogniser(options), anonymize_everybody
    if options.key is not None:
        pseudonyms = Pseudonyms.open(options.key, threshold=recogniser.thresholds.far_0_1_percent)
        decide = NameFaces(pseudonyms, embed_all=recogniser.embed_all)
    if not options.keep:
        return decide
    return KeepFaces(
        read_consents(options.keep, recogniser, runtime=_runtime(options)),
        embed_all=recogniser.embed_all,
        threshold=recogniser.thresholds.far_0_01_percent,
        otherwise=decide,
    )


def decide_tracks(options: RunOptions, policy: TrackPolicy) -> TrackPolicy:
    """Return what is done to the tracks of a clip, by a policy for all who are neither chosen nor named by the key.

    Raises:
        InputError: the key or a photo cannot be read.
    """
    if options.key is None and not options.keep:
        return _keep_tracks(options, policy)
    recogniser = _load_recogniser(options)
    if options.key is not None:
        policy = NamePeople(Pseudonyms.open(options.key, threshold=recogniser.thresholds.far_0_1_percent))
    if options.keep:
        policy = KeepPeople(
            read_consents(options.keep, recogniser, runtime=_runtime(options)),
            threshold=recogniser.thresholds.far_0_01_percent,
            otherwise=policy,
        )
    return _keep_tracks(options, policy)


def _keep_tracks(options: RunOptions, policy: TrackPolicy) -> TrackPolicy:
    return KeepTracks(options.keep_track, otherwise=policy) if options.keep_track else policy


def _load_recogniser(options: RunOptions) -> Recogniser:
    return Recogniser.load(runtime=_runtime(options))


def _runtime(options: RunOptions) -> Runtime:
    return Runtime(Provider(options.provider), options.threads)
