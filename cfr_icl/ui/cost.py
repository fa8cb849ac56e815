"""What a model costs: its size, where it runs, its licence, and its times as measured on this machine."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Any

from cfr_icl.predictor import LookAheadPredictor
from cfr_icl.weights.licence import read_licence

TIMES_KEPT = 9
"""Pictures and clicks that a time is the median of."""

FROM_CACHE = 0.001
"""Seconds below which no network has run: the answer was known."""


class ModelCost:
    """One model's cost, shared by all pages that use it.

    Args:
        source: where the model is from, as `load_model` takes it; None where that is not known.
    """

    def __init__(self, source: str | None = None) -> None:
        self._source = source
        self._facts: dict[str, Any] | None = None
        self._pictures: deque[float] = deque(maxlen=TIMES_KEPT)
        self._clicks: deque[float] = deque(maxlen=TIMES_KEPT)

    def add_picture(self, seconds: float) -> None:
        """Note how long it took to encode a picture before its first click."""
        if seconds > FROM_CACHE:
            self._pictures.append(seconds)

    def add_click(self, seconds: float) -> None:
        """Note how long a prediction took."""
        if seconds > FROM_CACHE:
            self._clicks.append(seconds)

    def look_at(self, predictor: LookAheadPredictor) -> None:
        """Note size, device and licence of a loaded model; of one that runs elsewhere they are not known."""
        model = getattr(predictor, "model", None)
        if model is not None and self._facts is None:
            self._facts = {
                "parameters": model.parameter_count or None,
                "device": str(model.device),
                "licence": read_licence(self._source) if self._source else None,
            }

    def describe(self) -> dict[str, Any] | None:
        """The cost as in `replies.ModelCost`; None until the model is loaded, or where it runs elsewhere."""
        if self._facts is None:
            return None
        return {**self._facts, "picture": _seconds(self._pictures), "click": _seconds(self._clicks)}


def _seconds(times: deque[float]) -> float | None:
    """The median of some times in seconds, to two digits; None without times."""
    return float(f"{median(times):.2g}") if times else None
