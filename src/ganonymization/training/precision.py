"""Half precision where the device computes in it: elsewhere it is emulated, ten times as slow as single precision."""

from __future__ import annotations

from typing import Final

import torch

_NATIVE_ON_CPU: Final = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
"""Abilities of a processor, as torch names them, any of which multiplies bfloat16; the last two are those of ARM."""


def working_dtype(device: torch.device) -> torch.dtype:
    """Return the type that networks compute in while they learn: bfloat16, or float32 on processors without it."""
    if device.type != "cpu":
        return torch.bfloat16
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if any(able.get(name) for name in _NATIVE_ON_CPU) else torch.float32


def working_precision(device: torch.device) -> torch.autocast:
    """Return the context in which networks learn on a device."""
    dtype = working_dtype(device)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype is torch.bfloat16)
