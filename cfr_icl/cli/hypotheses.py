"""Train the head that predicts further masks for a first click of a compact network.

    cfr-icl hypotheses --weights runs/mine/model --config hypotheses.yaml --out runs/offering

The network stays as it is, and so do its masks. The robot user clicks once on objects of the mixture in
`data` of the config, in windows by `augmentation`; of the rest `optimiser.lr`, `steps` and `seed` are used.
How good a mask is, is learnt from objects of the first --rated data sets.
"""

from __future__ import annotations

import argparse

from cfr_icl.cli.compact import add_head_arguments, load_compact
from cfr_icl.cli.values import count_up_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_head_arguments(parser, "data, augmentation and steps")
    add = parser.add_argument
    add(
        "--clicks",
        type=count_up_to(1_000_000),
        default=5000,
        help="first clicks to learn from, 0.5 MB of memory each (default: 5000)",
    )
    add(
        "--rated",
        type=count_up_to(1000),
        help="rate masks by the first so many data sets alone (default: by all)",
    )


def run(options: argparse.Namespace) -> None:
    import torch

    from cfr_icl.learning.hypotheses import add_trained_head
    from cfr_icl.learning.settings import read_settings
    from cfr_icl.weights.saving import save_model

    network, answering = load_compact(options.weights)
    settings = read_settings(options.config, options.set)
    ious = add_trained_head(network, answering, settings, options.clicks, options.rated)
    own, best = float(ious[:, 0].mean()), float(ious.max(1).values.mean())
    print(f"{options.clicks} clicks; mean IoU of the network's mask {own:.3f}, of the best mask {best:.3f}")
    save_model(network, options.out, getattr(torch, options.dtype))
