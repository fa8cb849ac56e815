"""The work folder: the saved work on a folder of pictures, which several processes may share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Any

from filelock import FileLock, Timeout

from cfr_icl.annotate.folder.picture_list import PictureList
from cfr_icl.annotate.objects.document import Document
from cfr_icl.annotate.objects.labels import merged, overlaid
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.class_list import ClassList
from cfr_icl.annotate.saved.leases import Leases
from cfr_icl.annotate.saved.session_files import SessionFiles, Summary
from cfr_icl.annotate.saved.sharing import LOCK, SharedFolder
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.saved.visits import Visit
from cfr_icl.files import UNCHANGED, remove_unfinished


@dataclass(frozen=True)
class Work:
    """The saved work on a picture, without its pixels."""

    size: tuple[int, int]
    """Height and width of the picture."""
    document: Document
    visits: tuple[Visit, ...]
    revision: int


class WorkFolder:
    """Session files, classes and leases of a folder's pictures.

    Args:
        path: the folder, which is made where there is none.
        pictures: the list of pictures, whose states follow the work that is saved.

    Attributes:
        lock: is held while this process changes the work folder or the list of pictures.
        sessions: the session files.
        classes: the classes of all pictures, in the order of their numbers.
        leases: who works on which picture.
        revisions: number of saves of each picture since the start; detects two people who save the same one.
    """

    def __init__(self, path: Path, pictures: PictureList) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path.resolve()
        self.lock = RLock()
        self.sessions = SessionFiles(self.path)
        self.classes = ClassList(self.path, self._exclusive_everywhere)
        self.leases = Leases(exclusive=self._exclusive)
        self.revisions: Counter[str] = Counter()
        self._pictures = pictures
        self._shared: SharedFolder | None = None
        self._saving = FileLock(self.path / LOCK)
        self._claim = FileLock(self.path / ".cfr-icl.lock")
        """Held while this process alone works on the folder."""
        for name in pictures.names:
            if self.sessions.is_known(name):
                pictures.set_saved(name, self.sessions.summary(name))

    # ---- processes

    def share(self) -> None:
        """Share the folder with other processes that call this too.

        Their saved work is shown here, and a picture that they saved meanwhile is not overwritten.

        Raises:
            ValueError: when a process works on the folder that does not share it.
        """
        self.claim()
        self._claim.release()
        saved = [name for name in self._pictures.names if self.sessions.has(name)]
        self._shared = SharedFolder({name: self.sessions.path(name) for name in saved})
        self.leases = Leases(self.path, self._exclusive)
        self.classes.shared = True

    @property
    def is_shared(self) -> bool:
        """Whether other processes may save in it."""
        return self._shared is not None

    def claim(self) -> None:
        """Keep other processes from working on the folder until this one ends.

        Raises:
            ValueError: when another one does.
        """
        try:
            self._claim.acquire(timeout=0)
        except Timeout as error:
            raise ValueError(
                f"Another process is working on {str(self.path)!r}; end it first, or save to another folder."
            ) from error
        remove_unfinished(self.path, UNCHANGED)  # those that share it, and learning, may be writing

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """A context in which no other thread, nor a process that shares the folder, changes it."""
        with self.lock, self._saving if self._shared else nullcontext():
            yield

    @contextmanager
    def _exclusive_everywhere(self) -> Iterator[None]:
        """The same for processes that do not share it, such as exports, which number classes."""
        with self.lock, ExitStack() as held:
            with suppress(OSError):  # a folder that nobody can write to
                held.enter_context(self._saving)
            yield

    def revision(self, name: str) -> int:
        """The number of saves of a picture, with those of other processes."""
        with self.lock:
            self._notice(name)
            return self.revisions[name]

    def _notice(self, name: str) -> bool:
        """Raise the picture's revision if another process saved it; returns whether it did."""
        try:
            if self._shared is None or not self._shared.changed(name, self.sessions.path(name)):
                return False
        except StoreError:
            return False
        self.revisions[name] += 1
        self._pictures.set_summary(name, self.sessions.summary(name))
        return True

    def notice_others(self) -> None:
        """Read states and classes that other processes saved, every few seconds."""
        if self._shared and self._shared.is_time_to_look():
            for name in self._pictures.names:
                if self._notice(name):
                    self.sessions.remember(name)
            self.classes.read()

    def find(self, names: Iterable[str]) -> None:
        """Take saved work on pictures that were added to the list into it."""
        for name in names:
            if self.sessions.has(name):
                self._pictures.set_summary(name, self.sessions.summary(name))

    # ---- one picture

    def read(self, name: str) -> Any:
        """The JSON of a picture's session file; None when there is none. Raises StoreError or OSError."""
        stored = self.sessions.read(name)
        if stored is None and name in self._pictures.labels_of:  # somebody has deleted it
            with self.lock:
                self._pictures.set_summary(name, Summary())
        return stored

    def document(self, stored: Any, size: tuple[int, int]) -> Document:
        """The document in the JSON of a session file, its labels after the classes of all pictures.

        Args:
            size: height and width of the picture.

        Raises:
            StoreError: when the JSON is damaged or belongs to a picture of another size.
        """
        document = store.from_json(stored, size)
        return replace(document, labels=tuple(overlaid(self.classes.labels, document.labels)))

    def load(self, name: str) -> Work:
        """The saved work on a picture; raises StoreError or OSError where there is none that can be used."""
        revision = self.revision(name)
        size, document, visits = store.load_work(self.sessions.path(name))
        return Work(size, document, visits, revision)

    def save(
        self,
        name: str,
        document: Document,
        size: tuple[int, int],
        revision: int,
        visits: Sequence[Visit] = (),
        file_bytes: int | None = None,
        digest: str | None = None,
    ) -> int:
        """Save a document atomically; `revision` is the one from which it was edited.

        Args:
            size: height and width of the picture.
            visits: who worked on the picture so far.
            file_bytes: bytes of the picture's file, by which a changed picture is detected; None if unknown.
            digest: its `store.file_digest`; None if unknown, then that of the saved work stays.

        Returns:
            The new revision.

        Raises:
            StoreError: when somebody else has saved the picture meanwhile.
            OSError: when it cannot be written; the file saved before is unchanged.
        """
        with self._exclusive():
            if self.revision(name) != revision:
                raise StoreError(
                    "Somebody else is working on {name}; this change is not saved. Go to another picture "
                    "and back to see theirs.",
                    name=name,
                )
            path = self.sessions.path(name)
            digest = digest or self._saved_digest(name, file_bytes)
            store.save(path, document, name, size, file_bytes, visits, digest)
            if self._shared:
                self._shared.remember(name, path)
            self.sessions.remember(name)
            self.revisions[name] = revision + 1
            self._pictures.set_saved(name, Summary.of(document, visits))
            return revision + 1

    def _saved_digest(self, name: str, file_bytes: int | None) -> str | None:
        """The digest in the saved work on a picture, if its file has as many bytes as then."""
        try:
            stored = self.sessions.read(name)
        except (OSError, StoreError):
            return None
        if not isinstance(stored, dict) or stored.get("file_bytes") != file_bytes:
            return None
        digest = stored.get("file_digest")
        return digest if isinstance(digest, str) else None

    def latest(self) -> Document | None:
        """A document without objects, with labels and settings of the last saved one; None without one."""
        labels = self.classes.labels
        for path in self.sessions.latest_first(self._pictures.names):
            try:
                _, last, _ = store.load_work(path)
            except (OSError, StoreError):
                continue
            return Document(
                cfr=last.cfr,
                labels=tuple(merged(labels, last.labels)),
                label=last.label,
                attributes=last.attributes,
            )
        return Document(labels=tuple(labels), label=labels[0].name) if labels else None
