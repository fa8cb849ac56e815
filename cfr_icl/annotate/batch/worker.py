"""A worker of a batch: predicts the objects of one picture at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cfr_icl.annotate.batch.click_lists import ObjectClicks, Problem
from cfr_icl.annotate.batch.plan import COCO, MASKS, WORK, PictureTask
from cfr_icl.annotate.exports.png import mask_png
from cfr_icl.annotate.imports import mask_pixels
from cfr_icl.annotate.objects.document import Document, Instance, Label
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.pictures.listing import shown_name
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.session.certainty import certainty
from cfr_icl.annotate.session.predicted import predicted
from cfr_icl.box import box_clicks
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.inner_distance import deepest_pixel
from cfr_icl.pictures.decoding import PictureError, read_picture
from cfr_icl.predictor import Predictor
from cfr_icl.sentences import named


@dataclass(frozen=True)
class BatchJob:
    """What all workers of a batch share, except for the network.

    Attributes:
        images: folder of the pictures.
        masks: folder of the masks to start from.
        format: the output format, one of `plan.FORMATS`.
        max_megapixels: size of the largest picture that is read.
        cfr: the CFR settings of every click.
        labels: all classes of the list.
    """

    images: Path
    masks: Path
    format: str
    max_megapixels: float
    cfr: CascadeForward
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class PictureResult:
    """The files of a picture, and its failures."""

    task: PictureTask
    files: tuple[tuple[str, bytes], ...] = ()
    """Contents by path below the target."""
    work: dict[str, Any] | None = None
    """The picture's document as in a session file, for COCO."""
    problems: tuple[Problem, ...] = ()
    """One for each object that failed."""


class BatchWorker:
    """Predicts the objects of pictures; a result depends only on its task."""

    def __init__(self, job: BatchJob, predictor: Predictor) -> None:
        self.job = job
        self.predictor = predictor

    def __call__(self, task: PictureTask) -> PictureResult:
        """Predict the objects of a picture; unusable objects and pictures are reported as problems.

        Raises:
            PredictionError: when the network's output is not finite.
        """
        try:
            picture = read_picture(self.job.images / task.picture_name, self.job.max_megapixels)
        except (PictureError, OSError) as error:
            return PictureResult(task, problems=(self._problem(task, error),))
        self.predictor.set_image(picture)
        files, instances, problems = [], [], []
        covered = Mask.empty(*picture.shape[:2])
        for number, entry in enumerate(task.objects, start=1):
            try:
                instance = self._predict(number, entry, picture.shape[:2])
            except (ValueError, OSError) as error:  # files changed since they were checked
                problems.append(self._problem(task, error))
                continue
            except MemoryError:
                problems.append(self._problem(task, "There is not enough memory for it."))
                continue
            if self.job.format == MASKS:
                files.append((task.files[number - 1], mask_png(instance.mask.pixels)))
            else:
                instances.append(replace(instance, overlap=covered.overlaps(instance.mask)))
                covered = Mask.union([covered, instance.mask])
        work = self._saved_work(task, instances, picture.shape[:2]) if instances else None
        if work is not None and self.job.format == WORK:
            files.append((task.files[0], store.encode(work)))
        return PictureResult(task, tuple(files), work if self.job.format == COCO else None, tuple(problems))

    def _predict(self, number: int, entry: ObjectClicks, size: tuple[int, int]) -> Instance:
        """Predict an object of a picture of (height, width), with `number` as its id."""
        mask = self._mask(entry, size)
        clicks = (*(box_clicks(entry.box, size) if entry.box and mask is None else ()), *entry.clicks)
        if mask is not None and not any(click.positive for click in clicks):
            clicks = (Click(*deepest_pixel(mask.pixels, fast=True)), *clicks)
        labels = {label.name: label for label in self.job.labels}
        label = labels[entry.label or Document.label]
        empty = Mask.empty(*size)
        instance = Instance(
            number,
            label.name,
            label.colour,
            empty,
            empty,
            clicks=clicks,
            box=entry.box if mask is None else None,
            initial_mask=mask,
            cfr=self.job.cfr,
            foreign={"object": entry.object},
        )
        instance, prediction = predicted(self.predictor, instance, self.job.cfr)
        foreign = instance.foreign or {}
        if prediction.predicted_iou is not None:
            foreign = {**foreign, "predicted_iou": round(prediction.predicted_iou, 2)}
        return replace(instance, mask=instance.network_mask, certainty=certainty(prediction), foreign=foreign)

    def _mask(self, entry: ObjectClicks, size: tuple[int, int]) -> Mask | None:
        """The mask to start from, None without one; raises ValueError for an empty one."""
        if entry.mask is None:
            return None
        with named(f"mask {entry.mask}"):
            return Mask.of(mask_pixels(self.job.masks / entry.mask.replace("\\", "/"), size))

    def _saved_work(
        self, task: PictureTask, instances: list[Instance], size: tuple[int, int]
    ) -> dict[str, Any]:
        """The content of the picture's session file."""
        used = {instance.label for instance in instances}
        document = Document(
            tuple(instances),
            cfr=self.job.cfr,
            labels=tuple(label for label in self.job.labels if label.name in used),
            label=instances[0].label,
            next_id=len(task.objects) + 1,
        )
        file_bytes = (self.job.images / task.picture_name).stat().st_size
        return store.to_json(document, shown_name(task.picture_name), size, file_bytes)

    @staticmethod
    def _problem(task: PictureTask, reason: object) -> Problem:
        return Problem(task.picture_name, f"{task.picture_name}: {reason}")
