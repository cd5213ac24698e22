"""The only door to ONNX Runtime: loads a network, checks its interface, runs it."""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from ganonymization.errors import WeightsError


class Provider(enum.Enum):
    """Where networks run; the value is the name on the command line."""

    CPU = "cpu"
    CUDA = "cuda"
    TENSORRT = "tensorrt"
    OPENVINO = "openvino"
    COREML = "coreml"
    DIRECTML = "directml"


_RUNTIME_NAMES = {
    Provider.CPU: "CPUExecutionProvider",
    Provider.CUDA: "CUDAExecutionProvider",
    Provider.TENSORRT: "TensorrtExecutionProvider",
    Provider.OPENVINO: "OpenVINOExecutionProvider",
    Provider.COREML: "CoreMLExecutionProvider",
    Provider.DIRECTML: "DmlExecutionProvider",
}


_state = onnxruntime.capi.onnxruntime_pybind11_state
_LOAD_ERRORS = (
    _state.Fail,
    _state.InvalidArgument,
    _state.InvalidGraph,
    _state.InvalidProtobuf,
    _state.NoSuchFile,
    _state.NotImplemented,
    _state.RuntimeException,
)
"""What ONNX Runtime raises for a file that it cannot load; its errors have no root of their own."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """How networks are run.

    Attributes:
        provider: execution provider.
        threads: threads inside one network; 0 takes every core that this process may use.
    """

    provider: Provider = Provider.CPU
    threads: int = 0


class Network:
    """A network file with named inputs and outputs.

    Args:
        path: an .onnx file.
        inputs: names that the adapter is going to feed, in any order.
        outputs: names that it wants back, in this order.
        runtime: provider and threads.

    Raises:
        WeightsError: the file is no network, its names differ, or the provider is not installed.
    """

    def __init__(
        self,
        path: Path,
        *,
        inputs: Sequence[str],
        outputs: Sequence[str],
        runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    ) -> None:
        self._outputs = list(outputs)
        self._session = _open_session(path, runtime)
        _require_names(path, "inputs", inputs, [value.name for value in self._session.get_inputs()], exact=True)
        _require_names(path, "outputs", outputs, [value.name for value in self._session.get_outputs()], exact=False)

    def __call__(self, **inputs: npt.NDArray[Any]) -> list[npt.NDArray[np.float32]]:
        """Run the network and return its outputs in the order given at construction."""
        return list(self._session.run(self._outputs, inputs))

    def input_shape(self, name: str) -> list[int | str | None]:
        """Return the declared shape of an input; free axes are names or None."""
        return next(list(value.shape) for value in self._session.get_inputs() if value.name == name)

    @property
    def metadata(self) -> dict[str, str]:
        """Key-value pairs written into the file when it was exported."""
        return dict(self._session.get_modelmeta().custom_metadata_map)


def only_names(path: Path) -> tuple[str, str]:
    """Return the names of a foreign network's only input and of its first output.

    Raises:
        WeightsError: the file is no network, or has several inputs.
    """
    session = _open_session(path, Runtime(threads=1))
    inputs = [value.name for value in session.get_inputs()]
    if len(inputs) != 1:
        raise WeightsError(f"{path}: inputs are {inputs}; a network with a single one is needed")
    return inputs[0], session.get_outputs()[0].name


def _open_session(path: Path, runtime: Runtime) -> onnxruntime.InferenceSession:
    wanted = _RUNTIME_NAMES[runtime.provider]
    available = onnxruntime.get_available_providers()
    if wanted not in available:
        raise WeightsError(
            f"provider {runtime.provider.value!r} is not available in this ONNX Runtime, which has "
            f"{', '.join(available)}; install the matching onnxruntime package or take --provider cpu"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.threads or _usable_cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[wanted])
    except _LOAD_ERRORS as error:
        raise WeightsError(f"{path}: not a network that ONNX Runtime can load ({error})") from error


def _usable_cores() -> int:
    """Return the cores that this process may use; 0 leaves the choice to ONNX Runtime where that cannot be known."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


def _require_names(path: Path, kind: str, wanted: Sequence[str], found: list[str], *, exact: bool) -> None:
    missing = set(wanted) - set(found)
    surplus = set(found) - set(wanted) if exact else set()
    if missing or surplus:
        raise WeightsError(f"{path}: {kind} are {sorted(found)}, the adapter needs {sorted(wanted)}")
