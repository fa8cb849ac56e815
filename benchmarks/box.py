"""IoU and time of the mask for a box, for several ways to turn the box into the network's input.

    python -m benchmarks.box --data folder=DUTS/val folder=COCO/val [--half even] [--limit 24] [--sloppy 0.05]

The box is the smallest one around the object, its sides moved by up to a share of its width and height
(`--sloppy`); objects of at least 1 % of their picture, three of each picture at most. After the box the robot
user clicks twice on what is still wrong.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from benchmarks.measure import table
from benchmarks.pictures import add_objects, objects
from cfr_icl import Click, Segmenter, load_model
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.evaluation import iou
from cfr_icl.rectangle import Rectangle
from cfr_icl.robot import next_click

CORRECTIONS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", default="embedded", help="as for load_model")
    add_objects(parser)
    parser.add_argument("--sloppy", type=float, default=0.0, metavar="SHARE", help="largest error of a side")
    options = parser.parse_args()
    model, rng, rows = load_model(options.source), np.random.default_rng(0), []
    for label, pictures in objects(options).items():
        measured: dict[str, list[list[float]]] = {}
        for picture, gt_masks in pictures:
            segmenter = Segmenter(model)
            segmenter.set_image(picture)
            segmenter.prepare()
            for gt_mask in gt_masks:
                for name, figures in measure(
                    segmenter, gt_mask, box_around(gt_mask, options.sloppy, rng)
                ).items():
                    measured.setdefault(name, []).append(figures)
        rows += [row(label, name, figures) for name, figures in measured.items()]
    print(table(rows))


def box_around(gt_mask: np.ndarray, sloppy: float, rng: np.random.Generator) -> Rectangle:
    """The box around an object, int (H, W), its sides moved at random by up to a share of its size."""
    rows, columns = np.nonzero(gt_mask == 1)
    exact = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    off = sloppy * rng.uniform(-1, 1, 4) * np.tile(exact[2:] - exact[:2], 2)
    height, width = gt_mask.shape
    left, top, right, bottom = np.clip(np.round(exact + off), 0, [width, height, width, height]).astype(int)
    return Rectangle(int(left), int(top), max(int(left) + 1, int(right)), max(int(top) + 1, int(bottom)))


def measure(segmenter: Segmenter, gt_mask: np.ndarray, box: Rectangle) -> dict[str, list[float]]:
    """For each input that is made from the box: seconds, and IoU of its mask and after each correction."""
    clicks = box_clicks(box, gt_mask.shape)
    batched = tuple(replace(click, batched=True) for click in clicks)
    guess = box_guess(box, gt_mask.shape)
    inputs: dict[str, tuple[tuple[Click, ...], dict]] = {
        "its clicks one by one": (clicks, {}),
        "its clicks at once": (batched, {}),
        "its clicks at once, all of it probable": (batched, {"previous_mask": box_mask(box, gt_mask.shape)}),
        "its clicks at once, an ellipse in it probable": (batched, {"previous_mask": guess}),
        "the box": (batched, {"previous_mask": guess, "box": box}),
    }
    figures = {}
    for name, (prompt, options) in inputs.items():
        start = time.perf_counter()
        prediction = segmenter.predict(prompt, **options)
        figures[name] = [time.perf_counter() - start, iou(prediction.mask, gt_mask)]
        clicked = np.zeros(gt_mask.shape, bool)
        for _ in range(CORRECTIONS):
            click = next_click(prediction.probabilities, gt_mask, clicked)
            clicked[int(click.y), int(click.x)] = True
            prompt = (*prompt, click)
            prediction = segmenter.predict(prompt, **options)
            figures[name].append(iou(prediction.mask, gt_mask))
    return figures


def box_mask(box: Rectangle, size: tuple[int, int]) -> np.ndarray:
    """Probability 0.6 everywhere inside the box, float32 (H, W)."""
    mask = np.zeros(size, np.float32)
    mask[box.slices] = 0.6
    return mask


def row(source: str, name: str, figures: list[list[float]]) -> dict[str, str]:
    seconds, ious, *corrected = np.array(figures).T
    return {
        "data": source,
        "input": name,
        "objects": str(len(ious)),
        "IoU": f"{100 * ious.mean():.1f}",
        "below 50 %": f"{np.mean(ious < 0.5):.0%}",
        **{f"+{n} clicks": f"{100 * each.mean():.1f}" for n, each in enumerate(corrected, 1)},
        "ms": f"{1000 * np.median(seconds):.0f}",
    }


if __name__ == "__main__":
    main()
