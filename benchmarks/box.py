"""How good and how fast the answer to a box is, by what the network is told of the box.

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
        found: dict[str, list[tuple[float, float]]] = {}
        for picture, gt_masks in pictures:
            segmenter = Segmenter(model)
            segmenter.set_image(picture)
            segmenter.prepare()
            for gt_mask in gt_masks:
                for name, answer in answers(segmenter, gt_mask).items():
                    found.setdefault(name, []).append(answer)
        rows += [row(label, name, answered) for name, answered in found.items()]
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
        "data": source,
        "the network is told": name,
        "objects": str(len(ious)),
        "IoU": f"{100 * ious.mean():.1f}",
        "below 50 %": f"{np.mean(ious < 0.5):.0%}",
        "ms": f"{1000 * np.median(seconds):.0f}",
    }


if __name__ == "__main__":
    main()
