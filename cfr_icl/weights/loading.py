"""Loading and saving: a network is `config.json` beside `model.safetensors`, wherever they lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from cfr_icl.models.base import InteractiveModel, ModelConfig
from cfr_icl.models.registry import build_model
from cfr_icl.weights.recognise import check_tensors

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
EMBEDDED = Path(__file__).parent / "compact"


def load_model(source: str | Path = "embedded", device: str = "auto") -> InteractiveModel:
    """A network in inference mode from "embedded", a folder, or a .safetensors file."""
    folder = EMBEDDED if source == "embedded" else Path(source)
    weights = folder if folder.suffix == ".safetensors" else folder / WEIGHTS_NAME
    for file in (weights.parent / CONFIG_NAME, weights):
        if not file.is_file():
            raise FileNotFoundError(
                f"{weights.parent} holds no {file.name}; a model is a folder of "
                f"{CONFIG_NAME} and {WEIGHTS_NAME}."
            )
    config = ModelConfig.from_dict(json.loads((weights.parent / CONFIG_NAME).read_text()))
    with torch.device("meta"):
        model = build_model(config)
    tensors = load_file(weights)
    check_tensors(tensors, model.state_dict(), config.architecture)
    model.load_state_dict(tensors, strict=True, assign=True)
    device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    return model.float().to(device).eval().requires_grad_(False)


def save_model(model: InteractiveModel, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network as `config.json` and `model.safetensors`."""
    save_weights(model.config, model.state_dict(), folder, dtype)


def save_weights(
    config: ModelConfig,
    tensors: Mapping[str, torch.Tensor],
    folder: str | Path,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a configuration and its weights, floating-point tensors as `dtype`, into a folder.

    Raises:
        ValueError: when a weight is not finite, or not in this precision.
    """
    folder = Path(folder)
    stored = {
        name: (value.to(dtype) if value.is_floating_point() else value).cpu().contiguous()
        for name, value in tensors.items()
    }
    for name, value in stored.items():
        if not value.isfinite().all():
            raise ValueError(f"The weight {name!r} is not finite in {dtype}; it cannot be stored.")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(stored, folder / WEIGHTS_NAME, metadata={"format": "pt"})
    (folder / CONFIG_NAME).write_text(json.dumps(config.to_dict(), indent=2) + "\n")
