"""Labels that teach nothing: found before they are learnt from, and counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SPECK = 16
"""Pixels of a label that is taken for a slip of the hand, or fewer."""
EVERYTHING = 0.98
"""Share of its picture that a label must not exceed."""
DOUBLED = 0.9
"""IoU with an earlier label of the picture from which a label is its double."""

REASONS = {
    "empty": "no pixel",
    "speck": f"{SPECK} pixels or fewer",
    "everything": f"over {EVERYTHING:.0%} of the picture",
    "doubled": "the pixels of another label",
}


def why_bad(gt_mask: np.ndarray, earlier: Sequence[np.ndarray] = ()) -> str | None:
    """Why a ground truth int8 (H, W) is not learnt from, a key of REASONS; None where it is.

    Args:
        earlier: good ones of the same picture.
    """
    region = gt_mask == 1
    pixels = np.count_nonzero(region)
    if not pixels:
        return "empty"
    if pixels <= SPECK:
        return "speck"
    if pixels > EVERYTHING * np.count_nonzero(gt_mask != -1):
        return "everything"
    for other in earlier:
        both = np.count_nonzero(region & (other == 1))
        if both and both > DOUBLED * (pixels + np.count_nonzero(other == 1) - both):
            return "doubled"
    return None
