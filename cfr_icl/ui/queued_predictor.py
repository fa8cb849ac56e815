"""The predictor of a page: its network runs in the line of all networks, and computes ahead in idle time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import LookAheadPredictor
from cfr_icl.ui.cost import ModelCost
from cfr_icl.ui.network_line import NetworkLine

EXPECTED_BELOW = 0.3
"""Seconds of a pass above which no click is predicted before it comes: a click elsewhere waits for a pass."""


class QueuedPredictor:
    """A `Predictor` whose network runs in the line; it is made at the first use.

    Args:
        make: returns the predictor itself. It may load a network; this happens in the thread of the first
            caller, outside of the line.
        cost: notes how long the network takes.
        looks_ahead: whether idle time is used for what its caller probably needs next.
    """

    def __init__(
        self,
        line: NetworkLine,
        make: Callable[[], LookAheadPredictor],
        cost: ModelCost | None = None,
        *,
        looks_ahead: bool = True,
    ) -> None:
        self._line = line
        self._make = make
        self._cost = cost or ModelCost()
        self._looks_ahead = looks_ahead
        self._encoded = False
        self._preview_seconds = 0.0
        self._inner: LookAheadPredictor | None = None
        self._picture: np.ndarray | None = None
        self._expected: np.ndarray | None = None

    def load(self) -> LookAheadPredictor:
        """The predictor itself; made at the first call, which raises the exceptions of `make`."""
        if self._inner is None:
            inner = self._make()
            if self._picture is not None:
                inner.set_image(self._picture)
                inner.expect(self._expected)
            self._cost.look_at(inner)
            self._inner = inner
        return self._inner

    @property
    def takes_coordinates(self) -> bool:
        """Whether its model is known to take clicks as coordinates; False until the model is loaded."""
        return getattr(getattr(self._inner, "model", None), "takes_coordinates", False)

    def set_image(self, picture: np.ndarray) -> None:
        """Set the picture, uint8 (H, W, 3) RGB, and drop everything computed for the one before."""
        self._picture = picture
        self._expected = None
        self._encoded = False
        if self._inner is not None:
            self._inner.set_image(picture)

    def expect(self, picture: np.ndarray | None) -> None:
        """Name the picture that is probably set next, to be encoded once the current one is; or None."""
        self._expected = picture
        if self._inner is not None:
            self._inner.expect(picture)
        if picture is not None:
            self._line.expected_pictures.note(self)
            if self._inner is not None and self._encoded:
                self._line.in_idle_time(self._inner.look_ahead)

    def prepare(self) -> None:
        """Compute in advance the features that the first click on the picture needs."""
        inner = self.load()
        seconds = self._line.run(_timed, inner.prepare)[1]
        if not self._encoded:
            self._cost.add_picture(seconds)
        self._encoded = True
        self._line.in_idle_time(inner.look_ahead)

    def predict(self, clicks: Sequence[Click], **cues: Any) -> Prediction:
        """The prediction for these clicks and cues, as for `Predictor.predict`."""
        inner = self.load()
        prediction, seconds = self._line.run(_timed, inner.predict, clicks, **cues)
        if self._looks_ahead:
            self._line.in_idle_time(inner.look_ahead)
        if self._encoded:
            self._cost.add_click(seconds)
        return prediction

    def preview(
        self, click: Click, previous_mask: np.ndarray | None = None, with_choices: bool = False
    ) -> Prediction | None:
        """As for `Predictor.preview`; None also while the model is not loaded or somebody waits for it."""
        inner = self._inner
        cues = click, previous_mask, with_choices
        timed = self._line.if_idle(_timed, inner.preview, *cues) if inner else None
        if timed is None:
            return None
        prediction, self._preview_seconds = timed
        return prediction

    def expect_click(
        self,
        click: Click,
        previous_mask: np.ndarray | None = None,
        cfr: CascadeForward = CascadeForward(),
    ) -> None:
        """As for `Predictor.expect_click`, of a click that was just previewed."""
        if self._inner is not None and self._preview_seconds < EXPECTED_BELOW:
            self._inner.expect_click(click, previous_mask, cfr)
            self._line.in_idle_time(self._inner.look_ahead, after=0)

    @property
    def cost(self) -> dict[str, Any] | None:
        """What the model costs, as `replies.ModelCost`; None until it is loaded."""
        cost = self._cost.describe()
        return {**cost, "of_kind": getattr(self._inner, "is_of_kind", None)} if cost else None


def _timed(function: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[Any, float]:
    """Call a function; return its result, and the seconds that it took."""
    start = time.perf_counter()
    result = function(*arguments, **named)
    return result, time.perf_counter() - start
