"""The job of an evaluation, and the worker that evaluates it a picture at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from cfr_icl import CascadeForward, InteractiveModel, load_model
from cfr_icl.data.source import Source
from cfr_icl.evaluation.metrics import object_area
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.simulation import Result, evaluate_object, scene_digest, setting_name


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
    """A picture to evaluate; `done` holds the results of earlier runs for a picture of this name."""

    source: int
    index: int
    done: tuple[Result, ...]


class Worker:
    """Evaluates the objects of one picture at a time, with a network of its own."""

    def __init__(self, job: Job, model: InteractiveModel | None = None) -> None:
        model = model or load_model(job.weights, job.device, job.precision)
        self.job = job
        self.datasets = [source.open() for source in job.sources]
        self.segmenters = [job.protocol.segmenter(model, source.name) for source in job.sources]

    def __call__(self, unit: Unit) -> Iterator[Result]:
        """The results of a picture's objects that are large enough: those of earlier runs, else new ones.

        Those of another picture or another mask of the same name do not count.
        """
        sample = self.datasets[unit.source][unit.index]
        for object_id, gt_mask in enumerate(sample.gt_masks):
            if object_area(gt_mask) < self.job.min_area or not (gt_mask == 1).any():
                continue
            scene = scene_digest(sample.image, gt_mask)
            done = {r.setting: r for r in unit.done if r.object_id == object_id and r.scene in ("", scene)}
            names = [setting_name(setting) for setting in self.job.settings]
            yield from (done[name] for name in names if name in done)
            yield from evaluate_object(
                self.segmenters[unit.source],
                sample.image,
                gt_mask,
                [s for s, name in zip(self.job.settings, names, strict=True) if name not in done],
                self.job.protocol,
                data=self.job.sources[unit.source].label,
                picture=sample.name,
                object_id=object_id,
                scene=scene,
            )
