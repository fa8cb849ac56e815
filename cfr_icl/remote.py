"""A predictor whose network runs in another process, such as on a GPU that a service lends for one call.

Such a service pickles the arguments of a call and sends them to a worker process that was forked after the
network was loaded. Only the returned prediction comes back; other changes of state in the worker are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.models.base import InteractiveModel
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import LookAheadPredictor, PredictionCache
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import Segmenter

Predict = Callable[
    [np.ndarray, tuple[Click, ...], "np.ndarray | None", "Rectangle | None", "int | None", CascadeForward],
    Prediction,
]
"""Predicts from a picture and the arguments of `Predictor.predict`, in that order."""

CALL_SECONDS = 20
"""Longest duration of a call."""


def remote_predict(model: InteractiveModel, decorate: Callable[..., Any]) -> Predict:
    """Make a function that predicts in one call, sent to the GPU by the service's decorator.

    Args:
        model: the network, loaded before the service forks its worker.
        decorate: called as `decorate(duration=CALL_SECONDS)`, such as `spaces.GPU`.
    """

    @decorate(duration=CALL_SECONDS)
    def predict(picture, clicks, previous_mask, box, choice, cfr):
        segmenter = Segmenter(model)
        segmenter.set_image(picture)
        return segmenter.predict(clicks, previous_mask=previous_mask, box=box, choice=choice, cfr=cfr)

    return predict


class RemoteSegmenter(LookAheadPredictor):
    """A `Predictor` that calls `predict` for every prediction that is not in its cache.

    It does nothing ahead and has no previews: a network elsewhere may have others waiting, so that no idle
    time of it is known here, and the features are there.
    """

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._picture: np.ndarray | None = None
        self._cache: PredictionCache[None] = PredictionCache()

    def set_image(self, picture: np.ndarray) -> None:
        self._picture = picture
        self._cache = PredictionCache()

    def look_ahead(self) -> Iterator[None]:
        return iter(())

    def predict(
        self,
        clicks: Sequence[Click],
        *,
        previous_mask: np.ndarray | None = None,
        box: Rectangle | None = None,
        choice: int | None = None,
        cfr: CascadeForward = CascadeForward(),
    ) -> Prediction:
        if self._picture is None:
            raise RuntimeError("Set a picture with set_image before predicting.")
        key = self._cache.key(clicks, previous_mask, cfr, box, choice)
        prediction = self._cache.prediction(key)
        if prediction is None:
            prediction = self._predict(self._picture, key.clicks, previous_mask, box, choice, cfr)
            self._cache.add(key, prediction, None)
        return prediction
