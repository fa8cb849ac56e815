"""A folder of pictures to annotate, which may change meanwhile: order, states, saved work, classes."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from stat import S_ISREG
from threading import RLock
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from PIL import Image

from cfr_icl.annotate import classes, store
from cfr_icl.annotate.document import COLOURS, Document, Label
from cfr_icl.annotate.exports.picture import AnnotatedPicture, class_names
from cfr_icl.annotate.labels import merged, overlaid
from cfr_icl.annotate.listing import leads_inside, list_pictures, natural
from cfr_icl.annotate.pictures import (
    MAX_MEGAPIXELS,
    VIEW,
    OpenedPicture,
    PictureError,
    Remarks,
    View,
    open_picture,
    picture_size,
    thumbnail,
)
from cfr_icl.annotate.record import Visit, visits_from_json
from cfr_icl.annotate.sharing import SharedFolder
from cfr_icl.annotate.store import StoreError
from cfr_icl.files import remove_unfinished
from cfr_icl.sentences import Sentence

log = logging.getLogger(__name__)

OPEN, WORK, DONE = "todo", "work", "done"
UNREADABLE, GONE = "unreadable", "gone"
"""States of pictures that cannot be opened: damaged or with work of another size, and not there any more."""

SESSION_SUFFIX = ".session.json"
LONGEST_FILE_NAME = 255
"""Bytes that file systems take."""

REFRESH_SECONDS = 1.0

Stamp = tuple[int, int, int]
"""Time of change, size and inode of a file; a changed or replaced file has another stamp."""


@dataclass(frozen=True)
class Opened:
    """An opened picture of the folder."""

    name: str
    path: Path
    picture: np.ndarray
    """uint8 (H, W, 3) RGB."""
    remarks: Remarks
    document: Document | None
    """The saved work; None when there is none."""
    revision: int
    key: Hashable
    """Identifies the present version of the file, for the undo history."""
    sentences: Sequence[str] = ()
    """Messages for the user about the picture."""
    visits: Sequence[Visit] = ()
    """Who worked on it before."""


@dataclass(frozen=True)
class SavedWork:
    """All work in a folder, for export."""

    pictures: Sequence[AnnotatedPicture]
    left_out: Sequence[str]
    """Messages about work that is left out."""


class Folder:
    """Pictures below one folder, their session files in another; the pictures are only read."""

    def __init__(self, images: Path, out: Path, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        if not images.is_dir():
            raise ValueError(f"There is no folder {str(images)!r} with pictures.")
        out.mkdir(parents=True, exist_ok=True)
        self.images = images.resolve()
        self.out = out.resolve()
        self.max_megapixels = max_megapixels
        listing = list_pictures(self.images, self.out)
        self.sentences = listing.sentences
        """Messages for the user about files that are not in the list."""
        for sentence in self.sentences:
            log.warning("%s", sentence)
        self._paths = listing.paths
        self.names = listing.names
        if not self.names:
            raise ValueError(
                f"There are no pictures in {str(images)!r}; links that lead out of it do not count."
            )
        self._lock = RLock()
        self._sessions = self._find_sessions()
        self._work: dict[str, str] = {}
        """State of the saved work of each picture that has some."""
        self.labels_of: dict[str, tuple[str, ...]] = {}
        """The labels of the objects of each picture that has some."""
        self.certainty_of: dict[str, float] = {}
        """The least certainty of the objects of each picture that has some to be looked at."""
        self._problems: dict[str, Stamp | None] = {}
        """Pictures that could not be opened, as their files were then."""
        self.labels: list[Label] = self._read_classes()
        """The classes of all pictures, in the order of their numbers."""
        for name in self.names:
            if self.session_file(name) in self._sessions:
                self._work[name] = self._stored_state(name)
        self.states = {name: self._work.get(name, OPEN) for name in self.names}
        self.revisions = dict.fromkeys(self.names, 0)
        """Number of saves of each picture; detects two people who save the same picture."""
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="next-picture")
        self._ahead: tuple[tuple[str, Stamp, View], Future[OpenedPicture]] | None = None
        self._listed = time.monotonic()
        self._shared: SharedFolder | None = None

    def share(self) -> None:
        """Let other processes that do so too work on `out` at the same time.

        What they save is shown here, and a picture that they saved meanwhile is not overwritten.

        Raises:
            ValueError: when a process works on `out` that does not share it.
        """
        self.claim()
        self._claim.release()
        paths = {name: self.session_path(name) for name in self.names if self._has_session(name)}
        self._shared = SharedFolder(self.out, paths)

    def claim(self) -> None:
        """Keep other processes from working on `out` until this one ends; raises ValueError when one does."""
        self._claim = FileLock(self.out / ".cfr-icl.lock")
        try:
            self._claim.acquire(timeout=0)
        except Timeout as error:
            raise ValueError(
                f"Another process is working on {str(self.out)!r}; end it first, or save to another folder."
            ) from error
        remove_unfinished(self.out)

    # ---- the list

    def path(self, name: str) -> Path:
        """The picture's file."""
        return self._paths.get(name, self.images / name)

    def refresh(self) -> bool:
        """Check for added, removed and repaired pictures; return whether names or states changed.

        Added pictures are inserted into the list in its order; removed ones stay in it as GONE. The folder is
        read at most once a second.
        """
        with self._lock:
            if time.monotonic() - self._listed < REFRESH_SECONDS:
                return False
            listing = list_pictures(self.images, self.out)
            self._listed = time.monotonic()
            self._notice_others()
            before = (self.names, dict(self.states))
            self._paths = {**self._paths, **listing.paths}
            added = [name for name in listing.paths if name not in self.states]
            if added:
                self.names = sorted([*self.names, *added], key=natural)
                self.revisions.update(dict.fromkeys(added, 0))
                for name in added:
                    if self._has_session(name):
                        self._work[name] = self._stored_state(name)
            for name in self.names:
                if name not in listing.paths:
                    self.states[name] = GONE
                elif name in self._problems and self._problems[name] == self.stamp(name):
                    self.states[name] = UNREADABLE
                else:
                    self._problems.pop(name, None)
                    self.states[name] = self._work.get(name, OPEN)
            return before != (self.names, self.states)

    def first_open(self) -> int:
        """Index of the first picture that is not done and can be opened; 0 when there is none."""
        return next((i for i, name in enumerate(self.names) if self.states[name] in (OPEN, WORK)), 0)

    def next(self, name: str, step: int = 1) -> str | None:
        """The picture after this one that can be opened, or with `step` -1 before it; None at the end."""
        with self._lock:
            return self._first(self._around(name, step)[0], (OPEN, WORK, DONE))

    def next_to_do(self, name: str, step: int = 1) -> str | None:
        """The picture after this one that is to be done, around the list; None when there is none."""
        with self._lock:
            following, others = self._around(name, step)
            return self._first([*following, *others], (OPEN, WORK))

    def _around(self, name: str, step: int) -> tuple[list[str], list[str]]:
        """Pictures after this one, and those before it in the order in which they follow the last."""
        names = self.names if step > 0 else self.names[::-1]
        place = names.index(name) if name in names else -1 if step > 0 else len(names)
        return names[place + 1 :], names[: max(place, 0)]

    def _first(self, names: Iterable[str], states: tuple[str, ...]) -> str | None:
        return next((name for name in names if self.states[name] in states), None)

    # ---- one picture

    def open(self, name: str) -> Opened:
        """Decode a picture, unless it was decoded in advance, and load its saved work.

        Raises:
            PictureError: when the picture cannot be read.
            StoreError: when its saved work cannot be used.
            Both name the picture, which becomes UNREADABLE or GONE in `states`.
        """
        with self._lock:
            self._notice(name)
            revision = self.revisions.get(name, 0)
        try:
            stamp = self.stamp(name)
            if stamp is None:
                raise PictureError("There is no file {file!r}.", file=str(self.path(name)))
            stored = self._stored(name)
            opened = self._opened(name, stamp, _view(stored))
            document = None if stored is None else self._document(stored, opened.pixels.shape[:2])
        except (PictureError, StoreError, OSError) as error:
            self._mark(name, GONE if self.stamp(name) is None else UNREADABLE)
            kind = PictureError if isinstance(error, PictureError) else StoreError
            said = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise kind("{name}: {error}", name=name, error=said) from error
        self._mark(name, None)
        sentences = []
        if stored is not None and stored.get("file_bytes") not in (None, stamp[1]):
            sentences.append(
                Sentence(
                    "{name} was changed since its work was saved; look at its masks once more.", name=name
                )
            )
        return Opened(
            name,
            self.path(name),
            opened.pixels,
            opened.remarks,
            document,
            revision,
            (name, stamp),
            sentences,
            () if stored is None else visits_from_json(stored.get("visits")),
        )

    def read(self, name: str) -> np.ndarray:
        """Decode a picture, unless it was decoded in advance; raises PictureError."""
        stamp = self.stamp(name)
        if stamp is None:
            raise PictureError("There is no file {file!r}.", file=str(self.path(name)))
        return self._opened(name, stamp, self._stored_view(name)).pixels

    def thumbnail(self, name: str, side: int) -> Image.Image:
        """A small RGB version of a picture, at most `side` pixels a side; raises PictureError."""
        if name not in self.states:
            raise PictureError("There is no file {file!r}.", file=name)
        return thumbnail(self.path(name), side)

    def read_ahead(self, name: str) -> None:
        """Start decoding a picture in the background; only the last one is kept."""
        stamp = self.stamp(name)
        if stamp is None:
            return
        key = (name, stamp, self._stored_view(name))
        if not self._ahead or self._ahead[0] != key:
            reading = self._reader.submit(open_picture, self.path(name), self.max_megapixels, key[2])
            self._ahead = key, reading

    def load(self, name: str, size: tuple[int, int]) -> Document | None:
        """The saved document of a picture, or None when there is none; raises StoreError.

        The folder's classes are put in front of its labels, because all pictures share one list.
        """
        stored = self._stored(name)
        return None if stored is None else self._document(stored, size)

    def _document(self, stored: Any, size: tuple[int, int]) -> Document:
        document = store.from_json(stored, size)
        return replace(document, labels=tuple(overlaid(self.labels, document.labels)))

    def latest(self) -> Document | None:
        """A document without objects, with labels and settings of the last saved one; None without one."""
        paths = []
        for name in self.names:
            try:
                if self._has_session(name):
                    path = self.session_path(name)
                    paths.append((path.stat().st_mtime, path))
            except (OSError, StoreError):
                continue
        for _, path in sorted(paths, key=lambda entry: entry[0], reverse=True):
            try:
                _, last = store.load_any(path)
            except (OSError, StoreError):
                continue
            labels = tuple(merged(self.labels, last.labels))
            return Document(cfr=last.cfr, labels=labels, label=last.label)
        if self.labels:
            return Document(labels=tuple(self.labels), label=self.labels[0].name)
        return None

    def save(
        self,
        name: str,
        document: Document,
        size: tuple[int, int],
        revision: int,
        visits: Sequence[Visit] = (),
    ) -> int:
        """Save a document atomically; `revision` is the one from which it was edited.

        Args:
            visits: who worked on the picture so far.

        Returns:
            The new revision.

        Raises:
            StoreError: when somebody else has saved the picture meanwhile.
            OSError: when it cannot be written; the file saved before is unchanged.
        """
        with self._lock, self._shared.saving() if self._shared else nullcontext():
            self._notice(name)
            if self.revisions.get(name, 0) != revision:
                raise StoreError(
                    "Somebody else is working on {name}; this change is not saved. Go to another picture "
                    "and back to see theirs.",
                    name=name,
                )
            stamp = self.stamp(name)
            store.save(self.session_path(name), document, name, size, stamp and stamp[1], visits)
            if self._shared:
                self._shared.remember(name, self.session_path(name))
            self._sessions.add(self.session_file(name))
            self.revisions[name] = revision + 1
            self._work[name] = DONE if document.done else WORK if document.instances else OPEN
            self.labels_of[name] = _labels_of(instance.label for instance in document.instances)
            self._set_certainty(name, [instance.certainty for instance in document.instances])
            if self.states.get(name) != GONE:
                self.states[name] = self._work[name]
            return revision + 1

    def _notice(self, name: str) -> bool:
        """Count what another process saved of a picture as a save; tells whether it did."""
        try:
            if self._shared is None or not self._shared.changed(name, self.session_path(name)):
                return False
        except StoreError:
            return False
        self.revisions[name] = self.revisions.get(name, 0) + 1
        self._work[name] = self._stored_state(name)
        return True

    def _notice_others(self) -> None:
        """Take over states and classes that other processes saved, every few seconds."""
        if self._shared and self._shared.is_time_to_look():
            for name in self.names:
                if self._notice(name):
                    self._sessions.add(self.session_file(name))
            self.labels = merged(self._read_classes(), self.labels)

    # ---- all pictures

    def saved_work(self) -> SavedWork:
        """All pictures with objects or marked as done, for export, and messages about those left out."""
        pictures, left_out = [], []
        sessions = self._find_sessions()
        for name in self.names:
            session = self.session_file(name)
            if session not in sessions:
                continue
            sessions.discard(session)
            try:
                path = self.session_path(name)
                size, document, visits = store.load_work(path)
                if not document.instances and not document.done:
                    continue
                if self.stamp(name) is None:
                    left_out.append(
                        Sentence("{name} is not there any more; its work is not exported.", name=name)
                    )
                    continue
                now = self._size_now(name, document.view)
                if now not in (None, size):
                    left_out.append(
                        Sentence(
                            "{name} is {width} x {height} pixels now, but its work was made on {old_width} x "
                            "{old_height}; it is not exported.",
                            name=name,
                            width=now[1],
                            height=now[0],
                            old_width=size[1],
                            old_height=size[0],
                        )
                    )
                    continue
            except (StoreError, OSError) as error:
                left_out.append(Sentence("{name}: {error} It is not exported.", name=name, error=error))
                continue
            file = self.path(name).relative_to(self.images).as_posix()
            read = partial(self._read_for_export, name, document.view)
            seconds = sum(visit.seconds for visit in visits)
            pictures.append(AnnotatedPicture(file, size, document, read, seconds))
        orphans = sorted(self._orphans(sessions), key=natural)
        if orphans:
            more = f" and {len(orphans) - 5} more" if len(orphans) > 5 else ""
            left_out.append(
                Sentence(
                    "Work without a picture of its name is not exported: {names}{more}.",
                    names=", ".join(orphans[:5]),
                    more=more,
                )
            )
        return SavedWork(pictures, left_out)

    def number_classes(self, pictures: Sequence[AnnotatedPicture]) -> list[str]:
        """The names of all classes in the order of their numbers, which later exports keep.

        New classes are appended: those of the pictures' lists of labels, then those of their objects.
        """
        with self._lock:
            names = class_names(pictures, [label.name for label in self.labels])
            if len(names) > len(self.labels):
                listed = {label.name: label for picture in pictures for label in picture.document.labels}
                colours = {each.label: each.colour for picture in pictures for each in picture.instances}
                new = (
                    listed.get(name, Label(name, colours.get(name, COLOURS[number % len(COLOURS)])))
                    for number, name in enumerate(names)
                )
                self.set_classes([*self.labels, *new])
            return names

    def set_classes(self, labels: Iterable[Label]) -> None:
        """Set the order of the classes: these labels first, then the folder's other ones."""
        with self._lock, self._shared.saving() if self._shared else nullcontext():
            others = self._read_classes() if self._shared else []
            self.labels = merged(others, labels, self.labels)
            try:
                classes.write_classes(self.out / classes.FILE, self.labels)
            except OSError as error:
                log.warning("The order of the classes cannot be saved: %s", error.strerror)

    # ---- files

    @staticmethod
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

    def session_path(self, name: str) -> Path:
        """The session file of a picture; raises StoreError if a link leads out of `out`."""
        path = self.out / self.session_file(name)
        if not leads_inside(path, self.out):
            raise StoreError(
                "A link leads the work on {name} out of its folder; take the link away.", name=name
            )
        return path

    def _find_sessions(self) -> set[str]:
        """Paths of all session files below `out`."""
        sessions = set()
        for folder, _, files in os.walk(self.out):
            prefix = "" if folder == str(self.out) else Path(folder).relative_to(self.out).as_posix() + "/"
            sessions.update(prefix + file for file in files if file.endswith(SESSION_SUFFIX))
        return sessions

    def _orphans(self, sessions: Iterable[str]) -> list[str]:
        """Names of pictures that have saved work but are not in the list."""
        names = []
        for session in sessions:
            try:
                data = store.read_json(self.out / session)
                if data["objects"] or data["done"]:
                    names.append(str(data["picture"]))
            except (OSError, ValueError, KeyError, TypeError):
                names.append(session)
        return names

    def _has_session(self, name: str) -> bool:
        return self.session_file(name) in self._sessions or self.session_path(name).exists()

    def _stored_state(self, name: str) -> str:
        try:
            data = store.read_json(self.session_path(name))
            self.labels_of[name] = _labels_of(str(entry["label"]) for entry in data["objects"])
            self._set_certainty(name, [entry.get("certainty") for entry in data["objects"]])
            return DONE if data["done"] else WORK if data["objects"] else OPEN
        except (OSError, ValueError, KeyError, TypeError):
            return WORK

    def _set_certainty(self, name: str, figures: Iterable[Any]) -> None:
        known = [float(figure) for figure in figures if type(figure) in (int, float)]
        self.certainty_of.pop(name, None)
        if known:
            self.certainty_of[name] = min(known)

    def _stored_view(self, name: str) -> View:
        """The picture's view in its saved work."""
        try:
            return _view(self._stored(name))
        except (OSError, StoreError):
            return VIEW

    def _stored(self, name: str) -> Any:
        """The JSON of a picture's session file; None when there is none. Raises StoreError or OSError."""
        if not self._has_session(name):
            return None
        try:
            return store.read_json(self.session_path(name))
        except FileNotFoundError:  # somebody has deleted it
            with self._lock:
                self._sessions.discard(self.session_file(name))
                self._work.pop(name, None)
            return None

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of the picture's file; None if there is no file, or a link leads out of the folder."""
        path = self.path(name)
        try:
            status = path.stat()
            if not S_ISREG(status.st_mode) or (path.is_symlink() and not leads_inside(path, self.images)):
                return None
        except (OSError, RuntimeError):  # a circle of links is a RuntimeError before Python 3.13
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _opened(self, name: str, stamp: Stamp, view: View) -> OpenedPicture:
        ahead = self._ahead
        if ahead and ahead[0] == (name, stamp, view):
            return ahead[1].result()
        return open_picture(self.path(name), self.max_megapixels, view)

    def _mark(self, name: str, problem: str | None) -> None:
        with self._lock:
            if problem is None:
                self._problems.pop(name, None)
            else:
                self._problems[name] = self.stamp(name)
            if name in self.states:
                self.states[name] = problem or self._work.get(name, OPEN)

    def _size_now(self, name: str, view: View) -> tuple[int, int] | None:
        """Height and width of a picture's present file; None if it cannot be read."""
        try:
            return picture_size(self.path(name), view)
        except PictureError:
            return None

    def _read_for_export(self, name: str, view: View) -> np.ndarray:
        return open_picture(self.path(name), self.max_megapixels, view).pixels

    def _read_classes(self) -> list[Label]:
        path = self.out / classes.FILE
        try:
            return classes.read_classes(path) if path.is_file() else []
        except StoreError as error:
            log.warning("%s", error)
            return []


def _labels_of(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))


def _view(stored: Any) -> View:
    """The view in saved work; the default for an invalid one, which is reported when the work is loaded."""
    try:
        return VIEW if stored is None else store.view_from_json(stored.get("view"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return VIEW
