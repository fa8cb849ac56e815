"""What every segmenter does, and the cache that all of them use."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction
from cfr_icl.rectangle import Rectangle

PREDICTIONS_KEPT = 8
"""Predictions in a cache. Undoing fewer clicks costs no forward pass."""

State = TypeVar("State")


class Predictor(Protocol):
    """Answers clicks on one picture at a time: `Segmenter` in this process, `RemoteSegmenter` elsewhere."""

    def set_image(self, picture: np.ndarray) -> None:
        """Take a picture, uint8 (H, W, 3) RGB, and forget the one before."""

    def prepare(self) -> None:
        """Compute ahead what the first click on the picture needs."""

    def predict(
        self,
        clicks: Sequence[Click],
        *,
        previous_mask: np.ndarray | None = None,
        box: Rectangle | None = None,
        choice: int | None = None,
        cfr: CascadeForward = CascadeForward(),
    ) -> Prediction:
        """The prediction for these clicks, in their order.

        Args:
            previous_mask: bools or probabilities (H, W) that the first click refines; None for an empty mask.
            box: the box that the first clicks and the previous mask stand for; None without one.
            choice: index of the mask to begin with among `Prediction.choices` of the first click alone.
            cfr: how each click is refined.
        """


@dataclass(frozen=True)
class Question:
    """Everything but the picture that a prediction depends on."""

    clicks: tuple[Click, ...]
    cfr: CascadeForward
    previous_mask: bytes | None
    """Digest of the previous mask."""
    box: Rectangle | None = None
    choice: int | None = None

    def first(self, count: int) -> Question:
        """The same question with the first clicks only."""
        return replace(self, clicks=self.clicks[:count])

    def begins(self, other: Question) -> bool:
        """Whether the other question adds clicks to this one, or none."""
        return self == other.first(len(self.clicks))


class PredictionCache(Generic[State]):
    """Predictions for one picture, each with the state that its next click starts from.

    The cache holds the `PREDICTIONS_KEPT` predictions used last. Of older clicks on the present object it
    holds the state of every `PREDICTIONS_KEPT`-th, so that undoing many clicks computes few of them anew
    while memory hardly grows with the number of clicks.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[Question, tuple[Prediction, State]] = OrderedDict()
        self._states: dict[Question, State] = {}
        self._digest: tuple[np.ndarray, bytes] | None = None

    def question(
        self,
        clicks: Sequence[Click],
        previous_mask: np.ndarray | None,
        cfr: CascadeForward,
        box: Rectangle | None = None,
        choice: int | None = None,
    ) -> Question:
        return Question(tuple(clicks), cfr, self._mask_digest(previous_mask), box, choice)

    def prediction(self, question: Question) -> Prediction | None:
        if question not in self._entries:
            return None
        self._entries.move_to_end(question)
        return self._entries[question][0]

    def state(self, question: Question) -> State | None:
        if question in self._entries:
            return self._entries[question][1]
        return self._states.get(question)

    def add(self, question: Question, prediction: Prediction, state: State) -> None:
        self._entries[question] = prediction, state
        self._entries.move_to_end(question)
        if len(self._entries) > PREDICTIONS_KEPT:
            oldest, (_, oldest_state) = self._entries.popitem(last=False)
            if len(oldest.clicks) % PREDICTIONS_KEPT == 0:
                self._states[oldest] = oldest_state
        for old in [old for old in self._states if not old.begins(question)]:
            del self._states[old]

    def _mask_digest(self, mask: np.ndarray | None) -> bytes | None:
        if mask is None:
            return None
        if self._digest and mask is self._digest[0] and not mask.flags.writeable:
            return self._digest[1]
        content = np.ascontiguousarray(mask)
        digest = hashlib.sha256(f"{content.dtype} {content.shape}".encode())
        digest.update(content.data)
        self._digest = mask, digest.digest()
        return self._digest[1]
