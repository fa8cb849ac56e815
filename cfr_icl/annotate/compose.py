"""Compose an object's mask from the network's mask, strokes, switches and neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from cfr_icl.annotate.document import Instance
from cfr_icl.annotate.masks import Mask
from cfr_icl.clicks import Click

MAX_NEIGHBOUR_CLICKS = 8
"""Swallowed neighbours that the network is told of."""


def composed(instance: Instance, others: Sequence[Instance]) -> Instance:
    """Return the object with `mask` and `left_out` composed anew; pixels of `others` are left to them."""
    mask = instance.network_mask
    if instance.fill_holes or instance.keep_largest or instance.painted or instance.erased:
        mask = Mask.of(_reworked(instance))
    near = [] if instance.overlap else [other.mask for other in others if mask.near(other.mask)]
    free = mask.without(Mask.union(near)) if near else mask
    return replace(instance, mask=free, left_out=mask.area - free.area)


def _reworked(instance: Instance) -> np.ndarray:
    """Apply the object's switches and strokes to its network mask, bool (H, W)."""
    mask = instance.network_mask.pixels
    if instance.fill_holes:
        mask = without_holes(mask)
    if instance.keep_largest:
        mask = largest_part(mask)
    if instance.painted:
        mask = mask | instance.painted.pixels
    if instance.erased:
        mask = mask & ~instance.erased.pixels
    return mask


def neighbour_clicks(instance: Instance, others: Sequence[Instance]) -> tuple[Click, ...]:
    """Place a negative click on each of the largest neighbours that the network mask swallowed.

    A click lies deepest inside the part that mask and neighbour share. The neighbour's pixels are left to it
    anyway; the clicks keep the network away from its surroundings.
    """
    if instance.overlap:
        return ()
    near = [other.mask for other in others if instance.network_mask.near(other.mask)]
    shares = zip(instance.network_mask.shares(near), near, strict=True)
    swallowed = [(share * mask.area, mask) for share, mask in shares if share > 0.5]
    click = instance.clicks[0]
    clicks = []
    for _, mask in sorted(swallowed, key=lambda pair: pair[0], reverse=True)[:MAX_NEIGHBOUR_CLICKS]:
        common = instance.network_mask.common(mask)
        left, top, width, height = common.box
        part = np.pad(common.part, 1).astype(np.uint8)
        column, row = int(click.x) - left, int(click.y) - top
        if not (0 <= column < width and 0 <= row < height and part[row + 1, column + 1]):
            depth = cv2.distanceTransform(part, cv2.DIST_L2, 3)[1:-1, 1:-1]
            y, x = np.unravel_index(depth.argmax(), depth.shape)
            clicks.append(Click(left + int(x), top + int(y), False))
    return tuple(clicks)


def largest_part(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask, bool (H, W)."""
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    sizes = statistics[1:, cv2.CC_STAT_AREA]
    return parts == 1 + sizes.argmax() if len(sizes) else mask


def without_holes(mask: np.ndarray) -> np.ndarray:
    """A mask, bool (H, W), with all background that it encloses."""
    background = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    _, parts = cv2.connectedComponents(background, connectivity=4)
    return (parts != parts[0, 0])[1:-1, 1:-1]
