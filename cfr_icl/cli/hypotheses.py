"""Train the head that predicts further masks for a first click of a compact network.

    cfr-icl hypotheses --weights runs/mine/model --config hypotheses.yaml --out runs/offering

The network stays as it is, and so do its masks. The robot user clicks once on objects of the mixture in
`data` of the config, in windows by `augmentation`; of the rest `optimiser.lr`, `steps` and `seed` are used.
How good a mask is, is learnt from objects of the first --rated data sets.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--weights", default="embedded", help="a compact network, as for load_model")
    add("--config", type=Path, required=True, help="a YAML file with data, augmentation and steps")
    add("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes to the config")
    add("--clicks", type=int, default=5000, help="first clicks to learn from, 0.5 MB of memory each")
    add("--rated", type=int, help="rate masks by the first so many data sets alone (default: by all)")
    add("--out", type=Path, required=True, help="folder for the network with its new head")
    add("--dtype", choices=("float32", "float16"), default="float32", help="of the file")


def run(options: argparse.Namespace) -> None:
    import itertools

    import numpy as np
    import torch

    from cfr_icl import load_model
    from cfr_icl.data.registry import open_dataset
    from cfr_icl.learning import hypotheses as learning
    from cfr_icl.learning.settings import read_settings
    from cfr_icl.models.compact import CompactNet
    from cfr_icl.weights.learnt import refuse_learnt
    from cfr_icl.weights.saving import save_model

    refuse_learnt(options.weights)
    network = load_model(options.weights, "cpu", "float32", trainable=True)
    if not isinstance(network, CompactNet):
        raise ValueError("Only compact networks have a head that predicts further masks.")
    answering = load_model(options.weights, "cpu", network.config.reduced_precision or "float32")
    assert isinstance(answering, CompactNet)
    settings = read_settings(options.config, options.set)
    datasets = [open_dataset(each.kind, each.path, **each.options) for each in settings.data]
    weights = [each.weight for each in settings.data]
    rng = np.random.default_rng(settings.seed)
    endless = learning.record(answering, datasets, weights, settings.augmentation, rng)
    examples = list(itertools.islice(endless, options.clicks))
    network.add_hypotheses()
    assert network.hypotheses is not None
    head = learning.train(network.hypotheses, examples, settings.steps, settings.optimiser.lr, settings.seed)
    rated = [each for each in examples if options.rated is None or each.dataset < options.rated]
    features, ious = learning.features_and_ious(head, rated)
    head.rating = learning.fit_rating(features, ious)
    network.add_hypotheses(head)
    own, best = float(ious[:, 0].mean()), float(ious.max(1).values.mean())
    print(f"{len(examples)} clicks; mean IoU of the network's mask {own:.3f}, of the best mask {best:.3f}")
    save_model(network, options.out, getattr(torch, options.dtype))
