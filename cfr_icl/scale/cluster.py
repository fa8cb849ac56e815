"""Work on a Ray cluster: Ray Data starts actors, gives them the items and replaces lost ones."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cfr_icl.extras import extra
from cfr_icl.scale.together import map_together

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_BLOCKS = 5000
"""The most blocks that the items are divided into; the blocks of a lost node are computed again."""


@dataclass(frozen=True, kw_only=True)
class Actors:
    """The processes on a cluster, with a network each."""

    most: int | None = None
    """The most processes; None for as many as the cluster has room for. For a worker, all its replicas."""
    cpus: float = 1.0
    """Cores of each, which are also its threads."""
    gpus: float = 0.0
    """GPUs of each; 0.25 puts four on one GPU."""
    together: int = 1
    """Items that each computes at a time, in as many threads."""


class ClusterError(ConnectionError):
    """The cluster cannot be reached or is too small, or a process of it raised an error; one sentence."""


def map_on_cluster(
    make_worker: Callable[[], Callable[[Item], Result]], items: Sequence[Item], actors: Actors
) -> Iterator[Result]:
    """Call workers with items on a Ray cluster, and yield the results in any order.

    Items of a lost node go to other nodes; each result comes once.

    Args:
        make_worker: makes the worker of each actor. Ray pickles it, items and results for its processes.

    Raises:
        MissingExtraError: without Ray.
        ClusterError: when there is no cluster at RAY_ADDRESS, and when a worker raises an error.
    """
    with extra("cluster", "--engine ray"):
        import ray.data
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it would warn of pickled items
    with connected():
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        blocks = ray.data.from_items(
            [{"item": _Whole(item)} for item in items],
            override_num_blocks=min(len(items), MOST_BLOCKS),
        )
        count = actors_that_fit(actors)
        results = blocks.map_batches(
            _Actor,
            fn_constructor_args=(make_worker, actors),
            batch_size=actors.together,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(count, len(items))),
            num_cpus=actors.cpus,
            num_gpus=actors.gpus,
        )
        for row in results.iter_rows():
            yield row["result"].value


@contextmanager
def connected() -> Iterator[None]:
    """Connect to the cluster at RAY_ADDRESS, or start one on this machine; turn its errors into sentences.

    Raises:
        MissingExtraError: without Ray.
        ClusterError: when there is no cluster at RAY_ADDRESS, and for errors of Ray.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with extra("cluster", "--engine ray"):
        import ray
        from ray.exceptions import RayError
    if not ray.is_initialized():
        address = os.environ.get("RAY_ADDRESS", "local")
        dashboard = False if address == "local" else None  # that of a cluster is its own matter
        try:
            ray.init(address, include_dashboard=dashboard, log_to_driver=False, configure_logging=False)
        except Exception as error:  # a bare one where a busy machine starts Ray too slowly
            raise ClusterError(cluster_sentence(error)) from error
    try:
        yield
    except ClusterError:
        raise
    except (RayError, ConnectionError) as error:
        raise ClusterError(cluster_sentence(error)) from error


def actors_that_fit(actors: Actors) -> int:
    """How many of these actors the nodes of the cluster can hold, `actors.most` at most.

    Raises:
        ClusterError: when there is no room for one.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    needs = {name: need for name, need in (("CPU", actors.cpus), ("GPU", actors.gpus)) if need}
    room = sum(min(int(node.get(name, 0) / need) for name, need in needs.items()) for node in nodes)
    if not room:
        cpus, gpus = (max((node.get(name, 0) for node in nodes), default=0) for name in ("CPU", "GPU"))
        raise ClusterError(
            f"The largest machines of the cluster have {cpus:g} CPUs and {gpus:g} GPUs; "
            f"a process needs {actors.cpus:g} and {actors.gpus:g}."
        )
    return room if actors.most is None else min(room, actors.most)


def cluster_sentence(error: BaseException) -> str:
    """The sentence of a cluster's error: the worker's own error without its traceback."""
    texts: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        texts.append(str(cause).strip() or type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    raised = re.findall(r"^[\w.]*(?:Error|Exception|Refusal): (.+)$", "\n".join(texts), re.MULTILINE)
    lines = raised or texts[0].splitlines()
    return f"The cluster could not do it: {lines[-1].strip():.500}"


def use_cores(actors: Actors) -> None:
    """Let this process compute in as many threads as an actor has cores."""
    import cv2
    import torch

    threads = max(1, math.floor(actors.cpus))
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


@dataclass(frozen=True)
class _Whole:
    """Keeps Ray Data from making columns of a value's fields."""

    value: Any


class _Actor:
    """A process of the cluster, with its worker."""

    def __init__(self, make_worker: Callable[[], Callable[[Any], Any]], actors: Actors) -> None:
        use_cores(actors)
        self._worker = make_worker()
        self._together = actors.together

    def __call__(self, batch: dict[str, Iterable[_Whole]]) -> dict[str, list[_Whole]]:
        items = [item.value for item in batch["item"]]
        if self._together > 1:
            results: Iterable[Any] = map_together(self._worker, items, self._together)
        else:
            results = map(self._worker, items)
        return {"result": [_Whole(list(each) if isinstance(each, Iterator) else each) for each in results]}
