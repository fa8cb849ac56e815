"""The files of a batch beside its masks: its log, the list of failures, and the COCO file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cfr_icl.annotate.batch.click_lists import Problem
from cfr_icl.annotate.batch.plan import COCO, PictureTask
from cfr_icl.annotate.exports import export
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.pictures.listing import natural_key
from cfr_icl.annotate.saved import store
from cfr_icl.files import write_atomically
from cfr_icl.scale.shards import Shard

LOG, FAILED, ANNOTATIONS = "batch.jsonl", "failed.csv", "annotations.json"
"""Files of a batch beside its masks; those of a shard have its number in their names."""

VERSION = 1


class Record:
    """The log of a batch: a line with its settings, one for each finished picture, and one at the end.

    Args:
        out: the target of the batch.
        shard: the share of the pictures that the log is for.
        identity: the settings that masks depend on. A log with other settings is replaced.
        classes: labels in the order of their numbers.
    """

    def __init__(
        self, out: Path, shard: Shard, identity: Mapping[str, Any], classes: Sequence[str] = ()
    ) -> None:
        self.path = shard.file(out / LOG)
        first, lines, _ = read_log(self.path)
        identity = {"cfr_icl_batch": VERSION, **identity}
        self.restarted = bool(first) and first["settings"] != identity
        """Whether a log with other settings was replaced."""
        self.lines: dict[str, dict[str, Any]] = {} if self.restarted else lines
        """Log lines by picture."""
        self._header = {"settings": identity, "shard": str(shard), "classes": list(classes)}
        self.replace_lines(self.lines.values())

    def contains(self, task: PictureTask) -> bool:
        """Whether a picture with the same objects is logged; some of its objects may have failed."""
        return self.lines.get(task.picture_name, {}).get("digest") == task.digest

    def failed(self, task: PictureTask) -> Sequence[str]:
        """The reasons why objects of a picture failed, in sentences."""
        return self.lines.get(task.picture_name, {}).get("failed", [])

    def add(self, task: PictureTask, files: Sequence[str], failed: Sequence[str], work: Any = None) -> None:
        """Log a picture whose files are written."""
        line = {"picture": task.picture_name, "digest": task.digest, "files": list(files)}
        if failed:
            line["failed"] = list(failed)
        if work is not None:
            line["work"] = work
        self.lines[task.picture_name] = line
        self._append(line)

    def replace_lines(self, lines: Iterable[dict[str, Any]]) -> None:
        """Rewrite the log with these lines of pictures, without the end line and incomplete lines."""
        self.lines = {line["picture"]: line for line in lines}
        content = (json.dumps(line) + "\n" for line in (self._header, *self.lines.values()))
        write_atomically(self.path, "".join(content))

    def keep_only(self, pictures: Iterable[str]) -> None:
        """Remove all other pictures from the log."""
        listed = set(pictures)
        if not self.lines.keys() <= listed:
            self.replace_lines([line for picture, line in self.lines.items() if picture in listed])

    def finish(self) -> None:
        """Log that all pictures were tried."""
        self._append({"finished": True})

    def _append(self, line: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def read_log(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]], bool]:
    """Read a log: its first line, the lines by picture, and whether the batch finished.

    Without a log, both are empty.

    Raises:
        ValueError: when the file is no log of a batch.
    """
    if not path.is_file():
        return {}, {}, False
    try:
        complete = path.read_text(encoding="utf-8").split("\n")[:-1]
        first, *rest = [json.loads(line) for line in complete] or [{}]
        if first:
            Shard.parse(first["shard"])
        finished = bool(rest) and "finished" in rest[-1]
        lines = {line["picture"]: line for line in rest if "finished" not in line}
        if first and first["settings"]["cfr_icl_batch"] != VERSION:
            raise ValueError("version")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not the log of a batch; move it away to start anew.") from error
    return first, lines, finished


def write_failed(out: Path, shard: Shard, problems: Sequence[Problem]) -> Path | None:
    """Write the list of problems and return its file; without problems, remove the list of an earlier run."""
    path = shard.file(out / FAILED)
    if not problems:
        path.unlink(missing_ok=True)
        return None
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["picture", "reason"])
    table.writerows([problem.picture_name, problem.sentence] for problem in problems)
    content = text.getvalue().encode("utf-8", "backslashreplace")
    write_atomically(path, b"\xef\xbb\xbf" + content)  # with a mark by which spreadsheets know UTF-8
    return path


def write_annotations(path: Path, lines: Iterable[Mapping[str, Any]], classes: Sequence[str]) -> None:
    """Write the objects in log lines as a COCO file, pictures in natural order.

    Raises:
        StoreError: when a line is damaged.
    """
    pictures = []
    for line in sorted(lines, key=lambda line: natural_key(line["picture"])):
        if line.get("work"):
            height, width = line["work"]["size"]
            document = store.from_json(line["work"], (height, width))
            pictures.append(AnnotatedPicture(line["picture"], (height, width), document, _no_pixels))
    files = export(COCO, pictures, classes=classes)
    content = files.get("annotations.json", b'{"images": [], "annotations": [], "categories": []}')
    write_atomically(path, content)


def _no_pixels() -> np.ndarray:
    raise AssertionError("COCO files hold no pixels.")
