"""Compose an object's mask from the network's mask, strokes, switches and neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from cfr_icl.annotate.objects.document import Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.clicks import Click
from cfr_icl.inner_distance import deepest_pixel
from cfr_icl.rectangle import Rectangle

THIN = 3
"""Parts of the remaining mask that are narrower, in pixels, are slivers."""

MARGIN = 32
"""Distance in pixels around taken pixels within which slivers are searched."""

CRUMB_PIXELS, CRUMB_SHARE = 40, 0.002
"""Parts beside taken pixels are crumbs below this number of pixels, or this share of the remaining mask."""

REST_SHARE = 0.1
"""Parts of at least this share of the mask are never crumbs."""

MAX_NEIGHBOUR_CLICKS = 8
"""The most neighbour clicks of an object."""


def composed(instance: Instance, others: Sequence[Instance]) -> Instance:
    """Return the object with recomputed `mask` and `left_out`; pixels of `others` stay with them.

    Pixels that an overlapping object shares with `instance.mask`, the mask until now, stay with both.
    """
    mask = instance.network_mask
    if instance.fill_holes or instance.keep_largest or instance.painted or instance.erased:
        mask = Mask.of(_reworked(instance))
    near = [
        other.mask.without(instance.mask) if other.overlap else other.mask
        for other in _keeping(instance, others)
        if mask.boxes_overlap(other.mask)
    ]
    taken = mask.intersection(Mask.union(near)) if near else None
    if taken is None or not taken.area:
        return replace(instance, mask=mask, left_out=0)
    free = without_slivers(mask.without(taken), taken, instance)
    return replace(instance, mask=free, left_out=mask.area - free.area)


def _keeping(instance: Instance, others: Sequence[Instance]) -> list[Instance]:
    """The objects whose pixels the object may not have."""
    if instance.overlap:
        return []
    return [each for each in others if each.id not in instance.overlaps and instance.id not in each.overlaps]


def retouched(instance: Instance, painted: np.ndarray, erased: np.ndarray) -> Instance:
    """Paint and erase pixels of an object, bool (H, W) each, over earlier strokes; `mask` stays as it was."""
    if instance.painted:
        painted = painted | (instance.painted.pixels & ~erased)
    if instance.erased:
        erased = erased | (instance.erased.pixels & ~painted)
    return replace(instance, painted=Mask.of(painted), erased=Mask.of(erased), certainty=None)


def without_slivers(free: Mask, taken: Mask, instance: Instance) -> Mask:
    """Remove slivers and crumbs from a mask after neighbours took their pixels.

    Slivers are thin rims along the taken pixels that were not thin before; crumbs are small parts beside the
    taken pixels. Parts with a positive click, and painted pixels, stay.

    Args:
        free: the remaining pixels.
        taken: the pixels that neighbours took.
    """
    if not free.area:
        return free
    box = with_margin(taken.box, MARGIN, free.height, free.width)
    rest, cut = (by_column(mask, box) for mask in (free, taken))
    beside = cv2.dilate(cut, np.ones((2 * THIN + 1, 2 * THIN + 1), np.uint8))
    removed = _slivers(rest, cut, beside)
    most = min(max(CRUMB_PIXELS, CRUMB_SHARE * free.area), REST_SHARE * (free.area + taken.area))
    removed |= _crumbs(rest ^ removed, beside, most, box, (free.height, free.width))
    if instance.painted:
        removed &= ~by_column(instance.painted, box)
    for click in instance.clicks:
        column, row = int(click.x) - box.left, int(click.y) - box.top
        inside = click.positive and 0 <= column < box.width and 0 <= row < box.height
        if inside and removed[column, row]:
            _, parts = cv2.connectedComponents(rest, connectivity=8)
            removed[parts == parts[column, row]] = 0
    if not removed.any():
        return free
    return free.without(Mask.placed(removed.T, box.left, box.top, free.height, free.width))


def _slivers(rest: np.ndarray, cut: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """The thin parts of `rest`, near the pixels in `cut`, that were not thin together with these.

    Arrays are uint8 (width, height) of 0 and 1, as of `by_column`; `beside` are the pixels near `cut`.
    """
    kernel = np.ones((THIN, THIN), np.uint8)
    core = cv2.morphologyEx(rest, cv2.MORPH_OPEN, kernel)
    # the corners and edges of the remaining mask keep their shape
    keep = cv2.dilate(core, np.ones((2 * THIN - 1, 2 * THIN - 1), np.uint8)) & rest
    slivers = (rest ^ keep) & beside
    return slivers & cv2.morphologyEx(rest | cut, cv2.MORPH_OPEN, kernel) if slivers.any() else slivers


def _crumbs(
    rest: np.ndarray, beside: np.ndarray, most: float, box: Rectangle, size: tuple[int, int]
) -> np.ndarray:
    """The connected parts of fewer than `most` pixels that touch `beside`; arrays as of `_slivers`."""
    _, parts = cv2.connectedComponents(rest, connectivity=8)
    small = _small_parts(parts, most, box, size)
    if not small.any():
        return np.zeros_like(rest)
    touching = np.zeros_like(small)
    touching[parts[beside > 0]] = True
    return (touching & small)[parts].astype(np.uint8)


def _small_parts(parts: np.ndarray, most: float, box: Rectangle, size: tuple[int, int]) -> np.ndarray:
    """Which parts have fewer than `most` pixels and lie within the box as a whole, bool by number.

    Args:
        parts: numbers of parts, 0 for none, column by column of the box.
        size: height and width of the picture.
    """
    small = np.bincount(parts.reshape(-1)) < most  # OpenCV's statistics take four times as long
    small[0] = False
    ends = (
        (box.left > 0, parts[0]),
        (box.right < size[1], parts[-1]),
        (box.top > 0, parts[:, 0]),
        (box.bottom < size[0], parts[:, -1]),
    )
    for goes_on, side in ends:
        if goes_on:
            small[side] = False
    return small


def with_margin(box: Rectangle, margin: int, height: int, width: int) -> Rectangle:
    """Grow a box by a margin on each side, inside a picture of this size."""
    left, top, right, bottom = box
    return Rectangle(left - margin, top - margin, right + margin, bottom + margin).inside(height, width)


def by_column(mask: Mask, box: Rectangle) -> np.ndarray:
    """The pixels of a mask inside a rectangle, uint8 (width, height) of 0 and 1, as its run lengths lie."""
    return mask.cropped(box).T.view(np.uint8)


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

    A click lies deepest inside the part that mask and neighbour share. The neighbour keeps its pixels in any
    case; the clicks keep the network from marking pixels around it.
    """
    keeping = _keeping(instance, others)
    near = [other.mask for other in keeping if instance.network_mask.boxes_overlap(other.mask)]
    shares = zip(instance.network_mask.shares_inside(near), near, strict=True)
    swallowed = [(share * mask.area, mask) for share, mask in shares if share > 0.5]
    click = instance.clicks[0]
    clicks = []
    for _, mask in sorted(swallowed, key=lambda pair: pair[0], reverse=True)[:MAX_NEIGHBOUR_CLICKS]:
        common = instance.network_mask.intersection(mask)
        box, part = common.box, common.box_pixels
        column, row = int(click.x) - box.left, int(click.y) - box.top
        if not (0 <= column < box.width and 0 <= row < box.height and part[row, column]):
            x, y = deepest_pixel(part, fast=True)
            clicks.append(Click(box.left + x, box.top + y, False))
    return tuple(clicks)


def largest_part(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask, bool (H, W)."""
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    sizes = statistics[1:, cv2.CC_STAT_AREA]
    return parts == 1 + sizes.argmax() if len(sizes) else mask


def without_holes(mask: np.ndarray) -> np.ndarray:
    """A mask, bool (H, W), with its holes filled."""
    background = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    _, parts = cv2.connectedComponents(background, connectivity=4)
    return (parts != parts[0, 0])[1:-1, 1:-1]
