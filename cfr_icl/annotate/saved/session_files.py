"""The session files of a work folder: their names, their JSON, and a summary of the work in each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfr_icl.annotate.objects.document import Document
from cfr_icl.annotate.pictures.listing import leads_inside
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.object_json import view_from_json
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.saved.visits import Visit, visits_from_json
from cfr_icl.pictures.pages import VIEW, View

SESSION_SUFFIX = ".session.json"
LONGEST_FILE_NAME = 255
"""Bytes that file systems take."""

OPEN, WORK, DONE = "todo", "work", "done"
"""States of pictures: without objects, with objects, and marked as done."""


@dataclass(frozen=True)
class Summary:
    """The work on a picture as the list of pictures shows it."""

    state: str = OPEN
    labels: tuple[str, ...] = ()
    """Labels of the objects, each once."""
    certainty: float | None = None
    """The lowest certainty of the objects that have one."""
    review: str = ""
    """`Document.review`."""
    people: tuple[str, ...] = ()
    """Names of those who worked on it, each once."""

    @classmethod
    def of(cls, document: Document, visits: Sequence[Visit] = ()) -> Summary:
        objects = document.instances
        labels, certainties = ([each.label for each in objects], [each.certainty for each in objects])
        return _summary(document.done, labels, certainties, document.review, visits)


def _summary(
    done: bool, labels: Iterable[str], certainties: Iterable[Any], review: str, visits: Sequence[Visit]
) -> Summary:
    names = tuple(dict.fromkeys(labels))
    figures = [float(figure) for figure in certainties if type(figure) in (int, float)]
    people = tuple(dict.fromkeys(visit.who for visit in visits if visit.who))
    state = DONE if done else WORK if names or review else OPEN
    return Summary(state, names, min(figures, default=None), review, people)


def session_file(name: str) -> str:
    """Path of a picture's session file below the work folder, with slashes; long names are cut."""
    folder, _, last = name.rpartition("/")
    parts = [*folder.split("/"), last] if folder else [last]
    encoded = os.fsencode(last + SESSION_SUFFIX)
    if len(encoded) > LONGEST_FILE_NAME:
        digest = hashlib.sha256(last.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        room = LONGEST_FILE_NAME - len(SESSION_SUFFIX) - len(digest) - 1
        parts[-1] = last.encode("utf-8")[:room].decode("utf-8", "ignore") + "~" + digest
    return "/".join(parts) + SESSION_SUFFIX


class SessionFiles:
    """The session files below a work folder, by the names of their pictures."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._found = self.find()
        """Files that were there when they were last looked for; others may have been added since."""

    def find(self) -> set[str]:
        """Paths of all session files below the folder, with slashes."""
        sessions: set[str] = set()
        for folder, _, files in os.walk(self.out):
            prefix = "" if folder == str(self.out) else Path(folder).relative_to(self.out).as_posix() + "/"
            sessions.update(prefix + file for file in files if file.endswith(SESSION_SUFFIX))
        return sessions

    def path(self, name: str) -> Path:
        """The session file of a picture; raises StoreError if a link leads out of the folder."""
        path = self.out / session_file(name)
        if not leads_inside(path, self.out):
            raise StoreError(
                "A link leads the work on {name} out of its folder; take the link away.", name=name
            )
        return path

    def is_known(self, name: str) -> bool:
        """Whether the picture had a session file when this was made, or since `remember`."""
        return session_file(name) in self._found

    def has(self, name: str) -> bool:
        """Whether the picture has a session file; raises StoreError like `path`."""
        return self.is_known(name) or self.path(name).exists()

    def remember(self, name: str) -> None:
        """Take in a session file that was written."""
        self._found.add(session_file(name))

    def read(self, name: str) -> Any:
        """The JSON of a picture's session file; None when there is none. Raises StoreError or OSError."""
        if not self.has(name):
            return None
        try:
            return store.read_json(self.path(name))
        except FileNotFoundError:  # somebody has deleted it
            self._found.discard(session_file(name))
            return None

    def latest_first(self, names: Iterable[str]) -> list[Path]:
        """The session files of these pictures, the last saved one first."""
        paths = []
        for name in names:
            try:
                if self.has(name):
                    path = self.path(name)
                    paths.append((path.stat().st_mtime, path))
            except (OSError, StoreError):
                continue
        return [path for _, path in sorted(paths, key=lambda entry: entry[0], reverse=True)]

    def view(self, name: str) -> View:
        """The view of a picture in its saved work; the usual one without."""
        try:
            return stored_view(self.read(name))
        except (OSError, StoreError):
            return VIEW

    def summary(self, name: str) -> Summary:
        """The summary of a picture's saved work; a file that cannot be read counts as begun work."""
        try:
            data = store.read_json(self.path(name))
            objects = data["objects"]
            labels = [str(entry["label"]) for entry in objects]
            certainties = [entry.get("certainty") for entry in objects]
            visits = visits_from_json(data.get("visits"))
            review = data.get("review")
            review = review if isinstance(review, str) else ""
            return _summary(data["done"], labels, certainties, review, visits)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Summary(WORK)


def stored_view(stored: Any) -> View:
    """The view in saved work; the usual one for an invalid one, which is reported when the work is loaded."""
    try:
        return VIEW if stored is None else view_from_json(stored.get("view"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return VIEW
