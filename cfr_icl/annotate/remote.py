"""A segmenter whose network runs elsewhere, for machines that lend a GPU for one call at a time.

There a call is pickled to a worker that was forked with the network in place: nothing that the
call changes comes back, only what it returns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.models.base import InteractiveModel
from cfr_icl.segmenter import Prediction, Segmenter

PREDICTIONS_KEPT = 16

Predict = Callable[
    [np.ndarray, tuple[Click, ...], CascadeForward, "np.ndarray | None"],
    Prediction,
]


def remote_predict(model: InteractiveModel, decorate: Callable[..., Any], seconds: int = 20) -> Predict:
    """The whole answer to a list of clicks as one function that `decorate` sends to the GPU."""

    @decorate(duration=seconds)
    def predict(picture, clicks, cfr, previous_mask):
        segmenter = Segmenter(model)
        segmenter.cfr = cfr
        segmenter.set_image(picture)
        return segmenter.predict(clicks, previous_mask)

    return predict


class RemoteSegmenter:
    """Like Segmenter, but each answer is one call; answers are remembered for undo."""

    def __init__(self, predict: Predict, steps: int) -> None:
        self.cfr = CascadeForward(steps)
        self._predict = predict
        self._picture: np.ndarray | None = None

    def set_image(self, image: np.ndarray) -> None:
        self._picture = image
        self._known: dict[tuple, Prediction] = {}

    def prepare(self) -> None:
        """Nothing: a GPU is asked for answers alone."""

    def predict(self, clicks: Sequence[Click], previous_mask: np.ndarray | None = None) -> Prediction:
        if self._picture is None:
            raise RuntimeError("Set a picture with set_image before predicting.")
        start = None if previous_mask is None else hashlib.sha256(previous_mask.tobytes()).digest()
        key = (tuple(clicks), self.cfr, start)
        if key not in self._known:
            self._known[key] = self._predict(self._picture, tuple(clicks), self.cfr, previous_mask)
            if len(self._known) > PREDICTIONS_KEPT:
                del self._known[next(iter(self._known))]
        return self._known[key]
