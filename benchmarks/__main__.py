"""Run benchmarks: `python -m benchmarks [NAME ...] [--limit N] [--generator FILE.onnx]`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.machine import describe
from benchmarks.report import RESULTS, print_table, write_json
from benchmarks.settings import DataMissingError, Settings

NAMES: Final = ("coverage", "privacy", "expression", "speed", "video")


def main() -> int:
    """Run the benchmarks that were named, all by default; returns the exit status."""
    arguments = parse()
    settings = Settings(generator=arguments.generator, limit=arguments.limit, cache=arguments.cache)
    console, where = wide_console(), describe()
    console.print(where)
    failed = [name for name in arguments.names or NAMES if not run_one(name, settings, where, console)]
    return 1 if failed else 0


def wide_console() -> Console:
    """Return the terminal, wide enough for the tables where the output goes to a file."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def parse() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure coverage, privacy, expression, speed."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}; default: all")
    parser.add_argument(
        "--limit", type=int, help="photos (privacy, expression), pictures (coverage), repetitions (speed)"
    )
    parser.add_argument("--generator", type=Path, metavar="FILE.onnx", help="another generator than the package's")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ganonymization" / "benchmarks"
    parser.add_argument("--cache", type=Path, default=cache, metavar="DIR", help="default: %(default)s")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return arguments


def run_one(name: str, settings: Settings, where: dict[str, object], console: Console) -> bool:
    """Run one benchmark, print and write what it found; returns whether it could be run."""
    started = time.perf_counter()
    try:
        report = importlib.import_module(f"benchmarks.{name}").run(settings)
    except DataMissingError as error:
        console.print(f"[red]{name}: {error}")
        return False
    for table in report.tables:
        print_table(table, console)
    generator = settings.generator.name if settings.generator else "package"
    conditions = {"limit": settings.limit, "generator": generator, "identity": settings.identity}
    seconds = time.perf_counter() - started
    quick = settings.limit is not None or settings.generator is not None
    figures = {"benchmark": name, **where, **conditions, "seconds": seconds, **report.figures}
    path = write_json(name, figures, folder=settings.cache / "quick" if quick else RESULTS)
    console.print(f"{name}: {seconds:.0f} s, written to {path}", soft_wrap=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
