"""Examples and loss of the branch that answers boxes; the rest of the network stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cfr_icl.box import box_clicks, box_guess
from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import disk_maps
from cfr_icl.icl import normalised_focal_loss
from cfr_icl.models.branch import Branch
from cfr_icl.rectangle import Rectangle

SLOPPY = (0.01, 0.05, 0.1)
"""The largest error of a box's sides, as shares of its width and height; one of these for each box."""
MIN_SIDE = 0.08
"""Objects whose box has a shorter side, as a share of the window's, are left out."""
OBJECTS = 3
"""Boxes drawn in a window at most."""
DICE = 0.5
"""Weight of the Dice loss beside the normalised focal loss."""


@dataclass(frozen=True)
class BoxWindow:
    """A training window with its features, in half precision, and the objects to draw boxes around.

    Attributes:
        features: of the picture, (1, C, h, w) each.
        truths: int8 (K, S, S): 1 object, 0 background, -1 ignored.
    """

    features: tuple[torch.Tensor, ...]
    truths: np.ndarray


def box_window(
    features: tuple[torch.Tensor, ...], truths: np.ndarray, most: int, rng: np.random.Generator
) -> list[BoxWindow]:
    """Keep up to `most` objects of an encoded window that are large enough; none if there are none."""
    side = MIN_SIDE * truths.shape[1]
    large = [
        number
        for number, each in enumerate(truths == 1)
        if min(np.ptp(places) for places in np.nonzero(each)) + 1 >= side
    ]
    if not large:
        return []
    chosen = rng.permutation(large)[:most]
    return [BoxWindow(tuple(x.half() for x in features), truths[chosen])]


def sloppy_box(pixels: np.ndarray, rng: np.random.Generator) -> Rectangle:
    """The box around pixels, bool (H, W), as people draw it."""
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
    sides = np.tile(box[2:] - box[:2], 2)
    height, width = pixels.shape
    moved = np.round(box + rng.choice(SLOPPY) * rng.uniform(-1, 1, 4) * sides)
    left, top, right, bottom = (int(v) for v in np.clip(moved, 0, [width, height, width, height]))
    return Rectangle(left, top, max(left + 1, right), max(top + 1, bottom))


def prompt_maps_of_boxes(boxes: Sequence[Rectangle], size: tuple[int, int]) -> torch.Tensor:
    """The prompt maps of one box for each picture, in its pixels: float32 (B, 3, height, width).

    They are what `MapModel.prompt` makes: without the click in the middle, which may not lie on the object.
    """
    guesses = torch.stack([torch.from_numpy(box_guess(box, size).copy()) for box in boxes])[:, None]
    return torch.cat([guesses, disk_maps([list(box_clicks(box, size))[1:] for box in boxes], *size)], dim=1)


def loss(
    branch: Branch, batch: Sequence[BoxWindow], rng: np.random.Generator
) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of boxes drawn in these windows, and their mean IoU."""
    pictures, truths, boxes = [], [], []
    for number, window in enumerate(batch):
        for which in rng.permutation(len(window.truths))[:OBJECTS]:
            pictures.append(number)
            truths.append(torch.from_numpy(window.truths[which]))
            boxes.append(sloppy_box(window.truths[which] == 1, rng))
    features = tuple(
        torch.cat(maps)[pictures].float() for maps in zip(*(window.features for window in batch), strict=True)
    )
    with torch.autocast("cpu", torch.bfloat16):
        logits, _ = branch(features, prompt_maps_of_boxes(boxes, batch[0].truths.shape[1:]))
    truth = torch.stack(truths)[:, None].float()
    counted, expected = truth != -1, truth == 1
    probabilities = torch.sigmoid(logits) * counted
    both = (probabilities * expected).sum(dim=(1, 2, 3))
    dice = 1 - (2 * both + 1) / (probabilities.sum(dim=(1, 2, 3)) + expected.sum(dim=(1, 2, 3)) + 1)
    total = (normalised_focal_loss(logits, truth) + DICE * dice).mean()
    with torch.no_grad():
        mask = probabilities > MASK_THRESHOLD
        overlap, union = ((mask & expected).sum(dim=(1, 2, 3)), (mask | expected).sum(dim=(1, 2, 3)))
    return total, {"IoU": float((overlap / union).mean())}
