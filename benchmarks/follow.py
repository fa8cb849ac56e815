"""IoU of masks that follow objects from picture to picture, compared with copied masks.

python -m benchmarks.follow --data folder=DUTS/val folder=COCO/val

Sequences are made of real objects: each is cut out, and moves, turns and scales over the next picture of
its data set, which drifts as under a moving camera; brightness changes and noise is new in every frame. Each
frame is followed from the one before it, as a person does who presses T on every picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.measure import table
from benchmarks.pictures import Objects, model_and_objects
from cfr_icl import CascadeForward, Segmenter
from cfr_icl.annotate.objects.document import UNSURE
from cfr_icl.annotate.session.follow import LOST, Motion, certainty, inner_clicks
from cfr_icl.evaluation.metrics import iou

FRAMES = 10
REPORTED = (1, 5, 10)
GOOD = 0.85
"""IoU from which a mask needs no correction."""


@dataclass(frozen=True)
class Frame:
    """The IoU of a transferred mask, and its certainty, 0 to 1."""

    iou: float
    certainty: float = 1.0


def main() -> None:
    model, sets = model_and_objects(__doc__)
    segmenter = Segmenter(model)
    rng = np.random.default_rng(0)
    rows, followed = [], []
    for name, samples in sets.items():
        ways: dict[str, list[list[Frame]]] = {}
        for pictures, gt_masks in sequences(samples, rng):
            for way, frames in carried_on(segmenter, pictures, gt_masks).items():
                ways.setdefault(way, []).append(frames)
        rows += [row(name, way, found) for way, found in ways.items()]
        followed += [frame for frames in ways["followed"] for frame in frames]
    print(table(rows))
    print(about_certainty(followed))


def sequences(
    samples: Objects, rng: np.random.Generator
) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Pictures uint8 (H, W, 3) and masks bool (H, W) of each sequence, FRAMES + 1 of them."""
    ground = None
    for picture, gt_masks in samples:
        if ground is not None and gt_masks:
            yield sequence(picture, gt_masks[0] == 1, cv2.resize(ground, picture.shape[1::-1]), rng)
        ground = picture


def sequence(
    picture: np.ndarray, mask: np.ndarray, ground: np.ndarray, rng: np.random.Generator
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """An object that crosses the middle of its path over a drifting ground.

    A frame moves it by 3 to 10 % of its size, turns it by up to 2 degrees and scales it by up to 2 %.
    """
    size = mask.shape[::-1]
    rows, columns = np.nonzero(mask)
    middle = float(columns.mean()), float(rows.mean())
    direction = rng.uniform(0, 2 * np.pi)
    step = rng.uniform(0.03, 0.1) * mask.sum() ** 0.5 * np.array([np.cos(direction), np.sin(direction)])
    turn, growth, drift = rng.uniform(-2, 2), rng.uniform(-0.02, 0.02), rng.uniform(-2, 2, 2)
    gain = rng.uniform(-0.01, 0.01)
    opaque = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    pictures, masks = [], []
    for number in range(FRAMES + 1):
        place = cv2.getRotationMatrix2D(middle, turn * number, 0.8 * (1 + growth) ** number)
        place[:, 2] += (number - FRAMES / 2) * step
        alpha = cv2.warpAffine(opaque, place, size)
        shift = np.array([[1, 0, drift[0] * number], [0, 1, drift[1] * number]])
        behind = cv2.warpAffine(ground.astype(np.float32), shift, size, borderMode=cv2.BORDER_REFLECT)
        front = cv2.warpAffine(picture.astype(np.float32), place, size)
        frame = (behind + alpha[..., None] * (front - behind)) * (1 + gain * number)
        pictures.append((frame + rng.normal(0, 3, frame.shape)).clip(0, 255).astype(np.uint8))
        masks.append(alpha > 0.5)
    return pictures, masks


def carried_on(
    segmenter: Segmenter, pictures: list[np.ndarray], gt_masks: list[np.ndarray]
) -> dict[str, list[Frame]]:
    """Transfer the first frame's mask to all frames, in each of four ways."""
    copied = gt_masks[0]
    ways: dict[str, list[Frame]] = {"copied": [], "moved alone": [], "network alone": [], "followed": []}
    moved_alone = network_alone = followed = copied
    for number in range(1, len(pictures)):
        gt_mask = gt_masks[number].astype(int)
        segmenter.set_image(pictures[number])
        motion = Motion(pictures[number - 1], pictures[number])
        moved_alone = motion.move(moved_alone)
        network_alone, _ = refined(segmenter, network_alone)
        followed, sure = refined(segmenter, motion.move(followed))
        ways["copied"].append(Frame(iou(copied, gt_mask)))
        ways["moved alone"].append(Frame(iou(moved_alone, gt_mask)))
        ways["network alone"].append(Frame(iou(network_alone, gt_mask)))
        ways["followed"].append(Frame(iou(followed, gt_mask), sure))
    return ways


def refined(segmenter: Segmenter, mask: np.ndarray) -> tuple[np.ndarray, float]:
    """The network's mask from a previous mask with an inner click, and its certainty."""
    clicks = inner_clicks(mask)
    if not clicks:
        return mask, 0.0
    prediction = segmenter.predict(clicks, previous_mask=mask, cfr=CascadeForward())
    return prediction.mask, certainty(prediction, mask)


def row(source: str, way: str, found: list[list[Frame]]) -> dict[str, str]:
    after = {number: [frames[number - 1].iou for frames in found] for number in REPORTED}
    return {
        "data": source,
        "way": way,
        "sequences": str(len(found)),
        **{f"IoU after {number}": f"{100 * np.mean(values):.1f}" for number, values in after.items()},
        f"good after {REPORTED[-1]}": f"{np.mean(np.array(after[REPORTED[-1]]) >= GOOD):.0%}",
    }


def about_certainty(frames: list[Frame]) -> str:
    """How well the certainty separates good masks from those that need a correction, in a sentence."""
    good = np.array([frame.iou >= GOOD for frame in frames])
    sure = np.array([frame.certainty for frame in frames])
    ranks = [np.argsort(np.argsort(values)) for values in (sure, np.array([frame.iou for frame in frames]))]
    bad, marked = ~good, sure < UNSURE
    return (
        f"certainty: rank correlation with IoU {np.corrcoef(*ranks)[0, 1]:.2f}; below {UNSURE:g} "
        f"{marked.mean():.0%} of {len(frames)} masks, of those with an IoU below {GOOD:g} "
        f"{(marked & bad).sum()} of {bad.sum()}; below {LOST:g} {(sure < LOST).sum()}"
    )


if __name__ == "__main__":
    main()
