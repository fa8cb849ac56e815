"""What the choices of a first click bring: IoU of the answer and of the best choice, and clicks after each.

    python -m benchmarks.choices --data folder=DUTS/val folder=COCO/val [--half even] [--clicks 10]

The robot user clicks once on objects of at least 1 % of their picture, three of each picture at most. Then it
takes the best of the masks and clicks on; taking a further mask counts as one more action. Sessions end at
IoU 0.90 or after --clicks clicks, which count for objects that do not reach it.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.measure import table
from benchmarks.pictures import add_objects, objects, robot_clicks
from cfr_icl import Segmenter, load_model
from cfr_icl.evaluation import clicks_to_reach, iou
from cfr_icl.evaluation.paired import difference

TARGETS = (0.85, 0.90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", default="embedded", help="as for load_model")
    parser.add_argument("--clicks", type=int, default=1, help="clicks of a session at most")
    add_objects(parser)
    options = parser.parse_args()
    model, rows = load_model(options.source), []
    for label, pictures in objects(options).items():
        answers = []
        for picture, gt_masks in pictures:
            segmenter = Segmenter(model)
            segmenter.set_image(picture)
            answers += [sessions(segmenter, gt_mask, model.choices, options.clicks) for gt_mask in gt_masks]
        rows.append(row(label, answers, options.clicks))
    print(table(rows))


def sessions(
    segmenter: Segmenter, gt_mask: np.ndarray, choices: int, clicks: int
) -> tuple[list[list[float]], list[float]]:
    """IoUs after each click, without choice and with the best one, and the first IoU of each choice."""
    gt_mask = gt_mask.astype(np.int32)
    first = [session(segmenter, gt_mask, choice or None, 1)[0] for choice in range(choices)]
    best = int(np.argmax(first))
    plain = session(segmenter, gt_mask, None, clicks)
    return [plain, session(segmenter, gt_mask, best, clicks) if best else plain], first


def session(segmenter: Segmenter, gt_mask: np.ndarray, choice: int | None, most: int) -> list[float]:
    """IoU after each click, from a choice of the first click on."""
    ious = []
    for _, prediction in robot_clicks(segmenter, gt_mask, most, choice=choice):
        ious.append(iou(prediction.mask, gt_mask))
        if ious[-1] >= TARGETS[-1]:
            break
    return ious


def row(label: str, answers: list[tuple[list[list[float]], list[float]]], clicks: int) -> dict[str, str]:
    first = 100 * np.array([each for _, each in answers])
    gain = first.max(axis=1) - first[:, 0]
    cells = {
        "data": label,
        "objects": str(len(answers)),
        "IoU&1": f"{first[:, 0].mean():.1f}",
        "each further mask": ", ".join(f"{value:.1f}" for value in first[:, 1:].mean(axis=0)),
        "best": f"{first.max(axis=1).mean():.1f}",
        "gain": str(difference(gain)),
        "a further one is best": f"{np.mean(gain > 0):.0%}",
        "below 50 %, before and with the best": (
            f"{np.mean(first[:, 0] < 50):.0%}, {np.mean(first.max(axis=1) < 50):.0%}"
        ),
    }
    if clicks > 1:
        for target in TARGETS:
            plain = np.array([clicks_to_reach(s[0], target, clicks) for s, _ in answers])
            free = np.array([clicks_to_reach(s[1], target, clicks) for s, _ in answers])
            taken = np.minimum(clicks, free + (gain > 0))
            cells[f"NoC {target:.0%}".rstrip("%")] = f"{plain.mean():.2f}"
            cells[f"NoC {target:.0%}".rstrip("%") + ", best taken"] = f"{free.mean():.2f}"
            cells[f"actions to {target:.0%}".rstrip("%")] = f"{taken.mean():.2f}: {difference(taken - plain)}"
    return cells


if __name__ == "__main__":
    main()
