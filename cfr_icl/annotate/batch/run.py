"""Run a batch: what is not done yet goes to workers, what comes back is written at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cfr_icl.annotate import classes
from cfr_icl.annotate.batch.answer import Answered
from cfr_icl.annotate.batch.plan import COCO, MASKS, WORK, Batch, PictureTask
from cfr_icl.annotate.batch.record import ANNOTATIONS, Record, write_annotations, write_failed
from cfr_icl.annotate.click_lists import Problem
from cfr_icl.annotate.exports.writing import keep_names
from cfr_icl.annotate.labels import merged
from cfr_icl.annotate.listing import leads_inside
from cfr_icl.files import write_atomically
from cfr_icl.scale.progress import Progress
from cfr_icl.scale.shards import Shard

Answers = Callable[[Sequence[PictureTask]], Iterable[Answered]]
"""Tasks -> what became of them, in any order; how a batch is spread over processes."""


def run_batch(
    batch: Batch,
    answers: Answers,
    settings: Mapping[str, Any],
    shard: Shard = Shard(),
    *,
    strict: bool = False,
    say: Callable[[str], None] = lambda sentence: None,
    wrote: Callable[[Path], None] = lambda path: None,
) -> list[Problem]:
    """Answer and write all pictures of a batch that an earlier run did not.

    Files are written by this process alone, and a picture is logged when its files are written: a kill at any
    moment costs the pictures that were being answered.

    Args:
        settings: what masks depend on: with others, all is done anew.
        strict: raise ValueError at the first picture that cannot be used.
        say: gets sentences for the person.
        wrote: called after each file.

    Returns:
        What was left out, the problems of the batch first.

    Raises:
        OSError: when a file cannot be written.
    """
    problems = list(batch.problems)
    batch.out.mkdir(parents=True, exist_ok=True)
    labels = [label.name for label in batch.labels]
    record = Record(batch.out, shard, {**settings, "format": batch.format}, labels)
    if record.restarted:
        say("The settings are others than those of the last run; all pictures are answered anew.")
    record.keep(task.picture for task in batch.tasks)
    if batch.format == MASKS:
        keep_names(batch.out, batch.names, batch.images)
    tasks = []
    for task in batch.tasks:
        reasons = _reasons_to_skip(batch, record, task)
        if reasons is None:
            tasks.append(task)
        for reason in reasons or ():
            problems.append(Problem(task.picture, reason))
            say(reason)
    if len(tasks) < len(batch.tasks):
        say(f"{len(batch.tasks) - len(tasks)} of {len(batch.tasks)} pictures need not be answered again.")
    progress = Progress(len(tasks))
    for answered in answers(tasks) if tasks else ():
        new = [*answered.problems, *_write(batch, record, answered, wrote)]
        problems += new
        for problem in new:
            say(problem.sentence)
            if strict:
                raise ValueError(problem.sentence)
        progress.add(len({problem.picture for problem in problems}))
    if batch.format == COCO:
        path = shard.file(batch.out / ANNOTATIONS)
        write_annotations(path, record.lines.values(), labels)
        wrote(path)
    if batch.format == WORK:
        _write_classes(batch)
    write_failed(batch.out, shard, problems)
    record.finish()
    return problems


def _reasons_to_skip(batch: Batch, record: Record, task: PictureTask) -> Sequence[str] | None:
    """Why a picture is not answered, in sentences, none where it is done; None when it is to be answered."""
    there = all((batch.out / name).exists() for name in task.files)
    if batch.format == WORK:
        if there and record.has(task):
            return record.failed(task)
        return [_has_work(task)] if there else None
    return [] if there and record.has(task) and not record.failed(task) else None


def _has_work(task: PictureTask) -> str:
    return f"{task.picture}: There is saved work on it already, which is left as it is."


def _write(
    batch: Batch, record: Record, answered: Answered, wrote: Callable[[Path], None]
) -> Sequence[Problem]:
    """Write what became of a picture and log it; returns what keeps a file from being written."""
    for name, content in answered.files:
        path = batch.out / name
        if batch.format == WORK and (path.exists() or not leads_inside(path, batch.out)):
            return [Problem(answered.task.picture, _has_work(answered.task))]
        write_atomically(path, content)
        wrote(path)
    if answered.files or answered.work is not None:
        failed = [problem.sentence for problem in answered.problems]
        record.add(answered.task, [name for name, _ in answered.files], failed, answered.work)
    return []


def _write_classes(batch: Batch) -> None:
    """Put the list's classes behind those that the work folder has."""
    path = batch.out / classes.FILE
    before = classes.read_classes(path) if path.is_file() else []
    classes.write_classes(path, merged(before, batch.labels))
