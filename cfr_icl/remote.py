"""A segmenter whose network runs elsewhere, for services that lend a GPU for one call at a time.

Such a service pickles a call to a worker process that was forked with the network in place. The worker
returns the prediction; whatever else the call changes is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.models.base import InteractiveModel
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import PredictionCache
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import Segmenter

Predict = Callable[
    [np.ndarray, tuple[Click, ...], "np.ndarray | None", "Rectangle | None", "int | None", CascadeForward],
    Prediction,
]
"""A picture and the arguments of `Predictor.predict` in their order -> the prediction."""


def remote_predict(model: InteractiveModel, decorate: Callable[..., Any], seconds: int = 20) -> Predict:
    """A function that predicts in one call, sent to the GPU by the service's decorator.

    Args:
        decorate: called as `decorate(duration=seconds)`, such as `spaces.GPU`.
        seconds: the longest that a call may take.
    """

    @decorate(duration=seconds)
    def predict(picture, clicks, previous_mask, box, choice, cfr):
        segmenter = Segmenter(model)
        segmenter.set_image(picture)
        return segmenter.predict(clicks, previous_mask=previous_mask, box=box, choice=choice, cfr=cfr)

    return predict


class RemoteSegmenter:
    """A `Predictor` that asks `predict` for every prediction that it does not have in its cache."""

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._picture: np.ndarray | None = None

    def set_image(self, picture: np.ndarray) -> None:
        self._picture = picture
        self._cache: PredictionCache[None] = PredictionCache()

    def prepare(self) -> None:
        """Do nothing: the GPU is asked for predictions alone."""

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
        question = self._cache.question(clicks, previous_mask, cfr, box, choice)
        prediction = self._cache.prediction(question)
        if prediction is None:
            prediction = self._predict(self._picture, question.clicks, previous_mask, box, choice, cfr)
            self._cache.add(question, prediction, None)
        return prediction
