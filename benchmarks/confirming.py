"""What a click changes where the mask is right already: on the object inside the mask, or outside of both.

    python -m benchmarks.confirming [MODEL] --data folder=DUTS/val folder=COCO/val [--half even] [--limit 24]

The robot user clicks twice on each object of at least 1 % of its picture, three of each picture at most.
Then a random pixel that is right gets a third click, positive or negative, each from the same state. Such a
click should change nothing.
"""

from __future__ import annotations

import numpy as np

from benchmarks.measure import table
from benchmarks.pictures import model_and_objects, robot_clicks
from cfr_icl import Segmenter
from cfr_icl.clicks import Click
from cfr_icl.evaluation import iou
from cfr_icl.predictor import Predictor

CLICKS = 2
WORSE = 0.02
"""Loss of IoU from which on a click counts as harmful."""


def main() -> None:
    model, sets = model_and_objects(__doc__)
    segmenter = Segmenter(model)
    rows = []
    for name, pictures in sets.items():
        changes: dict[bool, list[float]] = {True: [], False: []}
        for number, (picture, gt_masks) in enumerate(pictures):
            segmenter.set_image(picture)
            rng = np.random.default_rng(number)
            for gt_mask in gt_masks:
                for positive, change in confirm(segmenter, gt_mask, rng).items():
                    changes[positive].append(change)
        rows += [row(name, positive, np.array(found)) for positive, found in changes.items()]
    print(table(rows))


def confirm(segmenter: Predictor, gt_mask: np.ndarray, rng: np.random.Generator) -> dict[bool, float]:
    """By the sign of the click, how the IoU changes by it; a sign without a pixel is left out."""
    *_, (clicks, prediction) = robot_clicks(segmenter, gt_mask, CLICKS)
    before, found = iou(prediction.mask, gt_mask), {}
    for positive in (True, False):
        places = np.argwhere((prediction.mask == positive) & (gt_mask == positive))
        if len(places):
            y, x = places[rng.integers(len(places))]
            mask = segmenter.predict([*clicks, Click(int(x), int(y), positive)]).mask
            found[positive] = iou(mask, gt_mask) - before
    return found


def row(source: str, positive: bool, changes: np.ndarray) -> dict[str, str]:
    return {
        "data": source,
        "click": "positive, inside" if positive else "negative, outside",
        "clicks": str(len(changes)),
        "IoU": f"{100 * changes.mean():+.2f} ± {100 * changes.std() / max(1, len(changes)) ** 0.5:.2f}",
        f"worse by more than {WORSE:.0%}": f"{np.mean(changes < -WORSE):.0%}",
        f"better by more than {WORSE:.0%}": f"{np.mean(changes > WORSE):.0%}",
    }


if __name__ == "__main__":
    main()
