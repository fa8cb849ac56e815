"""How large a network is: the number of weights in its file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import safe_open

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Last parts of the names of tensors that batch norms count and no training step changes."""


def count_weights(shapes: Mapping[str, Sequence[int]]) -> int:
    """The number of weights in tensors of these shapes, by name, without the statistics of batch norms."""
    return sum(math.prod(shape) for name, shape in shapes.items() if name.split(".")[-1] not in STATISTICS)


def count_stored_weights(file: Path) -> int:
    """The number of weights in a file, of which only the header is read."""
    with safe_open(file, framework="pt") as opened:
        return count_weights({name: opened.get_slice(name).get_shape() for name in list(opened.keys())})
