"""Enter a network file into the weights catalogue (`src/ganonymization/weights/catalogue.toml`)."""

import hashlib
import tomllib
from pathlib import Path

WEIGHTS = Path(__file__).resolve().parent.parent / "src" / "ganonymization" / "weights"
CATALOGUE = WEIGHTS / "catalogue.toml"


def register(file: str, *, licence: str, origin: str, input_spec: str, output_spec: str) -> None:
    """Write or replace the catalogue entry of a file that already lies in the weights folder.

    Args:
        file: file name inside the weights folder; its stem is the entry's name.
        licence: SPDX identifier of the weights.
        origin: pinned package and path inside it, or the command that made the file.
        input_spec: names, shapes, ranges and channel order of the inputs.
        output_spec: names, shapes and units of the outputs.
    """
    content = (WEIGHTS / file).read_bytes()
    entries = tomllib.loads(CATALOGUE.read_text()) if CATALOGUE.exists() else {}
    entries[Path(file).stem] = {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "licence": licence,
        "origin": origin,
        "input": input_spec,
        "output": output_spec,
    }
    CATALOGUE.write_text("\n".join(_table(name, entries[name]) for name in sorted(entries)))


def _table(name: str, entry: dict[str, str | int]) -> str:
    lines = [f"[{name}]"]
    for key, value in entry.items():
        lines.append(f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"')
    return "\n".join(lines) + "\n"
