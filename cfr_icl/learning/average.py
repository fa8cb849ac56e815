"""Average the weights of several runs of one network; the average often predicts better than each of them.

The configuration (zoom-in and so on) is that of the last network; blocks that some of the networks lack are
averaged over the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from cfr_icl import load_model
from cfr_icl.models.map_model import MapModel

Weights = dict[str, torch.Tensor]
"""The weights of one network, by name."""


class Part(NamedTuple):
    """A network of the average."""

    source: str
    """Where it is from, as for `load_model`; errors name it so."""
    model: MapModel
    share: float
    """Its share of the average, above 0; shares need not sum to one."""


def average(parts: Sequence[Part]) -> MapModel:
    """Return the last network with the weighted mean of all weights.

    Raises:
        ValueError: for networks that differ in more than weights and blocks, or shares that are not above 0.
    """
    last = parts[-1]
    for part in parts:
        if part.share <= 0:
            raise ValueError(f"Each share must be above 0, unlike that of {part.source}.")
        _check_alike(part, last)
    states = [(part.model.state_dict(), part.share) for part in parts]
    model = last.model
    model.load_state_dict({name: _mean(name, value, states) for name, value in model.state_dict().items()})
    return model


def _check_alike(part: Part, last: Part) -> None:
    """Raise ValueError unless the last network has all weights of another one, in the same shapes."""
    kinds = part.model.config.architecture, last.model.config.architecture
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"{part.source} is a network {kinds[0]} and {last.source} a {kinds[1]}; "
            "only runs of one network can be averaged."
        )
    weights = last.model.state_dict()
    for name, value in part.model.state_dict().items():
        if name not in weights:
            raise ValueError(
                f"{part.source} has a block that {last.source} lacks, with the weights {name}; "
                "name the network that has the blocks of all others last."
            )
        if value.shape != weights[name].shape:
            shapes = [" x ".join(map(str, tensor.shape)) for tensor in (value, weights[name])]
            raise ValueError(
                f"The weights {name} are {shapes[0]} in {part.source} and {shapes[1]} in {last.source}; "
                "only networks of the same widths can be averaged."
            )


def mixed(first: Weights, last: Weights, share: float) -> Weights:
    """`share` of the last weights and the rest of the first; counters are the last ones'."""
    return {
        name: torch.lerp(first[name].float(), value.float(), share) if value.is_floating_point() else value
        for name, value in last.items()
    }


def _mean(
    name: str, last: torch.Tensor, states: Sequence[tuple[dict[str, torch.Tensor], float]]
) -> torch.Tensor:
    if not last.is_floating_point():
        return last  # integers are counters, such as those of batch norms
    found = [(state[name].double(), share) for state, share in states if name in state]
    total = torch.zeros_like(found[0][0])
    for value, share in found:
        total += value * share
    return total / sum(share for _, share in found)


def read_part(entry: str) -> Part:
    """Load the network and read the share of SOURCE=SHARE; raises ValueError for another form."""
    source, _, share = entry.rpartition("=")
    if not source or not share.replace(".", "", 1).isdigit():
        raise ValueError(f"Give weights as SOURCE=SHARE, not {entry!r}.")
    return Part(source, load_model(source, "cpu", "float32", trainable=True), float(share))
