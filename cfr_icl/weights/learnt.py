"""Files beside the weights of a learnt model: the kind of its pictures, and the model that it began with."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from cfr_icl.files import write_atomically
from cfr_icl.models.learnt import Kind
from cfr_icl.weights.names import KIND_NAME, START_NAME


def is_learnt(source: str | Path) -> bool:
    """Whether a source of `load_model` is the folder of a learnt model with the kind of its pictures."""
    return (Path(source).expanduser() / KIND_NAME).is_file()


def refuse_learnt(source: str | Path) -> None:
    """Raise ValueError for the folder of a learnt model, where one network is needed."""
    if is_learnt(source):
        raise ValueError(f"{source} is a learnt model of two networks; name a model of one network.")


def start_of(source: str | Path) -> Path:
    """The folder of the model that a learnt one began with."""
    return Path(source).expanduser() / START_NAME


def read_kind(source: str | Path) -> Kind:
    """The kind of a learnt model's pictures; raises ValueError for a damaged file."""
    file = Path(source).expanduser() / KIND_NAME
    try:
        tensors = {name: tensor.float() for name, tensor in load_file(file).items()}
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            raise ValueError("a value is not finite")
        kind = Kind()
        kind.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        raise ValueError(f"{file} is damaged or of another version ({reason}).") from error
    return kind


def write_kind(kind: Kind, folder: str | Path) -> None:
    """Write the kind of a learnt model's pictures, the encoder in half precision; raises OSError."""
    tensors = {
        name: tensor.to(torch.float16 if name.startswith("descriptor.") else tensor.dtype).contiguous()
        for name, tensor in kind.state_dict().items()
    }
    write_atomically(Path(folder) / KIND_NAME, save(tensors))
