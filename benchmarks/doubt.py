"""Rank correlation of a mask's certainty with its IoU: does the order of doubt show the worst masks first?

    python -m benchmarks.doubt --data folder=DUTS/val folder=COCO/val

Each object is predicted from one click of the robot user, as in a batch, and its certainty compared with the
IoU with the ground truth.
"""

from __future__ import annotations

import numpy as np

from benchmarks.measure import table
from benchmarks.pictures import model_and_objects, robot_clicks
from cfr_icl import Segmenter
from cfr_icl.annotate.objects.document import UNSURE
from cfr_icl.annotate.session.certainty import certainty
from cfr_icl.evaluation.metrics import iou

BAD = 0.7
"""IoU below which a mask needs a correction."""


def main() -> None:
    model, sets = model_and_objects(__doc__)
    segmenter = Segmenter(model)
    rows = []
    for name, pictures in sets.items():
        figures = []
        for picture, gt_masks in pictures:
            segmenter.set_image(picture)
            for gt_mask in gt_masks:
                _, prediction = next(robot_clicks(segmenter, gt_mask, 1))
                agreement = prediction.passes[prediction.chosen].agreement
                figures.append((certainty(prediction), agreement, iou(prediction.mask, gt_mask)))
        rows.append(row(name, np.array(figures)))
    print(table(rows))


def row(source: str, figures: np.ndarray) -> dict[str, str]:
    """Figures of a data set, from the certainty, agreement and IoU of each object, (n, 3)."""
    sure, agreement, ious = figures.T
    order = np.argsort(sure)
    bad = ious < BAD
    first = order[: len(order) // 3]
    return {
        "data": source,
        "objects": str(len(figures)),
        "rank correlation with IoU": f"{correlation(sure, ious):.2f}",
        "of the chosen pass alone": f"{correlation(agreement, ious):.2f}",
        f"masks below {BAD:g}": str(int(bad.sum())),
        "of these in the first third": f"{bad[first].sum() / max(1, bad.sum()):.0%}",
        f"marked (below {UNSURE:g})": f"{np.mean(sure < UNSURE):.0%}",
        "IoU of marked and others": f"{mean(ious[sure < UNSURE])}, {mean(ious[sure >= UNSURE])}",
    }


def mean(values: np.ndarray) -> str:
    return f"{100 * values.mean():.1f}" if len(values) else "–"


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's, from 1 for equal orders to -1 for opposite ones."""
    return float(np.corrcoef(*(np.argsort(np.argsort(values)) for values in (one, other)))[0, 1])


if __name__ == "__main__":
    main()
