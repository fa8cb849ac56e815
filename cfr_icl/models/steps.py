"""A long computation in steps: it pauses where it can, and other work runs in between."""

from __future__ import annotations

from collections.abc import Callable, Generator
from threading import Semaphore, Thread, local
from typing import Any, TypeVar

Result = TypeVar("Result")

_thread = local()
"""`pause` is the function that ends a step, in the threads of `in_steps`."""


class _Abandoned(BaseException):
    """Ends a computation whose remaining steps nobody wants."""


def may_pause(*_: Any) -> None:
    """End a step of `in_steps`; do nothing elsewhere. Takes the arguments of a module's forward pre-hook."""
    pause = getattr(_thread, "pause", None)
    if pause is not None:
        pause()


def in_steps(function: Callable[[], Result]) -> Generator[None, None, Result]:
    """Call a function, yield wherever it calls `may_pause`, and return its value, or raise its exception.

    The function has a thread of its own, which runs only while the generator is advanced. Closing the
    generator ends the function where it pauses.
    """
    go_on, stopped = Semaphore(0), Semaphore(0)
    results: list[Result] = []
    errors: list[BaseException] = []
    abandoned = False

    def pause() -> None:
        stopped.release()
        go_on.acquire()
        if abandoned:
            raise _Abandoned

    def call() -> None:
        _thread.pause = pause
        try:
            results.append(function())
        except BaseException as error:  # raised where the generator is advanced
            errors.append(error)
        finally:
            stopped.release()

    thread = Thread(target=call, name="steps", daemon=True)  # one that pauses must not keep the process
    thread.start()
    try:
        while stopped.acquire() and not (results or errors):
            yield
            go_on.release()
    finally:
        if not (results or errors):
            abandoned = True
            go_on.release()
        thread.join()
    if errors:
        raise errors[0]
    return results[0]
