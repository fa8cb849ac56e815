"""A digest that identifies a network's weights, in logs and between processes."""

from __future__ import annotations

import hashlib

import torch

from cfr_icl.models.base import InteractiveModel


def weights_digest(model: InteractiveModel) -> str:
    """The first 16 hexadecimal digits of a SHA-256 of names and values of the weights."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
