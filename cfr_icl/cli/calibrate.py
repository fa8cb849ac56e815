"""Calibrate a model: find the inverse temperature with which its probabilities equal observed frequencies.

    cfr-icl calibrate --weights runs/mine/model --data folder=PATH --half even --write

The robot user clicks; after each click the probabilities inside the zoom window are compared with the
ground truth. Logits are scaled around the mask threshold, so that masks do not change.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from cfr_icl import Segmenter, load_model
from cfr_icl.cli.options import add_pictures
from cfr_icl.cli.values import count_up_to, output_file
from cfr_icl.data.source import select
from cfr_icl.evaluation.calibration import Reliability, window_predictions
from cfr_icl.evaluation.report import save_lines
from cfr_icl.evaluation.run import one_thread
from cfr_icl.weights.learnt import refuse_learnt
from cfr_icl.weights.names import CONFIG_NAME
from cfr_icl.weights.saving import write_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--weights",
        default="embedded",
        help="as for load_model; with --write a model folder (default: embedded)",
    )
    add_pictures(parser, min_area=0.01)
    add(
        "--clicks",
        type=count_up_to(1000),
        default=5,
        metavar="N",
        help="clicks of the robot user for each object (default: 5)",
    )
    add("--plot", type=output_file, metavar="FILE.png", help="draw the reliability curve")
    add(
        "--write",
        action="store_true",
        help="write the inverse temperature into the model folder's config.json",
    )


def run(options: argparse.Namespace) -> None:
    if options.write:
        refuse_learnt(options.weights)
        if not (Path(options.weights) / CONFIG_NAME).is_file():
            raise ValueError(f"--write needs the folder of a model in --weights, not {options.weights!r}.")
    model = load_model(options.weights, "cpu")
    reliability = Reliability()
    segmenter = Segmenter(model)
    with one_thread():
        for source in options.data:
            dataset = source.open()
            samples = (dataset[index] for index in select(dataset.names, options.half, options.limit))
            predictions = window_predictions(segmenter, samples, options.min_area, options.clicks)
            for probabilities, gt_mask in predictions:
                reliability.add(probabilities, gt_mask)
    if not reliability.area.sum():
        raise ValueError("There is no object that is large enough.")
    best = reliability.best_inverse_temperature()
    print("| inverse temperature | calibration error | nats per pixel |\n| --- | ---: | ---: |")
    for factor in (1.0, best):
        name, error = f"{model.config.inverse_temperature * factor:.2f}", reliability.error(factor)
        print(f"| {name} | {error:.4f} | {reliability.negative_log_likelihood(factor):.4f} |")
    if options.plot:
        lines = {
            f"inverse temperature {model.config.inverse_temperature * f:.2f}": reliability.curve(f)[:2]
            for f in (1.0, best)
        }
        save_lines(options.plot, lines, "probability", "share of object", "Reliability of the probabilities")
    if options.write:
        config = dataclasses.replace(
            model.config, inverse_temperature=round(model.config.inverse_temperature * best, 3)
        )
        write_config(config, options.weights)
