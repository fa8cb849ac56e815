"""Devices and data types: which of them a network uses, and conversion of its layers."""

from __future__ import annotations

import torch
from torch import nn

from cfr_icl.models.base import ModelConfig
from cfr_icl.models.map_model import MapModel


def compute_in_precision(model: MapModel) -> None:
    """Convert the layers of `decode`, in place, to the network's `precision`; norms stay float32.

    This avoids converting weights at every forward. On a CPU, attention's matrix products are computed one
    by one, which is faster than the fused kernel in reduced precision.
    """
    if model.precision == torch.float32:
        return
    for name, layer in model.named_modules():
        if name.startswith(model.encoder_modules):
            continue
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            layer.to(model.precision)
        elif hasattr(layer, "fused_attn") and next(layer.parameters()).device.type == "cpu":
            layer.fused_attn = False


def pick_device(name: str = "auto") -> torch.device:
    """The device "cpu", "cuda", "mps" or such as "cuda:1"; "auto" takes a GPU where there is one.

    Raises:
        ValueError: for another name, and for a GPU that PyTorch does not find.
    """
    kind, _, number = name.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (number and not number.isdecimal()):
        raise ValueError(f"{name!r} is no device here; expected auto, cpu, cuda or mps.")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise ValueError(f"PyTorch finds no GPU {name!r} on this machine; take 'cpu'.")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ValueError("PyTorch finds no GPU 'mps' on this machine; take 'cpu'.")
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def pick_precision(name: str, device: torch.device, config: ModelConfig) -> torch.dtype:
    """The data type inside `decode`, as for `load_model`; raises ValueError for another name."""
    if name == "auto":
        name = config.reduced_precision or "float32"
        name = name if name in _fast_types(device) else "float32"
    if name not in ("float32", "float16", "bfloat16"):
        raise ValueError(f"The precision is auto, float32, float16 or bfloat16, not {name!r}.")
    return getattr(torch, name)


def _fast_types(device: torch.device) -> tuple[str, ...]:
    """Reduced precisions that are assumed to be faster than float32 on a GPU."""
    if device.type == "cuda":
        return ("float16", "bfloat16") if torch.cuda.is_bf16_supported(False) else ("float16",)
    if device.type == "mps":
        return ("float16",)
    return ()  # measured, see weights/engines.py
