"""Long work of a page that goes on in the background while the page is used."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from contextvars import copy_context
from typing import Generic, TypeVar

Result = TypeVar("Result")

AT_ONCE = 0.3
"""Seconds that a page waits for a job to end before it goes on without the result."""


class Job(Generic[Result]):
    """One piece of work in a thread of its own.

    Args:
        kind: what the page calls it.
        work: must leave the page alone; what it returns is taken by `result`.
    """

    def __init__(self, kind: str, pool: Executor, work: Callable[[], Result]) -> None:
        self.kind = kind
        self._future: Future[Result] = pool.submit(copy_context().run, work)
        wait([self._future], AT_ONCE)

    @property
    def done(self) -> bool:
        return self._future.done()

    def result(self) -> Result:
        """What the work returned; raises what it raised."""
        return self._future.result()

    def cancel(self) -> None:
        """Keep the work from beginning; one that has begun runs to its end, for nothing."""
        self._future.cancel()
