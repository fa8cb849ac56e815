"""Train the branch of a compact network that answers first prompts: a click or a box.

    cfr-icl first-branch --weights runs/mine --config first-branch.yaml --out runs/first

The network stays as it is, and so do its masks of all later clicks. Windows of the mixture in `data` of the
config, cut by `augmentation`, are encoded one after the other; the robot user clicks and draws boxes in them.
Of the rest `optimiser.lr`, `batch_size` (windows), `steps` or `minutes`, `save_every` and `seed` are used. A
branch that is there is trained on, and a run that was stopped goes on. Heads that rate masks or offer further
ones see this branch's maps: train them anew (cfr-icl hypotheses, cfr-icl iou-head).
"""

from __future__ import annotations

import argparse

from cfr_icl.cli.compact import add_head_arguments, load_compact, train_branch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_head_arguments(parser, "data, augmentation and minutes")


def run(options: argparse.Namespace) -> None:
    import torch

    from cfr_icl.learning.first_prompts import FIRST_PROMPTS
    from cfr_icl.weights.saving import save_model

    network, answering = load_compact(options.weights)
    branch = network.box_branch or network.copied_branch()
    network.add_box_branch(train_branch(options, FIRST_PROMPTS, answering, branch), first_clicks=True)
    save_model(network, options.out, getattr(torch, options.dtype))
