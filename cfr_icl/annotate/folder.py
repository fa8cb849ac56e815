"""A folder of pictures to annotate, which may change meanwhile: opening pictures and saving their work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from cfr_icl.annotate import store
from cfr_icl.annotate.class_list import ClassList
from cfr_icl.annotate.document import Document, Label
from cfr_icl.annotate.labels import merged, overlaid
from cfr_icl.annotate.leases import Leases
from cfr_icl.annotate.listing import list_pictures
from cfr_icl.annotate.picture_files import PictureFiles, Stamp
from cfr_icl.annotate.picture_list import PictureList
from cfr_icl.annotate.pictures import MAX_MEGAPIXELS, PictureError, Remarks, picture_size
from cfr_icl.annotate.record import Visit, visits_from_json
from cfr_icl.annotate.saved_work import SavedWork, saved_work
from cfr_icl.annotate.session_files import SessionFiles, Summary, stored_view
from cfr_icl.annotate.sharing import SharedFolder
from cfr_icl.annotate.store import StoreError
from cfr_icl.files import UNCHANGED, remove_unfinished
from cfr_icl.sentences import Sentence

log = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0


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
    sentences: Sequence[Sentence] = ()
    """Messages for the user about the picture."""
    visits: Sequence[Visit] = ()
    """Who worked on it before."""


@dataclass(frozen=True)
class Work:
    """The saved work on a picture, without its pixels."""

    size: tuple[int, int]
    """Height and width of the picture."""
    document: Document
    visits: tuple[Visit, ...]
    revision: int


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
        if not listing.names:
            raise ValueError(
                f"There are no pictures in {str(images)!r}; links that lead out of it do not count."
            )
        self._files = PictureFiles(self.images, listing.paths, max_megapixels)
        self._sessions = SessionFiles(self.out)
        self._lock = RLock()
        self._list = PictureList(listing.names)
        self._shared: SharedFolder | None = None
        self.classes = ClassList(self.out, self._exclusive)
        self.leases = Leases(exclusive=self._exclusive)
        for name in self.names:
            if self._sessions.is_known(name):
                self._list.set_saved(name, self._sessions.summary(name))
        self.revisions = dict.fromkeys(self.names, 0)
        """Number of saves of each picture; detects two people who save the same picture."""
        self._listed = time.monotonic()

    # ---- processes

    def share(self) -> None:
        """Share `out` with other processes that call this too.

        Their saved work is shown here, and a picture that they saved meanwhile is not overwritten.

        Raises:
            ValueError: when a process works on `out` that does not share it.
        """
        self.claim()
        self._claim.release()
        paths = {name: self.session_path(name) for name in self.names if self._sessions.has(name)}
        self._shared = SharedFolder(self.out, paths)
        self.leases = Leases(self.out, self._exclusive)
        self.classes.shared = True

    def claim(self) -> None:
        """Keep other processes from working on `out` until this one ends; raises ValueError when one does."""
        self._claim = FileLock(self.out / ".cfr-icl.lock")
        try:
            self._claim.acquire(timeout=0)
        except Timeout as error:
            raise ValueError(
                f"Another process is working on {str(self.out)!r}; end it first, or save to another folder."
            ) from error
        remove_unfinished(self.out, UNCHANGED)  # those that share it, and learning, may be writing

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """A context in which no other thread or process changes the work folder."""
        with self._lock, self._shared.saving() if self._shared else nullcontext():
            yield

    def _notice(self, name: str) -> bool:
        """Raise the picture's revision if another process saved it; returns whether it did."""
        try:
            if self._shared is None or not self._shared.changed(name, self.session_path(name)):
                return False
        except StoreError:
            return False
        self.revisions[name] = self.revisions.get(name, 0) + 1
        self._list.set_summary(name, self._sessions.summary(name))
        return True

    def _notice_others(self) -> None:
        """Read states and classes that other processes saved, every few seconds."""
        if self._shared and self._shared.is_time_to_look():
            for name in self.names:
                if self._notice(name):
                    self._sessions.remember(name)
            self.classes.read()

    # ---- the list

    @property
    def names(self) -> list[str]:
        """The pictures in natural order."""
        return self._list.names

    @property
    def states(self) -> Mapping[str, str]:
        """OPEN, WORK, DONE, UNREADABLE or GONE by name."""
        return self._list.states

    @property
    def labels(self) -> list[Label]:
        """The classes of all pictures, in the order of their numbers."""
        return self.classes.labels

    @property
    def labels_of(self) -> Mapping[str, tuple[str, ...]]:
        """Labels of the objects of each picture with saved work."""
        return self._list.labels_of

    @property
    def certainty_of(self) -> Mapping[str, float]:
        """Lowest certainty of each picture with objects that a person has not checked yet."""
        return self._list.certainty_of

    @property
    def review_of(self) -> Mapping[str, str]:
        """Result of the review of each picture that has one."""
        return self._list.review_of

    @property
    def people_of(self) -> Mapping[str, tuple[str, ...]]:
        """Names of those who worked on each picture."""
        return self._list.people_of

    def first_open(self, taken: Container[str] = ()) -> int:
        """Index of the first picture that is not done, not taken, and can be opened; 0 when there is none."""
        return self._list.first_open(taken)

    def next(self, name: str, step: int = 1) -> str | None:
        """The picture after this one that can be opened, or with `step` -1 before it; None at the end."""
        with self._lock:
            return self._list.next(name, step)

    def next_to_do(self, name: str, step: int = 1) -> str | None:
        """The picture after this one that is to be done, around the list; None when there is none."""
        with self._lock:
            return self._list.next_to_do(name, step)

    def path(self, name: str) -> Path:
        """The picture's file."""
        return self._files.path(name)

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of the picture's file; None if there is no file, or a link leads out of the folder."""
        return self._files.stamp(name)

    def session_path(self, name: str) -> Path:
        """The session file of a picture; raises StoreError if a link leads out of `out`."""
        return self._sessions.path(name)

    def refresh(self, now: bool = False) -> bool:
        """Check for added, removed and repaired pictures; return whether names or states changed.

        Added pictures are inserted into the list in its order; removed ones stay in it as GONE.

        Args:
            now: read the folder also where it was read less than a second ago.
        """
        with self._lock:
            if not now and time.monotonic() - self._listed < REFRESH_SECONDS:
                return False
            listing = list_pictures(self.images, self.out)
            self._listed = time.monotonic()
            self._notice_others()
            before = (self.names, dict(self.states))
            self._files.add(listing.paths)
            added = [name for name in listing.paths if name not in self.states]
            self.revisions.update(dict.fromkeys(added, 0))
            self._list.add(added)
            for name in added:
                if self._sessions.has(name):
                    self._list.set_summary(name, self._sessions.summary(name))
            self._list.refresh(listing.paths, self.stamp)
            return before != (self.names, self.states)

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
            stamp = self._files.present(name)
            stored = self._stored(name)
            opened = self._files.open(name, stamp, stored_view(stored))
            document = None if stored is None else self._document(stored, opened.pixels.shape[:2])
        except (PictureError, StoreError, OSError) as error:
            with self._lock:
                self._list.set_problem(name, self.stamp(name))
            kind = PictureError if isinstance(error, PictureError) else StoreError
            said = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise kind("{name}: {error}", name=name, error=said) from error
        with self._lock:
            self._list.set_readable(name)
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
        stamp = self._files.present(name)
        return self._files.open(name, stamp, self._sessions.view(name)).pixels

    def read_ahead(self, name: str, then: Callable[[np.ndarray], None] | None = None) -> None:
        """Start decoding a picture in the background; only the last one is kept.

        Args:
            then: is given the pixels, uint8 (H, W, 3) RGB, in any thread, if they can be read.
        """
        self._files.read_ahead(name, self._sessions.view(name), then)

    def rest(self) -> None:
        """Free the memory of a picture that was decoded in advance."""
        self._files.forget_ahead()

    def load(self, name: str, size: tuple[int, int]) -> Document | None:
        """The saved document of a picture, or None when there is none; raises StoreError.

        The folder's classes are put in front of its labels, because all pictures share one list.
        """
        stored = self._stored(name)
        return None if stored is None else self._document(stored, size)

    def _stored(self, name: str) -> Any:
        stored = self._sessions.read(name)
        if stored is None and name in self.labels_of:  # somebody has deleted it
            with self._lock:
                self._list.set_summary(name, Summary())
        return stored

    def _document(self, stored: Any, size: tuple[int, int]) -> Document:
        document = store.from_json(stored, size)
        return replace(document, labels=tuple(overlaid(self.labels, document.labels)))

    def latest(self) -> Document | None:
        """A document without objects, with labels and settings of the last saved one; None without one."""
        for path in self._sessions.latest_first(self.names):
            try:
                _, last = store.load_any(path)
            except (OSError, StoreError):
                continue
            labels = tuple(merged(self.labels, last.labels))
            return Document(cfr=last.cfr, labels=labels, label=last.label, attributes=last.attributes)
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
        with self._exclusive():
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
            self._sessions.remember(name)
            self.revisions[name] = revision + 1
            self._list.set_saved(name, Summary.of(document, visits))
            return revision + 1

    def size(self, name: str) -> tuple[int, int]:
        """Height and width of a picture, from its header; raises PictureError."""
        return picture_size(self.path(name))

    def work(self, name: str) -> Work:
        """The saved work on a picture; raises StoreError or OSError where there is none that can be used."""
        with self._lock:
            self._notice(name)
            revision = self.revisions.get(name, 0)
        size, document, visits = store.load_work(self.session_path(name))
        return Work(size, document, visits, revision)

    # ---- all pictures

    def saved_work(self) -> SavedWork:
        """All pictures with objects or marked as done, for export, and messages about those left out."""
        return saved_work(self.names, self._files, self._sessions)
