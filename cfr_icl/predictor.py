"""The interface of all predictors, and their cache of predictions."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction
from cfr_icl.rectangle import Rectangle

PREDICTIONS_KEPT = 8
"""Size of a cache. Undoing fewer clicks than this costs no forward pass."""

State = TypeVar("State")


class Predictor(Protocol):
    """Predicts masks from clicks on one picture; what it would do ahead of clicks is optional."""

    def set_image(self, picture: np.ndarray) -> None:
        """Set the picture, uint8 (H, W, 3) RGB, and drop everything cached for the one before."""

    def expect(self, picture: np.ndarray | None) -> None:
        """Name the picture, as for `set_image`, that is probably set next; None to forget it."""
        return None

    def expect_click(
        self,
        click: Click,
        previous_mask: np.ndarray | None = None,
        cfr: CascadeForward = CascadeForward(),
    ) -> None:
        """Name the first click that probably comes next, with its arguments for `predict`."""
        return None

    def prepare(self) -> None:
        """Compute in advance the features that the first click on the picture needs."""
        return None

    def preview(
        self, click: Click, previous_mask: np.ndarray | None = None, with_choices: bool = False
    ) -> Prediction | None:
        """A coarse prediction for a first click, from features at hand; None where there are none.

        Its `choices` are computed where they are asked for.
        """
        return None

    def predict(
        self,
        clicks: Sequence[Click],
        *,
        previous_mask: np.ndarray | None = None,
        box: Rectangle | None = None,
        choice: int | None = None,
        cfr: CascadeForward = CascadeForward(),
    ) -> Prediction:
        """Predict the mask for these clicks, in their order.

        Args:
            previous_mask: bools or probabilities (H, W) that the first click refines; None for an empty mask.
            box: the box from which the first clicks (`box_clicks`) and the previous mask (`box_guess`) were
                made; None without one.
            choice: index, in `Prediction.choices` of the first click, of the mask to start from; None for
                the best.
            cfr: the CFR settings of every click.
        """


class LookAheadPredictor(Predictor, Protocol):
    """A predictor that uses idle time: `Segmenter` in this process, `RemoteSegmenter` elsewhere."""

    def look_ahead(self) -> Iterator[None]:
        """Compute, step by step, the expected click, the next one's features, and the expected picture."""


@dataclass(frozen=True)
class PredictionKey:
    """Everything but the picture that a prediction depends on."""

    clicks: tuple[Click, ...]
    cfr: CascadeForward
    previous_mask: bytes | None
    """Digest of the previous mask."""
    box: Rectangle | None = None
    choice: int | None = None

    def of_first_clicks(self, count: int) -> PredictionKey:
        """The key of the first `count` clicks."""
        return replace(self, clicks=self.clicks[:count])

    def is_start_of(self, other: PredictionKey) -> bool:
        """Whether the other key has the same clicks, and perhaps more after them."""
        return self == other.of_first_clicks(len(self.clicks))


class PredictionCache(Generic[State]):
    """Predictions for one picture, each with the state that its next click starts from.

    The cache holds the `PREDICTIONS_KEPT` predictions used last. For earlier clicks on the current object it
    holds the state of every `PREDICTIONS_KEPT`-th click: undoing many clicks recomputes few of them, and
    memory hardly grows with the number of clicks.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[PredictionKey, tuple[Prediction, State]] = OrderedDict()
        self._states: dict[PredictionKey, State] = {}
        self._digest: tuple[np.ndarray, bytes] | None = None
        self._expected: tuple[PredictionKey, Prediction, State] | None = None

    def key(
        self,
        clicks: Sequence[Click],
        previous_mask: np.ndarray | None,
        cfr: CascadeForward,
        box: Rectangle | None = None,
        choice: int | None = None,
    ) -> PredictionKey:
        return PredictionKey(tuple(clicks), cfr, self._mask_digest(previous_mask), box, choice)

    def prediction(self, key: PredictionKey) -> Prediction | None:
        if self._expected and self._expected[0] == key:
            expected, self._expected = self._expected, None
            self.add(*expected)
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def state(self, key: PredictionKey) -> State | None:
        if key in self._entries:
            return self._entries[key][1]
        return self._states.get(key)

    def add(self, key: PredictionKey, prediction: Prediction, state: State) -> None:
        self._entries[key] = prediction, state
        self._entries.move_to_end(key)
        if len(self._entries) > PREDICTIONS_KEPT:
            oldest, (_, oldest_state) = self._entries.popitem(last=False)
            if len(oldest.clicks) % PREDICTIONS_KEPT == 0:
                self._states[oldest] = oldest_state
        for old in [old for old in self._states if not old.is_start_of(key)]:
            del self._states[old]

    def add_expected(self, key: PredictionKey, prediction: Prediction, state: State) -> None:
        """Hold a prediction that was not asked for yet, until the next such one; no other gives way to it."""
        self._expected = key, prediction, state

    def _mask_digest(self, mask: np.ndarray | None) -> bytes | None:
        if mask is None:
            return None
        known = self._digest  # read once: another thread may ask about a mask of its own
        if known and mask is known[0] and not mask.flags.writeable:
            return known[1]
        content = np.ascontiguousarray(mask)
        hashed = hashlib.sha256(f"{content.dtype} {content.shape}".encode())
        hashed.update(content.data)
        digest = hashed.digest()
        self._digest = mask, digest
        return digest
