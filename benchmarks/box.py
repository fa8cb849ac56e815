"""How good and how fast the answer to a box is, by what the network is told of the box.

    python benchmarks/box.py --data folder=DUTS/val folder=COCO/val [--half even] [--limit 24]

The box is the smallest one around the object; objects of at least 1 % of their picture, three of each
picture at most.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.measure import table
from cfr_icl import Segmenter, load_model
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.data.registry import open_dataset
from cfr_icl.data.source import select
from cfr_icl.evaluation import iou, object_area
from cfr_icl.rectangle import Rectangle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", default="embedded", help="as for load_model")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="KIND=PATH", help="as for training/evaluate.py"
    )
    parser.add_argument("--half", choices=("even", "odd"), default="even")
    parser.add_argument("--limit", type=int, default=24, help="pictures of each set")
    options = parser.parse_args()
    model = load_model(options.source)
    rows = []
    for source in options.data:
        dataset = open_dataset(*source.split("=", 1))
        found: dict[str, list[tuple[float, float]]] = {}
        for index in select(dataset.names, options.half, options.limit):
            sample = dataset[index]
            segmenter = Segmenter(model)
            segmenter.set_image(sample.image)
            segmenter.prepare()
            for gt_mask in [gt_mask for gt_mask in sample.gt_masks if object_area(gt_mask) >= 0.01][:3]:
                for name, answer in answers(segmenter, gt_mask).items():
                    found.setdefault(name, []).append(answer)
        rows += [row(source, name, answered) for name, answered in found.items()]
    print(table(rows))


def answers(segmenter: Segmenter, gt_mask: np.ndarray) -> dict[str, tuple[float, float]]:
    """IoU and seconds of the answer by what was told."""
    rows, columns = np.nonzero(gt_mask == 1)
    left, top, right, bottom = (int(v) for v in (columns.min(), rows.min(), columns.max(), rows.max()))
    box = Rectangle(left, top, right + 1, bottom + 1)
    clicks = box_clicks(box, gt_mask.shape)
    batched = [replace(click, batched=True) for click in clicks]
    told = {
        "its clicks one by one": (clicks, None),
        "its clicks at once": (batched, None),
        "its clicks at once, all of it probable": (batched, box_mask(box, gt_mask.shape)),
        "its clicks at once, an ellipse in it probable": (batched, box_guess(box, gt_mask.shape)),
    }
    found = {}
    for name, (seen, guess) in told.items():
        start = time.perf_counter()
        mask = segmenter.predict(seen, previous_mask=guess).mask
        found[name] = iou(mask, gt_mask), time.perf_counter() - start
    return found


def box_mask(box: Rectangle, size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size, np.float32)
    mask[box.slices] = 0.6
    return mask


def row(source: str, name: str, answered: list[tuple[float, float]]) -> dict[str, str]:
    ious, seconds = np.array(answered).T
    return {
        "data": Path(source).parent.name,
        "the network is told": name,
        "objects": str(len(ious)),
        "IoU": f"{100 * ious.mean():.1f}",
        "below 50 %": f"{np.mean(ious < 0.5):.0%}",
        "ms": f"{1000 * np.median(seconds):.0f}",
    }


if __name__ == "__main__":
    main()
