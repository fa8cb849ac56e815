"""What further clicks of its own save a network that takes clicks as maps, in CFR's refinements.

    python -m benchmarks.pseudo_clicks --data folder=DUTS/val folder=COCO/val --log FILE [--objects 60]

Each refinement gets clicks that nobody made, where the network is least certain. A robot user clicks on one
object of at least 1 % of its picture, until the mask reaches an IoU of 0.90 or after 20 clicks, with the
settings of the page. Pictures are those of one half, in an order drawn with seed 0. FILE gets a line for each
object and form, and a further call goes on. Figures stand in docs/models.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.measure import table
from benchmarks.pictures import MIN_AREA
from cfr_icl import CascadeForward, Click, load_model
from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.cli.values import data_source
from cfr_icl.clicks import disk_maps
from cfr_icl.data.source import Source, select
from cfr_icl.evaluation import object_area
from cfr_icl.evaluation.metrics import clicks_to_reach, mean_ious
from cfr_icl.evaluation.paired import difference
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.simulation import simulate
from cfr_icl.inner_distance import deepest_pixel
from cfr_icl.models.map_model import MapModel
from cfr_icl.prediction import InnerPass
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window

CLICKS, TARGET = 20, 0.90
UNCERTAIN = 0.25
"""Probabilities nearer than this to the threshold are uncertain."""
LEAST_DEPTH = 2
"""Pixels between a click and the edge of its uncertain region; outlines are always uncertain, and thinner."""

Place = Callable[[np.ndarray], list[Click]]
"""The clicks of a refinement, from the probabilities (h, w) that are fed back."""


def uncertain(probabilities: np.ndarray) -> list[Click]:
    """A click at the deepest place of the uncertain pixels, with the sign of the side they are on."""
    found = _click_in(abs(probabilities - MASK_THRESHOLD) < UNCERTAIN, positive=True)
    return [
        replace(click, positive=bool(probabilities[click.y, click.x] > MASK_THRESHOLD)) for click in found
    ]


def uncertain_sides(probabilities: np.ndarray) -> list[Click]:
    """A positive click where the mask is least certain, a negative one where its outside is."""
    doubtful, mask = abs(probabilities - MASK_THRESHOLD) < UNCERTAIN, probabilities > MASK_THRESHOLD
    return _click_in(doubtful & mask, positive=True) + _click_in(doubtful & ~mask, positive=False)


def _click_in(region: np.ndarray, positive: bool) -> list[Click]:
    if not cv2.erode(region.astype(np.uint8), np.ones((2 * LEAST_DEPTH + 1,) * 2)).any():
        return []
    x, y = deepest_pixel(region)
    return [Click(x, y, positive)]


FORMS: dict[str, tuple[Place | None, bool]] = {
    "mask": (None, False),
    "mask, click where uncertain": (uncertain, False),
    "mask, clicks where uncertain inside and outside, which stay": (uncertain_sides, True),
}
"""How clicks are placed, and whether those of earlier refinements of the click stay."""


def place_clicks(model: MapModel, place: Place | None, stay: bool) -> None:
    """Let the model's refinements have further clicks; None for none."""
    earlier: list[tuple[Window, Click]] = []

    def run_pass(
        features: Any,
        prompt: torch.Tensor,
        previous: ProbabilityMap,
        window: Window,
        cfr: CascadeForward | None = None,
        with_choices: bool = True,
    ) -> InnerPass:
        if cfr is None or place is None:
            earlier.clear()
        else:
            if not stay or any(each != window for each, _ in earlier):
                earlier.clear()
            size = prompt.shape[2], prompt.shape[3]
            fed_back = previous.crop(window, size).numpy()
            earlier.extend((window, click) for click in place(fed_back))
            clicks = [[click for _, click in earlier]]
            if len(prompt) > 1:
                clicks.append([click.mirrored(size[1]) for click in clicks[0]])
            prompt = prompt.clone()
            prompt[:, 1:] = torch.maximum(prompt[:, 1:], disk_maps(clicks, *size))
        return MapModel.run_pass(model, features, prompt, previous, window, cfr, with_choices)

    model.run_pass = run_pass  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", default="embedded", help="as for load_model")
    parser.add_argument("--data", nargs="+", required=True, type=data_source, metavar="NAME=PATH")
    parser.add_argument("--half", choices=("even", "odd"), default="even")
    parser.add_argument("--objects", type=int, default=60, help="of each data set")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no object after so many")
    parser.add_argument("--log", type=Path, required=True, help="finished objects")
    options = parser.parse_args()
    model = load_model(options.source, "cpu", "float32")
    if not isinstance(model, MapModel):
        raise SystemExit(f"{options.source} does not take clicks as maps; see benchmarks/refinement.py.")
    segmenter = Protocol(widen=True, exact=False).segmenter(model)
    begun = time.monotonic()
    lines = options.log.read_text().splitlines() if options.log.is_file() else []
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for data, name, form, ious in map(json.loads, lines):
        found.setdefault((data, name), {})[form] = ious
    for source in options.data:
        for name, picture, gt_mask in _objects(source, options.half, options.objects):
            for form, (place, stay) in FORMS.items():
                sessions = found.setdefault((source.path, name), {})
                if form in sessions or time.monotonic() > begun + 60 * options.minutes:
                    continue
                place_clicks(model, place, stay)
                sessions[form] = simulate(segmenter, picture, gt_mask, CLICKS, TARGET).ious
                with options.log.open("a") as log:
                    log.write(json.dumps([source.path, name, form, sessions[form]]) + "\n")
    for source in options.data:
        complete = [
            each for (data, _), each in found.items() if data == source.path and each.keys() == FORMS.keys()
        ]
        if complete:
            print(f"\n{source.path}: {len(complete)} objects\n")
            print(table([_row(form, complete) for form in FORMS]))


def _objects(source: Source, half: str, count: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The first object that is large enough, of so many pictures."""
    dataset = source.open()
    indices = select(dataset.names, half, None)
    for index in np.random.default_rng(0).permutation(indices):
        sample = dataset[int(index)]
        large = [gt_mask for gt_mask in sample.gt_masks if object_area(gt_mask) >= MIN_AREA]
        if large and count:
            count -= 1
            yield sample.name, sample.image, large[0]


def _row(form: str, sessions: list[dict[str, list[float]]]) -> dict[str, str]:
    ious = mean_ious([each[form] for each in sessions], CLICKS)
    row = {"CFR": form}
    for target in (0.85, 0.90):
        clicks = [clicks_to_reach(each[form], target, CLICKS) for each in sessions]
        plain = [clicks_to_reach(each["mask"], target, CLICKS) for each in sessions]
        row[f"NoC {100 * target:.0f}"] = f"{np.mean(clicks):.2f}"
        row[f"against mask, {100 * target:.0f}"] = (
            "" if form == "mask" else str(difference(np.subtract(clicks, plain)))
        )
    return {**row, "IoU, 1 click": f"{100 * ious[0]:.1f}", "IoU, 3 clicks": f"{100 * ious[2]:.1f}"}


if __name__ == "__main__":
    main()
