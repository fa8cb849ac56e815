"""Average the weights of several runs of one network; the average often predicts better than each of them.

The configuration (zoom-in and so on) is that of the last network; blocks that some of the networks lack are
averaged over the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cfr_icl import load_model
from cfr_icl.models.map_model import MapModel

Weights = dict[str, torch.Tensor]
"""The weights of one network, by name."""


def average(parts: Sequence[tuple[MapModel, float]]) -> MapModel:
    """Return the last network with the weighted mean of all weights; shares need not sum to one.

    Raises:
        ValueError: for networks that differ in more than weights and blocks, or shares that are not above 0.
    """
    model = parts[-1][0]
    if {part.config.architecture for part, _ in parts} != {model.config.architecture}:
        raise ValueError("Only runs of one network can be averaged.")
    if min(share for _, share in parts) <= 0:
        raise ValueError("Each share must be above 0.")
    states = [(part.state_dict(), share) for part, share in parts]
    if any(state.keys() - model.state_dict().keys() for state, _ in states):
        raise ValueError("The last network must have all blocks of the others.")
    model.load_state_dict({name: _mean(name, value, states) for name, value in model.state_dict().items()})
    return model


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
    if any(value.shape != last.shape for value, _ in found):
        raise ValueError(f"Weights of networks of other widths do not fit together: {name}.")
    total = torch.zeros_like(found[0][0])
    for value, share in found:
        total += value * share
    return total / sum(share for _, share in found)


def read_part(entry: str) -> tuple[MapModel, float]:
    """Load the network and read the share of SOURCE=SHARE; raises ValueError for another form."""
    source, _, share = entry.rpartition("=")
    if not source or not share.replace(".", "", 1).isdigit():
        raise ValueError(f"Give weights as SOURCE=SHARE, not {entry!r}.")
    return load_model(source, "cpu", "float32", trainable=True), float(share)
