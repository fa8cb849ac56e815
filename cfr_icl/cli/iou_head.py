"""Train the head of a compact network that predicts the IoU of a mask with the object.

    cfr-icl iou-head --weights runs/mine/model --config iou-head.yaml --out runs/rated

Other weights of the network do not change, nor do its masks. The robot user clicks on objects of the data
sets under `data` in the config; its other settings are not used.
"""

from __future__ import annotations

import argparse

from cfr_icl.cli.compact import add_head_arguments, load_compact
from cfr_icl.cli.values import count_up_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_head_arguments(parser, "training pictures under `data`")
    add = parser.add_argument
    add(
        "--objects",
        type=count_up_to(1_000_000),
        default=600,
        help="objects that the robot user clicks on (default: 600)",
    )
    add(
        "--seed",
        type=count_up_to(2**32 - 1, least=0),
        default=0,
        help="of the choice of objects (default: 0)",
    )


def run(options: argparse.Namespace) -> None:
    import numpy as np
    import torch

    from cfr_icl import Segmenter
    from cfr_icl.learning.iou_head import draw, fit, record
    from cfr_icl.learning.settings import read_settings
    from cfr_icl.weights.saving import save_model

    network, answering = load_compact(options.weights)
    settings = read_settings(options.config, options.set)
    objects = draw(*settings.open_data(), np.random.default_rng(options.seed))
    answering.add_iou_head()
    passes = record(Segmenter(answering), objects, options.objects)
    network.add_iou_head(fit(passes, options.seed))
    print(f"{len(passes.ious)} passes, mean IoU {passes.ious.mean():.3f}")
    save_model(network, options.out, getattr(torch, options.dtype))
