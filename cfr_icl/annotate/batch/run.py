"""Run a batch: hand unfinished pictures to workers, and write each result when it arrives."""

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
"""Tasks -> results in any order; spreads a batch over processes."""


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
    """Predict and write all pictures of a batch that an earlier run did not finish.

    Only this process writes files, and it logs a picture after its files are written. After a kill, only the
    pictures that were with a worker are predicted again.

    Args:
        settings: the settings that masks depend on; if they differ from the log, all pictures are done again.
        strict: raise ValueError at the first picture that cannot be used.
        say: receives messages for the user.
        wrote: called after each file.

    Returns:
        All problems, those of the plan first.

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
    """Reasons to skip a picture, in sentences; empty if it is finished, None if it must be predicted."""
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
    """Write and log the result of a picture; returns a problem if its file must not be written."""
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
    """Append the list's classes to those of the work folder."""
    path = batch.out / classes.FILE
    before = classes.read_classes(path) if path.is_file() else []
    classes.write_classes(path, merged(before, batch.labels))
