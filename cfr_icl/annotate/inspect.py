"""Looking inside an answer: probabilities, and each inner pass of CFR with what it changed."""

from __future__ import annotations

import base64
import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

from cfr_icl.annotate.session import ActionError, Session

MAP_SIDE = 640
PASS_SIDE = 96


def inside(session: Session) -> dict[str, Any]:
    """The active object's last answer for the page: small pictures and numbers, as JSON.

    Raises:
        ActionError: when no object with clicks is active.
    """
    instance = session.active
    if instance is None or not instance.clicks:
        raise ActionError("Select an object with clicks to look inside its answer.")
    prediction = session.predict(instance)
    trace = prediction.trace
    window = prediction.window
    masks = [probabilities > instance.threshold for probabilities in trace]
    passes = []
    for index, probabilities in enumerate(trace):
        before = masks[index - 1] if index else np.zeros_like(masks[0])
        cut = probabilities[window.top : window.bottom, window.left : window.right]
        passes.append(
            {
                "picture": _grey(cut, PASS_SIDE),
                "added": int((masks[index] & ~before).sum()),
                "removed": int((before & ~masks[index]).sum()),
            }
        )
    return {
        "object": instance.id,
        "version": instance.mask.version,
        "probabilities": _grey(trace[-1], MAP_SIDE),
        "window": list(window),
        "passes": passes,
        "kept": len(passes) - 1 if instance.kept is None else instance.kept,
    }


def _grey(probabilities: np.ndarray, longest: int) -> str:
    """Probabilities (H, W) as a small grey JPEG in a data URL."""
    scale = min(1.0, longest / max(probabilities.shape))
    size = [max(1, round(side * scale)) for side in reversed(probabilities.shape)]
    small = cv2.resize(probabilities, size, interpolation=cv2.INTER_AREA)
    buffer = io.BytesIO()
    Image.fromarray(np.round(small * 255).astype(np.uint8)).save(buffer, format="JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
