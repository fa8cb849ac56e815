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
import numpy as np
import torch

from cfr_icl import CascadeForward, Click, InteractiveModel, load_model
from cfr_icl.data.source import Source, select
from cfr_icl.evaluation.metrics import Metrics, object_area, summarise
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.simulation import Result, evaluate_object, setting_name
from cfr_icl.files import write_atomically
from cfr_icl.models.digest import weights_digest
from cfr_icl.scale.cluster import Actors, map_on_cluster
from cfr_icl.scale.progress import Progress
from cfr_icl.scale.shards import Shard


@dataclass(frozen=True)
class Job:
    """The settings of an evaluation that are sent to worker processes."""

    weights: str
    device: str
    precision: str
    sources: tuple[Source, ...]
    settings: tuple[CascadeForward, ...]
    protocol: Protocol
    min_area: float

    def absolute(self, weights: str) -> Job:
        """The job with absolute paths, for processes with another working folder.

        Args:
            weights: the source of the weights, such as `load_model` finds from any folder.
        """
        return dataclasses.replace(
            self, weights=weights, sources=tuple(source.absolute for source in self.sources)
        )


@dataclass(frozen=True)
class Unit:
    """A picture to evaluate; `done` holds the (object id, setting) pairs that an earlier run finished."""

    source: int
    index: int
    done: frozenset[tuple[int, str]]


class Worker:
    """Evaluates the objects of one picture at a time, with a network of its own."""

    def __init__(self, job: Job, model: InteractiveModel | None = None) -> None:
        model = model or load_model(job.weights, job.device, job.precision)
        self.job = job
        self.datasets = [source.open() for source in job.sources]
        self.segmenters = [job.protocol.segmenter(model, source.name) for source in job.sources]

    def __call__(self, unit: Unit) -> Iterator[Result]:
        """Evaluate a picture's objects that are large enough and not done yet."""
        sample = self.datasets[unit.source][unit.index]
        for object_id, gt_mask in enumerate(sample.gt_masks):
            if object_area(gt_mask) < self.job.min_area or not (gt_mask == 1).any():
                continue
            yield from evaluate_object(
                self.segmenters[unit.source],
                sample.image,
                gt_mask,
                [s for s in self.job.settings if (object_id, setting_name(s)) not in unit.done],
                self.job.protocol,
                data=self.job.sources[unit.source].label,
                picture=sample.name,
                object_id=object_id,
            )


class ResultLog:
    """Finished results, one line each; the first line identifies weights and protocol.

    Raises:
        ValueError: when the file holds results of other weights or another protocol.
    """

    def __init__(self, path: Path, identity: dict) -> None:
        self.path = path
        self.results: list[Result] = []
        lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        complete = lines[:-1]
        if complete and _with_later_settings(json.loads(complete[0])) != identity:
            raise ValueError(
                f"{path} holds results of other weights or another protocol; "
                "choose another --json, or remove that file to start again."
            )
        self.results = [Result(**json.loads(line)) for line in complete[1:]]
        # without a last line that is incomplete after a kill
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join(complete or [json.dumps(identity)]) + "\n"
        write_atomically(path, text)

    def add(self, result: Result) -> None:
        """Append a result to the file at once."""
        self.results.append(result)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dataclasses.asdict(result)) + "\n")


def _with_later_settings(identity: dict) -> dict:
    """Complete the first line of a file from before the setting `widen` existed, when windows widened."""
    return {**identity, "protocol": {"widen": True, **identity["protocol"]}}


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
                results = [r for r in self.results if (r.data, r.setting) == (source.label, setting)]
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
    finished = ResultLog(log, identity)
    done: dict[tuple[str, str], set[tuple[int, str]]] = {}
    for r in finished.results:
        done.setdefault((r.data, r.picture), set()).add((r.object_id, r.setting))
    units, chosen = [], set()
    for number, source in enumerate(job.sources):
        names = source.open().names
        for index in shard.of(select(names, half, limit)):
            key = (source.label, names[index])
            chosen.add(key)
            units.append(Unit(number, index, frozenset(done.get(key, ()))))
    with one_thread():
        _evaluate_units(job, model, units, finished, workers, actors)
    order = {setting_name(s): number for number, s in enumerate(job.settings)}
    results = [
        r
        for r in finished.results
        if r.setting in order and (r.data, r.picture) in chosen and r.area >= job.min_area
    ]
    results.sort(key=lambda r: (r.data, r.picture, r.object_id, order[r.setting]))
    return Evaluation(job, model, digest, results)


def _evaluate_units(
    job: Job,
    model: InteractiveModel,
    units: Sequence[Unit],
    log: ResultLog,
    workers: int,
    actors: Actors | None,
) -> None:
    progress = Progress(len(units))
    on_cluster = actors and map_on_cluster(partial(_new_worker, job), units, actors)
    for results in on_cluster or _results(job, model, units, workers):
        for result in results:
            log.add(result)
        progress.add()


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


class Replay:
    """Predicts the last mask of a logged session again from its clicks, for the gallery."""

    def __init__(self, job: Job, model: InteractiveModel) -> None:
        self.worker = Worker(job, model)
        self.labels = [source.label for source in job.sources]
        self.settings = {setting_name(s): s for s in job.settings}

    def __call__(self, result: Result) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return picture uint8 (H, W, 3), ground truth int8 (H, W) and mask bool (H, W) of a result."""
        number = self.labels.index(result.data)
        dataset, segmenter = self.worker.datasets[number], self.worker.segmenters[number]
        sample = dataset[list(dataset.names).index(result.picture)]
        segmenter.set_image(sample.image)
        clicks = [Click(x, y, bool(positive)) for x, y, positive in result.clicks]
        mask = segmenter.predict(clicks, cfr=self.settings[result.setting]).mask
        return sample.image, sample.gt_masks[result.object_id], mask
