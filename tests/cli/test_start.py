"""Starting: fast, with a version, a manual and a second name."""

import os
import subprocess
import sys

import pytest

from ganonymization import __version__

HEAVY = ("numpy", "PIL", "cv2", "onnxruntime", "rich", "torch")


def python(*words, **options):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, **options)  # noqa: S603


def test_help_imports_nothing_heavy():
    code = (
        "import sys, ganonymization.cli as cli\n"
        "try: cli.app(['run', '--help'])\n"
        "except SystemExit: pass\n"
        f"sys.exit(str([name for name in {HEAVY!r} if name in sys.modules] or ''))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603

    assert result.stderr.strip() == ""


@pytest.mark.skipif(not hasattr(os, "times"), reason="needs the processor time of children")
def test_help_takes_less_than_400_ms_of_processor_time():
    """Processor time and the best of three, since the clock on the wall measures who else is working."""

    def spent_by_help():
        before = os.times()
        python("-m", "ganonymization", "--help")
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(spent_by_help() for _ in range(3)) < 0.4


def test_the_version_is_printed(ganonymize):
    result = ganonymize("--version")

    assert result.stdout == f"ganonymize {__version__}\n"
    assert result.exit_code == 0


def test_the_module_is_the_program():
    assert python("-m", "ganonymization", "--version").stdout == f"ganonymize {__version__}\n"


def test_no_words_show_the_manual(ganonymize):
    assert "Commands:\n  run       Anonymize pictures, clips" in ganonymize().output


@pytest.mark.parametrize(
    "part",
    [
        "Usage: ganonymize run [OPTIONS]",
        "ganonymize run a.jpg photos -o out    writes out/a.jpg",
        "Exit status:\n    0    every picture was written\n    1    a file failed",
        "  130  interrupted",
        "all-but-location  EXIF of camera",
        "location-only     EXIF of the place (GPS)",
        "Removed in every case: preview pictures and MakerNotes",
        "from 0 to 2147483647",
        "-h, --help",
    ],
)
def test_the_manual_has_examples_exit_status_and_what_is_kept(ganonymize, part):
    assert part in ganonymize("run", "--help").stdout
