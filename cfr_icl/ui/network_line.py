"""One queue for all network calls; loading, files and exports do not pass through it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from threading import Event, Lock, Semaphore
from typing import Any

from cfr_icl.ui.expected_pictures import ExpectedPictures

log = logging.getLogger(__name__)

QUIET = 0.15
"""Seconds without a call before anything is computed ahead: the browser paints the last answer then."""

IDLE_CALLS = 8
"""Calls of `NetworkLine.if_idle` at a time; each of them holds a thread that a click may need."""


class NetworkLine:
    """One thread for all networks of a server, first come, first served.

    There is only one, because each thread that runs a network starts OpenMP threads of its own, and these
    compete for the cores. Loading networks, reading and writing files run in the threads of the pages.
    """

    def __init__(self, threads: int = 1) -> None:
        self._threads = ThreadPoolExecutor(threads, "network")
        self._lock = Lock()
        self._waiting = 0
        self.someone_waits = Event()
        """Set while anybody waits for an answer."""
        self._idle_calls = Semaphore(IDLE_CALLS)
        self.expected_pictures = ExpectedPictures()

    def run(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a function in the line, in the caller's context; wait, then return its value or raise."""
        context = copy_context()  # Gradio and ZeroGPU read the current request from it
        with self._as_waiting():
            return self._threads.submit(context.run, function, *arguments, **named).result()

    def if_idle(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in the line if nobody waits for an answer when its turn comes.

        Returns:
            The function's value; None if it was not called, as while IDLE_CALLS others wait.
        """

        def call() -> Any:
            return None if self.someone_waits.is_set() else function(*arguments)

        if self.someone_waits.is_set() or not self._idle_calls.acquire(blocking=False):
            return None
        try:
            return self._threads.submit(call).result()
        finally:
            self._idle_calls.release()

    def in_idle_time(self, steps: Callable[[], Iterator[None]], after: float = QUIET) -> None:
        """Begin soon to take steps, while nobody waits for an answer; drop the rest when somebody does.

        Other calls in the line have their turn between two steps.

        Args:
            after: seconds without a call before the first step.
        """
        self._threads.submit(self._begin, steps, after)

    def _begin(self, steps: Callable[[], Iterator[None]], after: float) -> None:
        if not self.someone_waits.wait(after):
            self._take_step(steps())

    def _take_step(self, steps: Iterator[None]) -> None:
        if self.someone_waits.is_set():
            return
        try:
            next(steps)
        except StopIteration:
            return
        except Exception:
            log.exception("Computing ahead failed")
            return
        if not self.someone_waits.is_set():
            with suppress(RuntimeError):  # the process ends
                self._threads.submit(self._take_step, steps)

    @contextmanager
    def _as_waiting(self) -> Iterator[None]:
        with self._lock:
            self._waiting += 1
            self.someone_waits.set()
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self.someone_waits.clear()
