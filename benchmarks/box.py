"""IoU and time of the mask for a box, for several ways to turn the box into the network's input.

    python -m benchmarks.box --data folder=DUTS/val folder=COCO/val [--half even] [--limit 24]

The box is the smallest one around the object; objects of at least 1 % of their picture, three of each
picture at most.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from benchmarks.measure import table
from benchmarks.pictures import model_and_objects
from cfr_icl import Segmenter
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.evaluation import iou
from cfr_icl.rectangle import Rectangle


def main() -> None:
    model, sets = model_and_objects(__doc__)
    rows = []
    for label, pictures in sets.items():
        measured: dict[str, list[tuple[float, float]]] = {}
        for picture, gt_masks in pictures:
            segmenter = Segmenter(model)
            segmenter.set_image(picture)
            segmenter.prepare()
            for gt_mask in gt_masks:
                for name, figures in measure(segmenter, gt_mask).items():
                    measured.setdefault(name, []).append(figures)
        rows += [row(label, name, figures) for name, figures in measured.items()]
    print(table(rows))


def measure(segmenter: Segmenter, gt_mask: np.ndarray) -> dict[str, tuple[float, float]]:
    """IoU and seconds of the prediction for each input that is made from the box around the object."""
    rows, columns = np.nonzero(gt_mask == 1)
    left, top, right, bottom = (int(v) for v in (columns.min(), rows.min(), columns.max(), rows.max()))
    box = Rectangle(left, top, right + 1, bottom + 1)
    clicks = box_clicks(box, gt_mask.shape)
    batched = [replace(click, batched=True) for click in clicks]
    inputs = {
        "its clicks one by one": (clicks, None),
        "its clicks at once": (batched, None),
        "its clicks at once, all of it probable": (batched, box_mask(box, gt_mask.shape)),
        "its clicks at once, an ellipse in it probable": (batched, box_guess(box, gt_mask.shape)),
    }
    figures = {}
    for name, (prompt, previous_mask) in inputs.items():
        start = time.perf_counter()
        mask = segmenter.predict(prompt, previous_mask=previous_mask).mask
        figures[name] = iou(mask, gt_mask), time.perf_counter() - start
    return figures


def box_mask(box: Rectangle, size: tuple[int, int]) -> np.ndarray:
    """Probability 0.6 everywhere inside the box, float32 (H, W)."""
    mask = np.zeros(size, np.float32)
    mask[box.slices] = 0.6
    return mask


def row(source: str, name: str, figures: list[tuple[float, float]]) -> dict[str, str]:
    ious, seconds = np.array(figures).T
    return {
        "data": source,
        "input": name,
        "objects": str(len(ious)),
        "IoU": f"{100 * ious.mean():.1f}",
        "below 50 %": f"{np.mean(ious < 0.5):.0%}",
        "ms": f"{1000 * np.median(seconds):.0f}",
    }


if __name__ == "__main__":
    main()
