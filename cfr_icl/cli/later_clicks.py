"""Train a compact network's own branch on what follows the answers of its branch for first prompts.

    cfr-icl later-clicks --weights runs/first --config later-clicks.yaml --out runs/later

It begins where `cfr-icl first-branch` ends: that branch, which stays, answers a click or a box; the own
branch refines the answer, with and without further clicks, in the window around the object. Of the config the
same settings are used as there, and a run that was stopped goes on. The head that rates masks sees this
branch's maps too: train it anew (cfr-icl iou-head), or go only part of the way (cfr-icl average).
"""

from __future__ import annotations

import argparse

from cfr_icl.cli.compact import add_head_arguments, load_compact, train_branch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_head_arguments(parser, "data, augmentation and minutes")


def run(options: argparse.Namespace) -> None:
    import torch

    from cfr_icl.learning.later_clicks import LATER_CLICKS
    from cfr_icl.weights.saving import save_model

    network, answering = load_compact(options.weights)
    if not network.takes_first_clicks:
        raise ValueError("The network has no branch for first clicks; train it before: cfr-icl first-branch.")
    network.load_branch(train_branch(options, LATER_CLICKS, answering, network.copied_branch()))
    save_model(network, options.out, getattr(torch, options.dtype))
