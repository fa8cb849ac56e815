"""Work that Ray Data spreads over a cluster: it starts workers, shares the work and replaces lost ones."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cfr_icl.extras import extra
from cfr_icl.scale.together import map_together

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_BLOCKS = 5000
"""The most pieces of the work; a lost worker costs the pieces that it had."""


@dataclass(frozen=True, kw_only=True)
class Actors:
    """The processes that hold a network each."""

    most: int | None = None
    """The most processes; None for as many as the cluster has room for."""
    cpus: float = 1.0
    """Cores of each, which are also its threads."""
    gpus: float = 0.0
    """GPUs of each; 0.25 puts four on one GPU."""
    together: int = 1
    """Items that each has at a time, in as many threads; what it calls must bear that."""


class ClusterError(ConnectionError):
    """The cluster cannot be reached, or a worker raised an error; the message is one sentence."""


def map_on_cluster(
    make_worker: Callable[[], Callable[[Item], Result]], items: Sequence[Item], actors: Actors
) -> Iterator[Result]:
    """Call workers with items on a Ray cluster: the one at RAY_ADDRESS, or a new one on this machine.

    Work of a node that is lost is done again by others, so a result comes once, in any order.

    Args:
        make_worker: makes what each process calls; Ray pickles it, items and results for its own processes.

    Raises:
        MissingExtraError: without Ray.
        ClusterError: when there is no cluster at RAY_ADDRESS, or a worker raises an error.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with extra("cluster", "--engine ray"):
        import ray
        import ray.data
        from ray.exceptions import RayError
    try:
        if not ray.is_initialized():
            address = os.environ.get("RAY_ADDRESS", "local")
            ray.init(address, log_to_driver=False, configure_logging=False)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        pieces = ray.data.from_items(
            [{"item": _Whole(item)} for item in items],
            override_num_blocks=min(len(items), MOST_BLOCKS),
        )
        room = _room(ray.cluster_resources(), actors)
        results = pieces.map_batches(
            _Actor,
            fn_constructor_args=(make_worker, max(1, math.floor(actors.cpus)), actors.together),
            batch_size=actors.together,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, min(room, len(items)))),
            num_cpus=actors.cpus,
            num_gpus=actors.gpus,
        )
        for row in results.iter_rows():
            yield row["result"].value
    except (RayError, ConnectionError) as error:
        raise ClusterError(_sentence(error)) from error


def _room(resources: dict[str, float], actors: Actors) -> int:
    """How many actors a cluster can hold."""
    needs = {"CPU": actors.cpus, "GPU": actors.gpus}
    fits = [int(resources.get(name, 0) / need) for name, need in needs.items() if need]
    room = min(fits, default=1)
    if not room:
        raise ClusterError(
            f"The cluster has {resources.get('CPU', 0):g} CPUs and {resources.get('GPU', 0):g} GPUs; "
            f"a worker needs {actors.cpus:g} and {actors.gpus:g}."
        )
    return room if actors.most is None else min(room, actors.most)


def _sentence(error: BaseException) -> str:
    """The sentence of a cluster's error: the worker's own error without its traceback."""
    texts: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        texts.append(str(cause).strip() or type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    raised = re.findall(r"^[\w.]*(?:Error|Exception|Refusal): (.+)$", "\n".join(texts), re.MULTILINE)
    lines = raised or texts[0].splitlines()
    return f"The cluster could not do it: {lines[-1].strip():.500}"


@dataclass(frozen=True)
class _Whole:
    """Keeps Ray from making columns of tuples and lists."""

    value: Any


class _Actor:
    """A process of the cluster, with the worker that it made."""

    def __init__(self, make_worker: Callable[[], Callable[[Any], Any]], threads: int, together: int) -> None:
        import cv2
        import torch

        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        self._worker = make_worker()
        self._together = together

    def __call__(self, batch: dict[str, Iterable[_Whole]]) -> dict[str, list[_Whole]]:
        items = [item.value for item in batch["item"]]
        if self._together > 1:
            results: Iterable[Any] = map_together(self._worker, items, self._together)
        else:
            results = map(self._worker, items)
        return {"result": [_Whole(list(each) if isinstance(each, Iterator) else each) for each in results]}
