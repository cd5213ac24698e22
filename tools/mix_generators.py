"""Mix what a run has learnt with the generator that it began with, by the mean of their weights.

Usage: `python tools/mix_generators.py RUN GENERATOR.onnx OUT --share .75 --variety 1.2`. A run that is begun beside a
generator's file (`ganonymize train --grow-from FILE.onnx`) draws cleaner faces with time, and fewer different ones; the
mean of both has most of either. OUT is a folder with a checkpoint, for `ganonymize export` and `ship_generator.py`.
"""

import argparse
import sys
from pathlib import Path

import torch

from ganonymization.training.course import CHECKPOINT_NAME, load_checkpoint
from ganonymization.training.identity import IdentityReader
from ganonymization.training.thaw import thaw


def main() -> None:
    """Mix and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("generator", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.75, help="weight of the run")
    parser.add_argument("--variety", type=float, default=1.0, help="of the invented people")
    arguments = parser.parse_args()
    state, thawed = load_checkpoint(arguments.run, device=torch.device("cpu")), thaw(arguments.generator)
    reader, first = IdentityReader(), thawed.weights
    reader.load_state_dict(state["reader"])
    if thawed.axes != reader.note():
        sys.exit(f"{arguments.run} and {arguments.generator} mean other people by the same code; their mean is nobody")
    state["average"] = {
        name: torch.lerp(first[name], value, arguments.share) for name, value in state["average"].items()
    }
    state["config"]["variety"] = arguments.variety
    arguments.out.mkdir(parents=True, exist_ok=True)
    partial = arguments.out / f"{CHECKPOINT_NAME}.partial"
    torch.save(state, partial)
    partial.replace(arguments.out / CHECKPOINT_NAME)
    print(f"{arguments.out}: {arguments.share:.2f} of {arguments.run}, after {state['samples']} samples")


if __name__ == "__main__":
    main()
