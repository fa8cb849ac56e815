"""Run a batch: predict the unfinished pictures, and write each result as it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cfr_icl.annotate.batch.click_lists import Problem
from cfr_icl.annotate.batch.plan import COCO, MASKS, WORK, Batch, PictureTask
from cfr_icl.annotate.batch.record import ANNOTATIONS, Record, write_annotations, write_failed
from cfr_icl.annotate.batch.worker import PictureResult
from cfr_icl.annotate.exports.writing import keep_names
from cfr_icl.annotate.objects.labels import merged
from cfr_icl.annotate.pictures.listing import leads_inside
from cfr_icl.annotate.saved import classes
from cfr_icl.files import write_atomically
from cfr_icl.scale.progress import Progress
from cfr_icl.scale.shards import Shard

LOCK = ".cfr-icl-batch.lock"
"""Held in the output folder by the process that writes it; that of a shard has its number in the name."""

PredictTasks = Callable[[Sequence[PictureTask]], Iterable[PictureResult]]
"""Predicts tasks, in this process or in others, and yields their results in any order."""


@contextmanager
def alone(out: Path, shard: Shard) -> Iterator[None]:
    """A context in which no other process writes this share of a batch; raises ValueError where one does."""
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(shard.file(out / LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ValueError(
            f"Another process writes to {str(out)!r}; give each its part of the list by --shard I/N."
        ) from error
    try:
        yield
    finally:
        lock.release()


def run_batch(
    batch: Batch,
    predict: PredictTasks,
    settings: Mapping[str, Any],
    shard: Shard = Shard(),
    *,
    strict: bool = False,
    report: Callable[[str], None] = lambda sentence: None,
    on_file: Callable[[Path], None] = lambda path: None,
) -> list[Problem]:
    """Predict and write all pictures of a batch that an earlier run did not finish.

    Only this process writes files, and it logs a picture after its files are written. After a kill, only the
    pictures that were with a worker are predicted again.

    Args:
        predict: predicts the tasks that are left.
        settings: the settings that masks depend on; if they differ from those of the log, all pictures are
            predicted again.
        shard: the part of the list that the batch was planned for.
        strict: raise ValueError at the first picture that cannot be used.
        report: called with each message for the user.
        on_file: called with the path of each file after it is written.

    Returns:
        All problems, those of the plan first.

    Raises:
        OSError: when a file cannot be written.
        ValueError: with `strict`, for the first problem.
    """
    problems = list(batch.problems)
    batch.out.mkdir(parents=True, exist_ok=True)
    record = _open_record(batch, settings, shard, report)
    if batch.format == MASKS:
        keep_names(batch.out, batch.names, batch.images)
    tasks, skipped = _tasks_left(batch, record)
    problems += skipped
    for problem in skipped:
        report(problem.sentence)
    if finished := len(batch.tasks) - len(tasks):
        report(f"{finished} of {len(batch.tasks)} pictures need not be predicted again.")
    progress = Progress(len(tasks))
    for result in predict(tasks) if tasks else ():
        new = [*result.problems, *_write(batch, record, result, on_file)]
        problems += new
        for problem in new:
            report(problem.sentence)
            if strict:
                raise ValueError(problem.sentence)
        progress.add(len({problem.picture_name for problem in problems}))
    if batch.format == COCO:
        path = shard.file(batch.out / ANNOTATIONS)
        write_annotations(path, record.lines.values(), [label.name for label in batch.labels])
        on_file(path)
    if batch.format == WORK:
        _write_classes(batch)
    write_failed(batch.out, shard, problems)
    record.finish()
    return problems


def _open_record(
    batch: Batch, settings: Mapping[str, Any], shard: Shard, report: Callable[[str], None]
) -> Record:
    """The log of the batch, without pictures that are not in it any more."""
    labels = [label.name for label in batch.labels]
    record = Record(batch.out, shard, {**settings, "format": batch.format}, labels)
    if record.restarted:
        report("The settings differ from those of the last run; all pictures are predicted again.")
    record.keep_only(task.picture_name for task in batch.tasks)
    return record


def _tasks_left(batch: Batch, record: Record) -> tuple[list[PictureTask], list[Problem]]:
    """The pictures that are to be predicted, and the problems of others."""
    tasks, problems = [], []
    for task in batch.tasks:
        reasons = _reasons_to_skip(batch, record, task)
        if reasons is None:
            tasks.append(task)
        problems += [Problem(task.picture_name, reason) for reason in reasons or ()]
    return tasks, problems


def _reasons_to_skip(batch: Batch, record: Record, task: PictureTask) -> Sequence[str] | None:
    """Reasons to skip a picture, in sentences; empty if it is finished, None if it must be predicted."""
    files_exist = all((batch.out / name).exists() for name in task.files)
    if batch.format == WORK:
        if files_exist and record.contains(task):
            return record.failed(task)
        return [_work_exists(task)] if files_exist else None
    return [] if files_exist and record.contains(task) and not record.failed(task) else None


def _work_exists(task: PictureTask) -> str:
    """The message about a picture whose work was saved by somebody else."""
    return f"{task.picture_name}: There is saved work on it already, which is left as it is."


def _write(
    batch: Batch, record: Record, result: PictureResult, on_file: Callable[[Path], None]
) -> Sequence[Problem]:
    """Write and log the result of a picture; returns a problem if its file must not be written."""
    for name, content in result.files:
        path = batch.out / name
        if batch.format == WORK and (path.exists() or not leads_inside(path, batch.out)):
            return [Problem(result.task.picture_name, _work_exists(result.task))]
        write_atomically(path, content)
        on_file(path)
    if result.files or result.work is not None:
        failed = [problem.sentence for problem in result.problems]
        record.add(result.task, [name for name, _ in result.files], failed, result.work)
    return []


def _write_classes(batch: Batch) -> None:
    """Append the list's classes to those of the work folder."""
    path = batch.out / classes.FILE
    before = classes.read_classes(path) if path.is_file() else []
    classes.write_classes(path, merged(before, batch.labels))
