"""One queue for all network calls; loading, files and exports do not pass through it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from threading import Event, Lock, Semaphore
from typing import Any
from weakref import ref

import numpy as np

from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import LookAheadPredictor
from cfr_icl.ui.cost import ModelCost

log = logging.getLogger(__name__)

QUIET = 0.15
"""Seconds without a question before anything is computed ahead: the browser paints the last answer then."""

IDLE_CALLS = 8
"""Calls of `NetworkLine.if_idle` at a time; each of them holds a thread that a click may need."""


EXPECTED_PICTURES = 8
"""Pages whose next picture is kept, encoded: its pixels, and features of some megabytes."""


class NetworkLine:
    """One thread for all networks of a server, first come, first served.

    There is only one, because each thread that runs a network starts OpenMP threads of its own, and these
    compete for the cores. Loading networks, reading and writing files run in the threads of the pages.
    """

    def __init__(self, threads: int = 1) -> None:
        self._threads = ThreadPoolExecutor(threads, "network")
        self._lock = Lock()
        self._asking = 0
        self._asked = Event()
        """Set while anybody waits for an answer."""
        self._idle_calls = Semaphore(IDLE_CALLS)
        self._expecting: list[ref[QueuedPredictor]] = []

    def run(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a function in the line, in the caller's context; wait, then return its value or raise."""
        context = copy_context()  # Gradio and ZeroGPU read the present request from it
        with self._asks():
            return self._threads.submit(context.run, function, *arguments, **named).result()

    def if_idle(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in the line if nobody waits for an answer when its turn comes.

        Returns:
            What it returns; None if it was not called, which is also so while IDLE_CALLS others wait.
        """

        def call() -> Any:
            return None if self._asked.is_set() else function(*arguments)

        if self._asked.is_set() or not self._idle_calls.acquire(blocking=False):
            return None
        try:
            return self._threads.submit(call).result()
        finally:
            self._idle_calls.release()

    def in_idle_time(self, steps: Callable[[], Iterator[None]]) -> None:
        """Take steps while nobody waits for an answer, then or soon; what is left is dropped.

        Whatever else waits in the line has its turn between two steps.
        """
        self._threads.submit(self._begin, steps)

    def _begin(self, steps: Callable[[], Iterator[None]]) -> None:
        if not self._asked.wait(QUIET):
            self._take_step(steps())

    def _take_step(self, steps: Iterator[None]) -> None:
        if self._asked.is_set():
            return
        try:
            next(steps)
        except StopIteration:
            return
        except Exception:
            log.exception("Computing ahead failed")
            return
        if not self._asked.is_set():
            with suppress(RuntimeError):  # the process ends
                self._threads.submit(self._take_step, steps)

    def expects(self, predictor: QueuedPredictor) -> None:
        """Note that a predictor keeps an expected picture; beyond EXPECTED_PICTURES the oldest is dropped."""
        with self._lock:
            others = [each for each in self._expecting if each() not in (None, predictor)]
            self._expecting = [*others, ref(predictor)]
            over, self._expecting = (
                self._expecting[:-EXPECTED_PICTURES],
                self._expecting[-EXPECTED_PICTURES:],
            )
        for each in over:
            if oldest := each():
                oldest.expect(None)

    @contextmanager
    def _asks(self) -> Iterator[None]:
        with self._lock:
            self._asking += 1
            self._asked.set()
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1
                if not self._asking:
                    self._asked.clear()


class QueuedPredictor:
    """A `Predictor` whose network runs in the line; it is made at the first use.

    Args:
        make: returns the predictor itself. It may load a network; this happens in the thread of the first
            caller, outside of the line.
        cost: notes how long the network takes.
    """

    def __init__(
        self, line: NetworkLine, make: Callable[[], LookAheadPredictor], cost: ModelCost | None = None
    ) -> None:
        self._line = line
        self._make = make
        self._cost = cost or ModelCost()
        self._encoded = False
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
        """Name the picture that is probably set next, to be encoded once the present one is; or None."""
        self._expected = picture
        if self._inner is not None:
            self._inner.expect(picture)
        if picture is not None:
            self._line.expects(self)
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
        self._line.in_idle_time(inner.look_ahead)
        if self._encoded:
            self._cost.add_click(seconds)
        return prediction

    def preview(self, click: Click, previous_mask: np.ndarray | None = None) -> Prediction | None:
        """As for `Predictor.preview`; None also while the model is not loaded or somebody waits for it."""
        inner = self._inner
        return self._line.if_idle(inner.preview, click, previous_mask) if inner else None

    @property
    def cost(self) -> dict[str, Any] | None:
        """What the model costs, as `replies.ModelCost`; None until it is loaded."""
        cost = self._cost.describe()
        return {**cost, "of_kind": getattr(self._inner, "is_of_kind", None)} if cost else None


def _timed(function: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[Any, float]:
    """Call a function; return what it returns, and the seconds that it took."""
    start = time.perf_counter()
    result = function(*arguments, **named)
    return result, time.perf_counter() - start
