"""Calibrate a model: choose the sharpness with which its probabilities mean what they say.

    python training/calibrate.py --weights runs/mine/model --data folder=PATH --half even --write

The robot user clicks; after each click the probabilities inside the zoom window are compared with the
truth. The sharpness scales logits around the mask threshold, so that the thresholded answer stays.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from cfr_icl import Segmenter, load_model
from cfr_icl.cfr import THRESHOLD_LOGIT
from cfr_icl.evaluation import object_area, simulate
from cfr_icl.report import save_lines
from cfr_icl.segmenter import Prediction
from cfr_icl.weights.loading import CONFIG_NAME
from training.evaluate import Source, one_thread, select

LOGIT_EDGES = np.linspace(-15, 15, 601)
BINS = 15


@dataclasses.dataclass
class Reliability:
    """How much of the windows' area has a logit, and how much of that is object.

    Both are counted in `len(LOGIT_EDGES) - 1` bins; each answer weighs the same, however large.
    """

    area: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(len(LOGIT_EDGES) - 1))
    object: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(len(LOGIT_EDGES) - 1))

    def add(self, probabilities: np.ndarray, truth: np.ndarray) -> None:
        """Count an answer: probabilities float (H, W) and truth int (H, W), -1 left out."""
        known = truth >= 0
        p = np.clip(probabilities[known].astype(np.float64), 1e-6, 1 - 1e-6)
        logits = np.log(p / (1 - p))
        weights = np.full(len(logits), 1 / max(1, len(logits)))
        self.area += np.histogram(logits, LOGIT_EDGES, weights=weights)[0]
        self.object += np.histogram(logits, LOGIT_EDGES, weights=weights * (truth[known] == 1))[0]

    def surprise(self, sharpness: float) -> float:
        """Mean negative log-likelihood of a pixel, in nats."""
        logits = _scaled(sharpness)
        nats = self.object * np.logaddexp(0, -logits) + (self.area - self.object) * np.logaddexp(0, logits)
        return float(nats.sum() / self.area.sum())

    def curve(self, sharpness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each of BINS equal steps of probability: mean probability, share of object, share of area."""
        p = 1 / (1 + np.exp(-_scaled(sharpness)))
        steps = np.minimum((p * BINS).astype(int), BINS - 1)
        area = np.bincount(steps, self.area, BINS)
        said, found = (
            np.bincount(steps, x, BINS) / np.maximum(area, 1e-12) for x in (p * self.area, self.object)
        )
        return said, found, area / area.sum()

    def error(self, sharpness: float) -> float:
        """Expected calibration error, 0 to 1."""
        said, found, share = self.curve(sharpness)
        return float((share * np.abs(said - found)).sum())

    def best_sharpness(self) -> float:
        """The sharpness with the least surprise, between 0.2 and 5."""
        candidates = np.exp(np.linspace(np.log(0.2), np.log(5), 200))
        return float(min(candidates, key=self.surprise))


def _scaled(sharpness: float) -> np.ndarray:
    """The logit of each bin, scaled around the threshold."""
    middles = (LOGIT_EDGES[:-1] + LOGIT_EDGES[1:]) / 2
    return THRESHOLD_LOGIT + sharpness * (middles - THRESHOLD_LOGIT)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    model = load_model(options.weights, "cpu")
    reliability = Reliability()
    with one_thread():
        for probabilities, truth in answers(Segmenter(model), options):
            reliability.add(probabilities, truth)
    if not reliability.area.sum():
        raise ValueError("There is no object that is large enough.")
    found = reliability.best_sharpness()
    print("| sharpness | calibration error | nats a pixel |\n| --- | ---: | ---: |")
    for factor in (1.0, found):
        name = f"{model.config.sharpness * factor:.2f}"
        print(f"| {name} | {reliability.error(factor):.4f} | {reliability.surprise(factor):.4f} |")
    if options.plot:
        lines = {
            f"sharpness {model.config.sharpness * f:.2f}": reliability.curve(f)[:2] for f in (1.0, found)
        }
        save_lines(
            options.plot, lines, "probability", "share of object", "Do probabilities mean what they say?"
        )
    if options.write:
        path = Path(options.weights) / CONFIG_NAME
        config = dataclasses.replace(model.config, sharpness=round(model.config.sharpness * found, 3))
        path.write_text(json.dumps(config.to_dict(), indent=2) + "\n", encoding="utf-8")


def answers(segmenter: Segmenter, options: argparse.Namespace) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Probabilities and truth inside the window after each of the robot's first clicks."""
    for source in options.data:
        dataset = source.open()
        for index in select(dataset.names, options.half, options.limit):
            sample = dataset[index]
            for truth in sample.truths:
                if object_area(truth) >= options.min_area:
                    given: list[Prediction] = []
                    simulate(
                        segmenter,
                        sample.image,
                        truth,
                        max_clicks=options.clicks,
                        on_click=lambda _, prediction, __, given=given: given.append(prediction),
                    )
                    for prediction in given:
                        window = prediction.window.slices
                        yield prediction.probabilities[window], truth[window]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--weights", default="embedded", help="what load_model takes; a folder for --write")
    add("--data", nargs="+", required=True, type=Source.parse, metavar="NAME=PATH", help="as for evaluate.py")
    add("--half", choices=["even", "odd"], help="only pictures whose name has an even or odd CRC-32")
    add("--limit", type=int, help="at most so many pictures a data set, spread evenly over it")
    add("--min-area", type=float, default=0.01, help="leave out objects below this share of the picture")
    add("--clicks", type=int, default=5, help="clicks of the robot user for each object")
    add("--plot", type=Path, metavar="FILE.png", help="draw the reliability curve")
    add("--write", action="store_true", help="write the sharpness into the model folder's config.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
