"""Save models: `config.json` beside `model.safetensors`, in a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from cfr_icl.files import disk_errors, replacing, write_atomically
from cfr_icl.models.base import InteractiveModel, ModelConfig
from cfr_icl.models.registry import build_model
from cfr_icl.weights.names import CONFIG_NAME, WEIGHTS_NAME


def save_model(model: InteractiveModel, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network's `config.json` and `model.safetensors`, each replaced atomically.

    Args:
        folder: made if there is none.
        dtype: of floating-point weights in the file.

    Raises:
        ValueError: for a network that was loaded without `trainable`, or a weight that is not finite.
    """
    with torch.device("meta"):
        stored = build_model(model.config).state_dict().keys()
    reduced = any(weight.dtype != torch.float32 for weight in model.parameters())
    if reduced or model.state_dict().keys() != stored:
        raise ValueError("A network is saved only if it was loaded with trainable=True.")
    save_weights(model.config, model.state_dict(), folder, dtype)


def save_weights(
    config: ModelConfig,
    tensors: Mapping[str, torch.Tensor],
    folder: str | Path,
    dtype: torch.dtype | None = torch.float32,
) -> None:
    """Like `save_model`, for a configuration and tensors by name; `dtype` None keeps the type of each.

    Raises:
        ValueError: for a weight that is not finite as `dtype`.
        OSError: when a file cannot be written.
    """
    folder = Path(folder)
    stored = {
        name: (value.to(dtype) if dtype and value.is_floating_point() else value).cpu().contiguous()
        for name, value in tensors.items()
    }
    for name, value in stored.items():
        if not value.isfinite().all():
            raise ValueError(f"The weight {name!r} is not finite as {value.dtype} and cannot be stored.")
    description = json.dumps(config.to_dict())
    with replacing(folder / WEIGHTS_NAME) as unfinished, disk_errors(folder):
        unfinished.touch()
        usual = unfinished.stat().st_mode
        save_file(stored, unfinished, metadata={"format": "pt", "config": description})
        unfinished.chmod(usual)  # safetensors 0.8 lets nobody else read it
    write_config(config, folder)


def copy_model(config: ModelConfig, weights: Path, folder: str | Path) -> None:
    """Write a model whose weights are a copy of a file, byte for byte: what is cached by them is found again.

    Raises:
        OSError: when a file cannot be written.
    """
    folder = Path(folder)
    with replacing(folder / WEIGHTS_NAME) as unfinished, disk_errors(folder):
        shutil.copyfile(weights, unfinished)
    write_config(config, folder)


def halved_without_loss(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors, in half precision where that changes no value."""
    halves = {name: value.half() for name, value in tensors.items() if value.is_floating_point()}
    lossless = {name for name, half in halves.items() if torch.equal(half.float(), tensors[name].float())}
    return {name: halves[name] if name in lossless else value for name, value in tensors.items()}


def write_config(config: ModelConfig, folder: str | Path) -> None:
    """Write `config.json`."""
    write_atomically(Path(folder) / CONFIG_NAME, json.dumps(config.to_dict(), indent=2) + "\n")
