"""Join the results of the shards of a batch in one folder."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfr_icl.annotate.batch.click_lists import Problem
from cfr_icl.annotate.batch.plan import COCO, WORK
from cfr_icl.annotate.batch.record import (
    ANNOTATIONS,
    FAILED,
    LOG,
    Record,
    read_log,
    write_annotations,
    write_failed,
)
from cfr_icl.annotate.objects.document import Label
from cfr_icl.annotate.objects.labels import merged
from cfr_icl.annotate.pictures.listing import leads_inside
from cfr_icl.annotate.saved import classes
from cfr_icl.files import replacing
from cfr_icl.scale.shards import Shard


@dataclass(frozen=True)
class Part:
    """One shard of a batch, read from its log."""

    folder: Path
    log: Path
    shard: Shard
    settings: dict[str, Any]
    classes: list[str]
    lines: dict[str, dict[str, Any]]
    finished: bool


def join(folders: Sequence[Path], out: Path) -> tuple[int, list[Problem]]:
    """Put all shards of a batch into one folder, as if one process had written it.

    Returns:
        The number of pictures, and the problems of all shards.

    Raises:
        ValueError: when shards or their files are missing, and when shards are unfinished, duplicated or made
            with different settings; then nothing is written.
    """
    parts = _parts(folders)
    settings = {name: value for name, value in parts[0].settings.items() if name != "cfr_icl_batch"}
    lines = [line for part in parts for line in part.lines.values()]
    labels = list(dict.fromkeys(name for part in parts for name in part.classes))
    copies = [copy for part in parts for copy in _copies(part, out)]
    out.mkdir(parents=True, exist_ok=True)
    for source, target in copies:
        with replacing(target) as unfinished:
            shutil.copy2(source, unfinished)
    if settings["format"] == COCO:
        write_annotations(out / ANNOTATIONS, lines, labels)
    if settings["format"] == WORK:
        _join_classes(parts, out)
    problems = [problem for part in parts for problem in _failed(part)]
    write_failed(out, Shard(), problems)
    record = Record(out, Shard(), settings, labels)
    record.replace_lines(lines)
    record.finish()
    return len(lines), problems


def _parts(folders: Sequence[Path]) -> list[Part]:
    """The shards in these folders by number; raises ValueError unless they are one complete batch."""
    pattern = re.compile(rf"{Path(LOG).stem}-\d+-of-\d+{re.escape(Path(LOG).suffix)}")
    parts = []
    for folder in folders:
        logs = sorted(path for path in folder.glob("*.jsonl") if pattern.fullmatch(path.name))
        if not logs:
            raise ValueError(f"There is no part of a batch in {folder}.")
        for log in logs:
            first, lines, finished = read_log(log)
            if not first:
                raise ValueError(f"{log} is empty; run that part again.")
            shard = Shard.parse(first["shard"])
            parts.append(Part(folder, log, shard, first["settings"], first["classes"], lines, finished))
    parts.sort(key=lambda part: part.shard.number)
    counts = {part.shard.count for part in parts}
    if len(counts) > 1:
        raise ValueError(
            f"The parts are of different batches: of {' and of '.join(map(str, sorted(counts)))}."
        )
    (count,) = counts
    numbers = [part.shard.number for part in parts]
    missing = sorted(set(range(1, count + 1)) - set(numbers))
    if missing:
        raise ValueError(f"Parts are missing: {', '.join(f'{number}/{count}' for number in missing[:10])}.")
    if len(set(numbers)) < len(numbers):
        twice = next(number for number in numbers if numbers.count(number) > 1)
        raise ValueError(f"Part {twice}/{count} is there twice.")
    for part in parts:
        if part.settings != parts[0].settings:
            raise ValueError(f"{part.log} was made with other settings than {parts[0].log}.")
        if not part.finished:
            raise ValueError(f"Part {part.shard} was stopped before its end; run it again.")
    return parts


def _copies(part: Part, out: Path) -> Iterator[tuple[Path, Path]]:
    """Each file of a part with its place in the joined folder; none where that is the part's own folder.

    Raises:
        ValueError: for a file that is missing or outside of its folder.
    """
    if part.folder.resolve() == out.resolve():
        return
    for name in (name for line in part.lines.values() for name in line["files"]):
        source, target = part.folder / name, out / name
        if not leads_inside(source, part.folder) or not leads_inside(target, out):
            raise ValueError(f"{part.log} names a file outside of its folder: {name!r:.200}.")
        if not source.is_file():
            raise ValueError(f"{source} is missing; run part {part.shard} again.")
        yield source, target


def _join_classes(parts: Sequence[Part], out: Path) -> None:
    """Write the classes of the joined folder and of all parts, in this order."""
    lists: list[list[Label]] = [
        classes.read_classes(folder / classes.FILE)
        for folder in dict.fromkeys([out, *(part.folder for part in parts)])
        if (folder / classes.FILE).is_file()
    ]
    classes.write_classes(out / classes.FILE, merged(*lists))


def _failed(part: Part) -> list[Problem]:
    """The problems in a part's list of failures."""
    path = part.shard.file(part.folder / FAILED)
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [Problem(name, reason) for name, reason in list(csv.reader(file))[1:]]
