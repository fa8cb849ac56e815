"""Inspect a prediction: probabilities, and each inner pass of CFR with the pixels that it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.session.session import Session
from cfr_icl.data_url import data_url
from cfr_icl.prediction import Prediction
from cfr_icl.sentences import Sentence

MAP_SIDE = 640
PASS_SIDE = 96

ADDED, REMOVED = (34, 197, 94), (239, 68, 68)
"""Colours of the pixels that a pass changed."""


def inside(session: Session) -> dict[str, Any]:
    """The active object's prediction for the page: small pictures and numbers, as JSON.

    It is computed by the current network with the CFR settings of the object's mask. If the result differs
    from the object's mask, which another network then made, a notice says so.

    Raises:
        ActionError: when no object with clicks is active.
    """
    instance = session.active
    if instance is None or not instance.is_predictable:
        raise ActionError("Select an object with clicks to inspect its prediction.")
    prediction = session.predict(instance)
    if Mask.of_runs(*session.size, prediction.rle_above(instance.threshold, instance.chosen_pass)) != (
        instance.network_mask
    ):
        session.notices.append(
            Sentence(
                "Another model made the mask of object {id}; Inspect shows the passes of the current one.",
                id=instance.id,
            )
        )
    window = prediction.window
    return {
        "prediction": instance.prediction,
        "probabilities": _jpeg(prediction.probabilities, MAP_SIDE),
        "window": [*window.rows, *window.columns],
        "passes": _passes(prediction, instance.threshold),
        "chosen_pass": prediction.chosen if instance.chosen_pass is None else instance.chosen_pass,
    }


def _passes(prediction: Prediction, threshold: float) -> list[dict[str, Any]]:
    """Each pass with its map within the window, and the pixels that it changed."""
    within = prediction.window.slices
    masks = [prediction.mask_above(threshold, index) for index in range(len(prediction.passes))]
    passes = []
    for index, (probabilities, inner) in enumerate(zip(prediction.trace, prediction.passes, strict=True)):
        refined = index - 1 if inner.refined is None else inner.refined
        before = masks[refined] if index else np.zeros_like(masks[0])
        added, removed = masks[index] & ~before, before & ~masks[index]
        changes = [(added[within], ADDED), (removed[within], REMOVED)] if index else []
        passes.append(
            {
                "picture": _jpeg(probabilities[within], PASS_SIDE, changes),
                "added": int(added.sum()),
                "removed": int(removed.sum()),
                "close_up": inner.close_up is not None,
            }
        )
    return passes


def _jpeg(probabilities: np.ndarray, longest: int, changes: Sequence[tuple[np.ndarray, Any]] = ()) -> str:
    """Probabilities (H, W) in grey as a small JPEG in a data URL, with changed pixels in a colour."""
    scale = min(1.0, longest / max(probabilities.shape))
    size = [max(1, round(side * scale)) for side in reversed(probabilities.shape)]
    small = cv2.resize(probabilities, size, interpolation=cv2.INTER_AREA)
    picture = np.repeat(np.round(small * 255).astype(np.uint8)[..., None], 3, axis=2)
    for changed, colour in changes:
        picture[cv2.resize(changed.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.05] = colour
    return data_url(Image.fromarray(picture), quality=85)
