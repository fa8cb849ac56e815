"""Train the heads of a compact network for first clicks and for boxes.

    cfr-icl heads --weights runs/offering --config heads.yaml --out runs/heads

The network stays as it is, and so do its own masks. Windows of the mixture in `data` of the config, cut by
`augmentation`, are encoded one after the other; the robot user clicks and draws boxes in them. Of the rest
`optimiser.lr`, `batch_size`, `steps` or `minutes`, `save_every` and `seed` are used. A head that is there is
trained on, and a run that was stopped goes on.
"""

from __future__ import annotations

import argparse

from cfr_icl.cli.compact import add_head_arguments, load_compact


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_head_arguments(parser, "data, augmentation and minutes")


def run(options: argparse.Namespace) -> None:
    import torch

    from cfr_icl.data.registry import open_dataset
    from cfr_icl.learning.heads import train
    from cfr_icl.learning.settings import read_settings
    from cfr_icl.weights.saving import save_model

    network, answering = load_compact(options.weights)
    settings = read_settings(options.config, options.set)
    datasets = [open_dataset(each.kind, each.path, **each.options) for each in settings.data]
    if network.hypotheses is None:
        network.add_hypotheses()
    if network.box_branch is None:
        network.add_box_branch()
    assert network.hypotheses is not None and network.box_branch is not None
    heads = network.hypotheses.requires_grad_(True), network.box_branch.requires_grad_(True)
    further, boxed = train(answering, heads, datasets, settings, options.out / "checkpoint.pt")
    network.add_hypotheses(further)
    network.add_box_branch(boxed)
    save_model(network, options.out, getattr(torch, options.dtype))
