"""Call a function in several threads, such as for pictures whose windows one network computes together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class FreeWorker(Generic[Item, Result]):
    """Calls whichever of some workers is free, for calls from as many threads.

    Args:
        workers: each takes one item at a time.
    """

    def __init__(self, workers: Sequence[Callable[[Item], Result]]) -> None:
        self.count = len(workers)
        self._free: SimpleQueue[Callable[[Item], Result]] = SimpleQueue()
        for worker in workers:
            self._free.put(worker)

    def __call__(self, item: Item) -> Result:
        worker = self._free.get()
        try:
            return worker(item)
        finally:
            self._free.put(worker)


def map_together(function: Callable[[Item], Result], items: Iterable[Item], count: int) -> Iterator[Result]:
    """Call a function with items in `count` threads; results come in any order.

    Twice as many items are under way at most. An error ends the work once those are through.
    """
    running: set[Future[Result]] = set()
    with ThreadPoolExecutor(count, "together") as pool:
        for item in items:
            running.add(pool.submit(function, item))
            if len(running) >= 2 * count:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
