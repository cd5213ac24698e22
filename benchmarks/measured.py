"""Run a command and write down what it used: `python -m benchmarks.measured USAGE.json COMMAND ...`.

A process inherits the peak memory of the one that starts it (Linux carries it over `exec`), so commands are started
from here, a process that imports next to nothing, and not from the benchmark itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    """Run the command; returns its exit status."""
    target, command = Path(sys.argv[1]), sys.argv[2:]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    per_mib = 2**20 if sys.platform == "darwin" else 2**10
    cpu_s = usage.ru_utime + usage.ru_stime
    figures = {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mib": usage.ru_maxrss / per_mib}
    target.write_text(json.dumps(figures))
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
