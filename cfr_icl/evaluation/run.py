"""Evaluate a model over data sets, in one process or several; a stopped run can be resumed."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import torch

from cfr_icl import InteractiveModel, load_model
from cfr_icl.data.source import select
from cfr_icl.evaluation.job import Job, Unit, Worker
from cfr_icl.evaluation.result_log import ResultLog
from cfr_icl.evaluation.simulation import Result, setting_name
from cfr_icl.evaluation.summary import Metrics, summarise
from cfr_icl.files import write_atomically
from cfr_icl.models.digest import weights_digest
from cfr_icl.scale.cluster import Actors, map_on_cluster
from cfr_icl.scale.progress import Progress
from cfr_icl.scale.shards import Shard


@dataclass(frozen=True)
class Evaluation:
    """A finished evaluation: the network, a digest of its weights, and its results in a fixed order."""

    job: Job
    model: InteractiveModel
    digest: str
    results: list[Result]

    def table(self) -> dict[str, dict[str, Metrics]]:
        """Metrics by data set, then by CFR setting; empty without results."""
        table: dict[str, dict[str, Metrics]] = {}
        for source in self.job.sources:
            for setting in map(setting_name, self.job.settings):
                results = [
                    result
                    for result in self.results
                    if (result.data, result.setting) == (source.label, setting)
                ]
                if results:
                    table.setdefault(source.label, {})[setting] = summarise(results, self.job.protocol)
        return table

    def deviations(self) -> list[str]:
        """Differences of the job and the model from the published protocol, one sentence each."""
        return self.job.protocol.deviations(
            self.job.settings, self.model.config.zoom, self.model.config.close_up
        )

    def write(self, path: Path, **notes: Any) -> None:
        """Write metrics, protocol and weights as JSON; `notes` are further entries."""
        content = {
            "weights": self.job.weights,
            "digest": self.digest,
            "model": self.model.config.to_dict(),
            "protocol": dataclasses.asdict(self.job.protocol),
            "device": str(self.model.device),
            "precision": str(self.model.precision),
            "torch": torch.__version__,
            **notes,
            "metrics": {
                data: {setting: dataclasses.asdict(metrics) for setting, metrics in settings.items()}
                for data, settings in self.table().items()
            },
        }
        write_atomically(path, json.dumps(content, indent=2) + "\n")


def evaluate(
    job: Job,
    log: Path,
    half: str | None = None,
    limit: int | None = None,
    workers: int = 1,
    shard: Shard = Shard(),
    actors: Actors | None = None,
) -> Evaluation:
    """Evaluate all objects that are not in the log yet, in this process or in several.

    Args:
        log: file to which finished objects are appended, one line each.
        half: "even" or "odd": only pictures whose name has an even or odd CRC-32; None for all.
        limit: the most pictures of each data set.
        workers: number of processes, one thread each.
        shard: the share of the chosen pictures that this call evaluates.
        actors: workers of a cluster that take the place of those processes; None for none.

    Raises:
        ValueError: when the log holds results of other weights or another protocol.
    """
    model = load_model(job.weights, job.device, job.precision)
    digest = weights_digest(model)
    identity = {
        "digest": digest,
        "model": model.config.to_dict(),
        "precision": str(model.precision),
        "protocol": dataclasses.asdict(job.protocol),
    }
    names_of = [source.open().names for source in job.sources]
    result_log = ResultLog(log, identity)
    done = result_log.finished()
    units = []
    for number, (source, names) in enumerate(zip(job.sources, names_of, strict=True)):
        for index in shard.of(select(names, half, limit)):
            units.append(Unit(number, index, tuple(done.get((source.label, names[index]), ()))))
    with one_thread():
        results = _evaluate_units(job, model, units, result_log, workers, actors)
    order = {setting_name(setting): number for number, setting in enumerate(job.settings)}
    results.sort(key=lambda result: (result.data, result.picture, result.object_id, order[result.setting]))
    return Evaluation(job, model, digest, results)


def _evaluate_units(
    job: Job,
    model: InteractiveModel,
    units: Sequence[Unit],
    log: ResultLog,
    workers: int,
    actors: Actors | None,
) -> list[Result]:
    """The results of all units; new ones are logged."""
    finished = []
    progress = Progress(len(units))
    on_cluster = actors and map_on_cluster(partial(_new_worker, job), units, actors)
    for results in on_cluster or _results(job, model, units, workers):
        for result in results:
            log.add(result)
            finished.append(result)
        progress.add()
    return finished


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread: sums depend on the number of threads, and results must not depend on `workers`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _results(
    job: Job, model: InteractiveModel, units: Sequence[Unit], workers: int
) -> Iterator[Iterable[Result]]:
    """The results of each unit in order, from this process or from `workers` others."""
    if workers == 1:
        yield from map(Worker(job, model), units)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(job,)) as pool:
        yield from pool.map(_work, units)


def _new_worker(job: Job) -> Callable[[Unit], list[Result]]:
    _start_worker(job)
    return _work


_workers: list[Worker] = []
"""The one worker of a process of the pool."""


def _start_worker(job: Job) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    _workers.append(Worker(job))


def _work(unit: Unit) -> list[Result]:
    return list(_workers[0](unit))
