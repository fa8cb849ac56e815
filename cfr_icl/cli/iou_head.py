"""Train the head of a compact network that predicts the IoU of a mask with the object.

    cfr-icl iou-head --weights runs/mine/model --config iou-head.yaml --out runs/rated

Other weights of the network do not change, nor do its masks. The robot user clicks on objects of the data
sets under `data` in the config; its other settings are not used.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--weights", default="embedded", help="a compact network, as for load_model")
    add("--config", type=Path, required=True, help="a YAML file whose `data` are training pictures")
    add("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes to the config")
    add("--objects", type=int, default=600, help="objects that the robot user clicks on")
    add("--seed", type=int, default=0)
    add("--out", type=Path, required=True, help="folder for the network with its new head")
    add("--dtype", choices=("float32", "float16"), default="float32", help="of the file")


def run(options: argparse.Namespace) -> None:
    import numpy as np
    import torch

    from cfr_icl import Segmenter, load_model
    from cfr_icl.data.registry import open_dataset
    from cfr_icl.learning.iou_head import draw, fit, record
    from cfr_icl.learning.settings import read_settings
    from cfr_icl.models.compact import CompactNet
    from cfr_icl.weights.learnt import refuse_learnt
    from cfr_icl.weights.saving import save_model

    refuse_learnt(options.weights)
    network = load_model(options.weights, "cpu", "float32", trainable=True)
    if not isinstance(network, CompactNet):
        raise ValueError("Only compact networks have a head that predicts IoUs.")
    data = read_settings(options.config, options.set).data
    objects = draw(
        [open_dataset(each.kind, each.path, **each.options) for each in data],
        [each.weight for each in data],
        np.random.default_rng(options.seed),
    )
    answering = load_model(options.weights, "cpu", engine="torch")
    assert isinstance(answering, CompactNet)
    answering.add_iou_head()
    passes = record(Segmenter(answering), objects, options.objects)
    network.add_iou_head(fit(passes, options.seed))
    print(f"{len(passes.ious)} passes, mean IoU {passes.ious.mean():.3f}")
    save_model(network, options.out, getattr(torch, options.dtype))
