"""Follow objects from one picture to the next; the moved mask is the previous mask of the prediction."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from cfr_icl.annotate.objects.document import ActionError, Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.session.certainty import certainty
from cfr_icl.annotate.session.session import Session
from cfr_icl.clicks import Click
from cfr_icl.inner_distance import deepest_pixel
from cfr_icl.sentences import Sentence

FLOW_SIDE = 512
"""Longest side in pixels of the pictures between which motion is estimated."""

MOST_POINTS = 2000
"""Most points of an object to which its motion is fitted."""

LOST = 0.3
"""An object of lower certainty counts as lost (benchmarks/follow.py measures the value)."""

LEAST_LEFT = 0.2
"""Share of an object's area that must lie inside of the picture after its motion."""


def take_over(session: Session, before: Document, picture: np.ndarray, follow: bool) -> None:
    """Add the objects of another picture to the session's, with labels, colours and ids; one step of undo.

    Args:
        before: the document of the other picture.
        picture: its pixels, uint8 (H, W, 3) RGB.
        follow: predict each object at its new place; otherwise copy its mask. A notice lists lost objects,
            which are left out; unsure ones are marked.

    Raises:
        ActionError: when the pictures differ in size.
    """
    if picture.shape[:2] != session.size:
        raise ActionError("The previous picture has another size, so its masks do not fit this one.")
    if not follow:
        session.take_over([_copied(instance) for instance in before.instances], before.labels)
        return
    motion = Motion(picture, session.picture)
    followed = {instance.id: _followed(session, instance, motion) for instance in before.instances}
    found_again = [instance for instance in followed.values() if instance is not None]
    # pixels belong to the surest
    found_again.sort(key=lambda instance: instance.certainty or 0.0, reverse=True)
    if found_again:
        session.take_over(found_again, before.labels)
    lost = [instance for instance in before.instances if followed[instance.id] is None]
    if lost:
        names = ", ".join(f"{instance.id} ({instance.label})" for instance in lost)
        session.notices.append(Sentence("Lost from the previous picture: {names}.", names=names))
    unsure = sum(instance.unsure for instance in found_again)
    if unsure:
        session.notices.append(
            Sentence("Masks to look at, marked in the list: {unsure}; U goes to the next.", unsure=unsure)
        )


def _copied(instance: Instance) -> Instance:
    """The object without clicks, which were made on the other picture; its mask is the previous mask."""
    mask = instance.mask
    foreign = {name: value for name, value in (instance.foreign or {}).items() if name != "id"}
    return replace(
        instance,
        network_mask=mask,
        initial_mask=mask,
        clicks=(),
        neighbour_clicks=(),
        box=None,
        chosen_pass=None,
        painted=None,
        erased=None,
        left_out=0,
        timing=None,
        cfr=None,
        foreign=foreign or None,
        certainty=None,
    )


def _followed(session: Session, instance: Instance, motion: Motion) -> Instance | None:
    """The object with its mask on the session's picture; None when it is lost."""
    moved = motion.move(instance.mask.pixels)
    clicks = inner_clicks(moved)
    if not clicks or np.count_nonzero(moved) < LEAST_LEFT * instance.mask.area:
        return None
    start = replace(
        _copied(instance),
        mask=Mask.empty(*session.size),
        initial_mask=Mask.of(moved),
        clicks=clicks,
        cfr=session.document.cfr,
        visible=True,
        locked=False,
    )
    followed = session.predicted(start)
    sure = certainty(session.predict(start), moved)
    return None if sure < LOST or not followed.network_mask.area else replace(followed, certainty=sure)


class Motion:
    """The motion between two pictures of one size: dense optical flow (Kroeger et al., ECCV 2016).

    Args:
        before, now: uint8 (H, W, 3) RGB.
    """

    def __init__(self, before: np.ndarray, now: np.ndarray) -> None:
        self._scale = min(1.0, FLOW_SIDE / max(before.shape[:2]))
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._flow = flow.calc(self._grey(before), self._grey(now), None)  # type: ignore[call-overload]

    def _grey(self, picture: np.ndarray) -> np.ndarray:
        small = cv2.resize(picture, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA)
        return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)

    def move(self, mask: np.ndarray) -> np.ndarray:
        """Shift, turn and scale an object's mask to the object's new place, bool (H, W)."""
        height, width = self._flow.shape[:2]
        small = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        rows, columns = np.nonzero(small)
        if len(rows) < 3:
            return mask
        step = -(-len(rows) // MOST_POINTS)
        points = np.stack([columns[::step], rows[::step]], 1).astype(np.float32)
        targets = points + self._flow[rows[::step], columns[::step]]
        transform, _ = cv2.estimateAffinePartial2D(points, targets, ransacReprojThreshold=2)
        if transform is None:
            return mask
        transform[:, 2] = transform[:, 2] / self._scale
        moved = cv2.warpAffine(mask.astype(np.float32), transform, mask.shape[::-1])
        return moved > 0.5


def inner_clicks(mask: np.ndarray) -> tuple[Click, ...]:
    """One positive click at the deepest place of a mask; empty for an empty mask."""
    return (Click(*deepest_pixel(mask, fast=True)),) if mask.any() else ()
