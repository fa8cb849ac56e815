"""Suggest what may help after a click: a box, or that an object overlaps another one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cfr_icl.annotate.objects.document import Document, Instance

LITTLE_CLICKS, LITTLE_CHANGE = 3, 0.02
"""A box is suggested after so many clicks that each changed at most this share of the mask."""


def suggests_overlap(instance: Instance | None) -> bool:
    """Whether the newest click of the active object is on a pixel that another object keeps."""
    if instance is None or not instance.left_out or not instance.clicks:
        return False
    click = instance.clicks[-1]
    x, y = click.x, click.y
    return click.positive and instance.network_mask.contains(x, y) and not instance.mask.contains(x, y)


def suggests_box(steps: Sequence[Document]) -> bool:
    """Whether the last LITTLE_CLICKS steps, and not the one before, were clicks that changed little.

    A box around the active object may then tell the network more than another click.

    Args:
        steps: the current document last, and at least LITTLE_CLICKS + 1 before it where there are so many.
    """
    now = steps[-1]
    if now.active is None or now.find(now.active).box or not _clicks_changed_little(steps, LITTLE_CLICKS):
        return False
    return not _clicks_changed_little(steps, LITTLE_CLICKS + 1)


def _clicks_changed_little(steps: Sequence[Document], count: int) -> bool:
    """Whether the last `count` steps each added a click to the active object that changed little of it."""
    objects = [
        next((each for each in step.instances if each.id == steps[-1].active), None)
        for step in steps[-count - 1 :]
    ]
    if len(objects) <= count or any(each is None for each in objects):
        return False
    for before, after in pairwise(objects):
        if not before.clicks or before.clicks != after.clicks[:-1]:
            return False
        common = before.network_mask.intersection(after.network_mask).area
        changed = before.network_mask.area + after.network_mask.area - 2 * common
        if changed > LITTLE_CHANGE * after.network_mask.area:
            return False
    return True
