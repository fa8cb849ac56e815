"""Clicks saved by each form of CFR in models that take clicks as coordinates (SAM's family).

    python -m benchmarks.refinement FOLDER --data folder=DUTS/val folder=COCO/val [--half even] [--limit 12]

A robot user clicks on one object of at least 1 % of its picture, until the mask reaches an IoU of 0.90 or
after 10 clicks. The pictures' features are computed once for all forms. Figures stand in docs/models.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.measure import table
from benchmarks.pictures import add_objects, objects, robot_clicks
from cfr_icl import CascadeForward, Segmenter, load_model
from cfr_icl.evaluation import clicks_to_reach, iou

CLICKS = 10
TARGET = 0.90


def setting(steps: int = 1, click: bool = False, box: bool = False, best: bool = False) -> CascadeForward:
    return CascadeForward(
        steps=steps, adaptive=steps > 1, best_pass=best, pseudo_clicks=click, pseudo_boxes=box
    )


FORMS = {
    "off": setting(0),
    "logits": setting(),
    "logits, inner click": setting(click=True),
    "logits, box": setting(box=True),
    "logits, inner click, box": setting(click=True, box=True),
    "logits, inner click, best pass": setting(click=True, best=True),
    "logits, inner click, up to 4 steps": setting(4, click=True),
    "logits, inner click, up to 4 steps, best pass": setting(4, click=True, best=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="as for load_model")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS), metavar="FORM")
    parser.add_argument("--minutes", type=float, help="begin no further picture after so many")
    add_objects(parser)
    options = parser.parse_args()
    model = load_model(options.source)
    found: dict[str, list[tuple[list[float], float]]] = {name: [] for name in options.forms}
    start, counts = time.monotonic(), dict.fromkeys((source.label for source in options.data), 0)
    for label, picture, gt_mask in _alternating(options):
        if options.minutes and time.monotonic() > start + 60 * options.minutes:
            break
        segmenter = Segmenter(model)
        segmenter.set_image(picture)
        segmenter.prepare()
        for name in options.forms:
            found[name].append(session(segmenter, gt_mask, FORMS[name]))
        counts[label] += 1
    print(", ".join(f"{label}: {count} objects" for label, count in counts.items()))
    print(table([_row(name, sessions, found["off"]) for name, sessions in found.items()]))


def _alternating(options: argparse.Namespace) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """One object of each picture, the data sets by turns."""
    readers = objects(options)
    while readers:
        for label in list(readers):
            picture, gt_masks = next(readers[label], (None, None))
            if picture is None or gt_masks is None:
                del readers[label]
            elif gt_masks:
                yield label, picture, gt_masks[0]


def session(segmenter: Segmenter, gt_mask: np.ndarray, cfr: CascadeForward) -> tuple[list[float], float]:
    """The IoU after each click, and the mean number of passes for a click."""
    ious, passes = [], []
    for _, prediction in robot_clicks(segmenter, gt_mask, CLICKS, cfr=cfr):
        ious.append(iou(prediction.mask, gt_mask))
        passes.append(prediction.forwards)
        if ious[-1] >= TARGET:
            break
    return ious, float(np.mean(passes))


def _row(name: str, sessions: list, without: list) -> Mapping[str, str]:
    def clicks(ious: list[float], target: float) -> int:
        return clicks_to_reach(ious, target, CLICKS)

    def at(ious: list[float], number: int) -> float:
        return 100 * ious[min(number, len(ious)) - 1]

    difference = [clicks(a, 0.90) - clicks(b, 0.90) for (a, _), (b, _) in zip(sessions, without, strict=True)]
    error = np.std(difference, ddof=1) / len(difference) ** 0.5 if len(difference) > 1 else 0.0
    return {
        "CFR": name,
        "NoC 85": f"{np.mean([clicks(ious, 0.85) for ious, _ in sessions]):.2f}",
        "NoC 90": f"{np.mean([clicks(ious, 0.90) for ious, _ in sessions]):.2f}",
        "against off": f"{np.mean(difference):+.2f} ± {error:.2f}",
        "IoU, 1 click": f"{np.mean([at(ious, 1) for ious, _ in sessions]):.1f}",
        "IoU, 3 clicks": f"{np.mean([at(ious, 3) for ious, _ in sessions]):.1f}",
        "passes a click": f"{np.mean([passes for _, passes in sessions]):.1f}",
    }


if __name__ == "__main__":
    main()
