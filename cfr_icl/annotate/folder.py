"""Working through a folder of pictures: order, states, saved sessions, the next picture in advance."""

from __future__ import annotations

import logging
import re
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
from filelock import FileLock, Timeout

from cfr_icl.annotate import store
from cfr_icl.annotate.document import Document
from cfr_icl.annotate.exports.picture import AnnotatedPicture
from cfr_icl.annotate.pictures import MAX_MEGAPIXELS, read_picture
from cfr_icl.annotate.store import StoreError
from cfr_icl.files import remove_unfinished

log = logging.getLogger(__name__)

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm")
OPEN, WORK, DONE = "todo", "work", "done"


class Folder:
    """Pictures below one folder, their session files in another; the pictures are only read."""

    def __init__(self, images: Path, out: Path, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        if not images.is_dir():
            raise ValueError(f"There is no folder {str(images)!r} with pictures.")
        out.mkdir(parents=True, exist_ok=True)
        self.images = images.resolve()
        self.out = out.resolve()
        self.max_megapixels = max_megapixels
        found = [
            path
            for path in self.images.rglob("*")
            if path.suffix.lower() in SUFFIXES and path.is_file() and self.out not in path.parents
        ]
        here = [path for path in found if leads_inside(path, self.images)]
        if len(here) < len(found):
            log.warning("%d links that lead out of %s are left out.", len(found) - len(here), images)
        self.names = sorted((path.relative_to(self.images).as_posix() for path in here), key=_natural)
        if not self.names:
            raise ValueError(
                f"There are no pictures in {str(images)!r}; links that lead out of it do not count."
            )
        self.states = {name: self._stored_state(name) for name in self.names}
        self.revisions = dict.fromkeys(self.names, 0)
        """How often each picture was saved, so that two people never overwrite each other unseen."""
        self._lock = Lock()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="next-picture")
        self._ahead: tuple[str, Future] | None = None

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

    def path(self, name: str) -> Path:
        """The picture's file."""
        return self.images / name

    def session_path(self, name: str) -> Path:
        """The session file of a picture; raises StoreError when a link leads it out of `out`."""
        path = self.out / f"{name}.session.json"
        if not leads_inside(path, self.out):
            raise StoreError(f"A link leads the work on {name} out of its folder; take the link away.")
        return path

    def first_open(self) -> int:
        """Index of the first picture that is not done; 0 when all are."""
        return next((i for i, name in enumerate(self.names) if self.states[name] != DONE), 0)

    def read(self, name: str) -> np.ndarray:
        """Decode a picture, or take it from the reading in advance; raises PictureError."""
        ahead = self._ahead
        if ahead and ahead[0] == name:
            return ahead[1].result()
        return read_picture(self.path(name), self.max_megapixels)

    def read_ahead(self, name: str) -> None:
        """Start to decode a picture in the background; only the last one asked for is kept."""
        if not self._ahead or self._ahead[0] != name:
            self._ahead = name, self._reader.submit(read_picture, self.path(name), self.max_megapixels)

    def load(self, name: str, size: tuple[int, int]) -> Document | None:
        """The saved document of a picture, or None when there is none; raises StoreError."""
        return store.load(self.session_path(name), size) if self._has_session(name) else None

    def latest(self) -> Document | None:
        """A document without objects, with the labels and settings of the one saved last."""
        paths = [self.session_path(name) for name in self.names if self._has_session(name)]
        for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True):
            try:
                _, last = store.load_any(path)
            except StoreError:
                continue
            return Document(cfr=last.cfr, labels=last.labels, label=last.label)
        return None

    def save(self, name: str, document: Document, size: tuple[int, int], revision: int) -> int:
        """Save a document at once and as a whole; `revision` is the one that it goes on from.

        Returns:
            The new revision.

        Raises:
            StoreError: when somebody else has saved the picture meanwhile.
            OSError: when it cannot be written; what was saved before is still there.
        """
        with self._lock:
            if self.revisions[name] != revision:
                raise StoreError(
                    f"Somebody else is working on {name}; this change is not saved. "
                    "Go to another picture and back to see theirs."
                )
            store.save(self.session_path(name), document, name, size)
            self.revisions[name] += 1
            self.states[name] = DONE if document.done else WORK if document.instances else OPEN
            return self.revisions[name]

    def annotated(self) -> list[AnnotatedPicture]:
        """All pictures with saved work, for export; raises StoreError naming a damaged file."""
        pictures = []
        for name in self.names:
            if self._has_session(name):
                size, document = store.load_any(self.session_path(name))
                read = partial(read_picture, self.path(name), self.max_megapixels)
                pictures.append(AnnotatedPicture(name, size, document, read))
        return pictures

    def _stored_state(self, name: str) -> str:
        try:
            if not self._has_session(name):
                return OPEN
            data = store.read_json(self.session_path(name))
            return DONE if data["done"] else WORK if data["objects"] else OPEN
        except (OSError, ValueError, KeyError, TypeError):
            return WORK

    def _has_session(self, name: str) -> bool:
        return self.session_path(name).exists()


def leads_inside(path: Path, folder: Path) -> bool:
    """Whether a path, with its links followed, lies in a folder."""
    return path.resolve().is_relative_to(folder.resolve())


def _natural(name: str) -> list:
    """Order in which 9.jpg comes before 10.jpg."""
    return [(int(part), "") if part.isdigit() else (0, part.lower()) for part in re.split(r"(\d+)", name)] + [
        (0, name)
    ]
