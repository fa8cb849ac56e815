"""Long tasks of a page that run in the background."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, wait
from contextvars import copy_context
from typing import Generic, TypeVar

Result = TypeVar("Result")

AT_ONCE = 0.3
"""Seconds that a reply waits for a job; after them the reply is sent without the result."""


class Job(Generic[Result]):
    """One piece of work in a thread of its own.

    Args:
        kind: what the page calls it.
        work: must leave the page alone; what it returns is taken by `result`. It gets a function to tell
            how much is done, of how much, which ends it with an exception when it was cancelled.
    """

    def __init__(
        self, kind: str, pool: Executor, work: Callable[[Callable[[int, int], None]], Result]
    ) -> None:
        self.kind = kind
        self.steps = self.total = 0
        """How much is done, of how much; 0 of 0 before the first is told."""
        self._cancelled = False
        self._future: Future[Result] = pool.submit(copy_context().run, work, self._progress)
        wait([self._future], AT_ONCE)

    @property
    def done(self) -> bool:
        return self._future.done()

    def result(self) -> Result:
        """The return value of the work; raises its exception."""
        return self._future.result()

    def cancel(self) -> None:
        """Keep the work from beginning, or end it with its next step."""
        self._cancelled = True
        self._future.cancel()

    def _progress(self, done: int, total: int) -> None:
        if self._cancelled:
            raise CancelledError
        self.steps, self.total = done, total
