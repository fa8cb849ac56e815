"""Working through a folder of pictures: order, states, saved sessions, the next picture in advance."""

from __future__ import annotations

import json
import re
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np

from cfr_icl.annotate import store
from cfr_icl.annotate.export import Annotated
from cfr_icl.annotate.pictures import MAX_MEGAPIXELS, read_picture
from cfr_icl.annotate.session import Document
from cfr_icl.annotate.store import StoreError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm")
TODO, WORK, DONE = "todo", "work", "done"


class Folder:
    """Pictures below one folder, their session files in another; the pictures are only read."""

    def __init__(self, images: Path, out: Path, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        if not images.is_dir():
            raise ValueError(f"There is no folder {str(images)!r} with pictures.")
        out.mkdir(parents=True, exist_ok=True)
        self.images = images.resolve()
        self.out = out.resolve()
        self.max_megapixels = max_megapixels
        self.names = sorted(
            (
                path.relative_to(self.images).as_posix()
                for path in self.images.rglob("*")
                if path.suffix.lower() in SUFFIXES and path.is_file() and self.out not in path.parents
            ),
            key=_natural,
        )
        if not self.names:
            raise ValueError(f"There are no pictures in {str(images)!r}.")
        self.states = {name: self._stored_state(name) for name in self.names}
        self.revisions = dict.fromkeys(self.names, 0)
        """How often each picture was saved, so that two people never overwrite each other unseen."""
        self._lock = Lock()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="next-picture")
        self._ahead: tuple[str, Future] | None = None

    def path(self, name: str) -> Path:
        """The picture's file."""
        return self.images / name

    def session_path(self, name: str) -> Path:
        """The session file of a picture."""
        return self.out / f"{name}.session.json"

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
        path = self.session_path(name)
        return store.load(path, size) if path.exists() else None

    def latest(self) -> Document | None:
        """A document without objects, with the labels and settings of the one saved last."""
        paths = [path for name in self.names if (path := self.session_path(name)).exists()]
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
        """
        with self._lock:
            if self.revisions[name] != revision:
                raise StoreError(
                    f"Somebody else is working on {name}; this change is not saved. "
                    "Go to another picture and back to see theirs."
                )
            self.revisions[name] += 1
            store.save(self.session_path(name), document, name, size)
            self.states[name] = DONE if document.done else WORK if document.instances else TODO
            return self.revisions[name]

    def annotated(self) -> list[Annotated]:
        """All pictures with saved work, for export; raises StoreError naming a damaged file."""
        pictures = []
        for name in self.names:
            path = self.session_path(name)
            if path.exists():
                size, document = store.load_any(path)
                read = partial(read_picture, self.path(name), self.max_megapixels)
                pictures.append(Annotated(name, size, document, read))
        return pictures

    def _stored_state(self, name: str) -> str:
        path = self.session_path(name)
        if not path.exists():
            return TODO
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return DONE if data["done"] else WORK if data["objects"] else TODO
        except (OSError, ValueError, KeyError, TypeError):
            return WORK


def _natural(name: str) -> list:
    """Order in which 9.jpg comes before 10.jpg."""
    return [(int(part), "") if part.isdigit() else (0, part.lower()) for part in re.split(r"(\d+)", name)] + [
        (0, name)
    ]
