"""A bound on the pictures that are encoded before they are opened."""

from __future__ import annotations

from threading import Lock
from typing import Protocol
from weakref import ref

MOST = 8
"""Pages whose next picture is kept, encoded: its pixels, and features of some megabytes."""


class Expecting(Protocol):
    """A predictor that keeps the picture that is probably opened next."""

    def expect(self, picture: None) -> None:
        """Drop it."""


class ExpectedPictures:
    """Notes which predictors keep an expected picture."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._predictors: list[ref[Expecting]] = []

    def note(self, predictor: Expecting) -> None:
        """Note that a predictor keeps a picture; beyond MOST the oldest one is dropped."""
        with self._lock:
            others = [each for each in self._predictors if each() not in (None, predictor)]
            predictors = [*others, ref(predictor)]
            too_many, self._predictors = predictors[:-MOST], predictors[-MOST:]
        for each in too_many:
            if oldest := each():
                oldest.expect(None)
