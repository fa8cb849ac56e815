"""Average the weights of several runs of one network, which often answers better than each of them.

    python training/average.py --weights runs/one/model=0.3 runs/other/model=0.7 --out runs/average

Each source is what `load_model` takes. Settings beside the weights, such as zoom-in, are those of the last;
blocks that some of the networks lack are averaged over the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from cfr_icl import InteractiveModel, load_model
from cfr_icl.weights.loading import save_model


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--weights", nargs="+", required=True, metavar="SOURCE=SHARE", help="as for load_model"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the average")
    parser.add_argument("--dtype", choices=("float32", "float16"), default="float32", help="of the file")
    options = parser.parse_args(arguments)
    try:
        parts = [_part(entry) for entry in options.weights]
        save_model(average(parts), options.out, getattr(torch, options.dtype))
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def average(parts: Sequence[tuple[InteractiveModel, float]]) -> InteractiveModel:
    """The last network with the weighted mean of all weights; shares need not sum to one.

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


def _mean(
    name: str, last: torch.Tensor, states: Sequence[tuple[dict[str, torch.Tensor], float]]
) -> torch.Tensor:
    if not last.is_floating_point():
        return last  # counters, such as those of batch norms, are no weights
    found = [(state[name].double(), share) for state, share in states if name in state]
    if any(value.shape != last.shape for value, _ in found):
        raise ValueError(f"Weights of networks of other widths do not fit together: {name}.")
    return sum(value * share for value, share in found) / sum(share for _, share in found)


def _part(entry: str) -> tuple[InteractiveModel, float]:
    source, _, share = entry.rpartition("=")
    if not source or not share.replace(".", "", 1).isdigit():
        raise ValueError(f"Give weights as SOURCE=SHARE, not {entry!r}.")
    return load_model(source, "cpu", "float32", trainable=True), float(share)


if __name__ == "__main__":
    main()
