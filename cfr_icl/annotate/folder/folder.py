"""A folder of pictures to annotate: the list of those that are there now, opening them, saving their work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cfr_icl.annotate.folder.picture_files import PictureFiles
from cfr_icl.annotate.folder.picture_list import PictureList
from cfr_icl.annotate.folder.saved_work import SavedWork, saved_work
from cfr_icl.annotate.folder.work_folder import WorkFolder
from cfr_icl.annotate.objects.document import Document
from cfr_icl.annotate.pictures.listing import list_pictures
from cfr_icl.annotate.saved.session_files import stored_view
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.saved.visits import Visit, visits_from_json
from cfr_icl.pictures.decoding import MAX_MEGAPIXELS, PictureError, Remarks
from cfr_icl.sentences import Sentence

log = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0

LISTEN_SECONDS = 10.0
"""The shortest time between two checks of a shared folder for pages at rest."""


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
    """Identifies the current version of the file, for the undo history."""
    sentences: Sequence[Sentence] = ()
    """Messages for the user about the picture."""
    visits: Sequence[Visit] = ()
    """Who worked on it before."""


class Folder:
    """Pictures below one folder, the saved work on them in another; the pictures are only read.

    Args:
        images: the folder of the pictures.
        work: the work folder, which is made where there is none.
        max_megapixels: larger pictures are refused.

    Attributes:
        files: the files of the pictures, by name.
        pictures: their list, with the state of each.
        work: the saved work.
        sentences: messages for the user about files that are not in the list.

    Raises:
        ValueError: when there is no folder `images`, or no picture in it.
    """

    def __init__(self, images: Path, work: Path, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        if not images.is_dir():
            raise ValueError(f"There is no folder {str(images)!r} with pictures.")
        self.images = images.resolve()
        listing = list_pictures(self.images, work.resolve())
        self.sentences = listing.sentences
        for sentence in self.sentences:
            log.warning("%s", sentence)
        if not listing.names:
            raise ValueError(
                f"There are no pictures in {str(images)!r}; links that lead out of it do not count."
            )
        self.files = PictureFiles(self.images, listing.paths, max_megapixels)
        self.pictures = PictureList(listing.names)
        self.work = WorkFolder(work, self.pictures)
        self._listed = time.monotonic()

    def refresh(self, now: bool = False) -> bool:
        """Check for added, removed and repaired pictures; return whether names or states changed.

        Added pictures are inserted into the list in its order; removed ones stay in it as GONE.

        Args:
            now: read the folder also where it was read less than a second ago.
        """
        with self.work.lock:
            if not now and time.monotonic() - self._listed < REFRESH_SECONDS:
                return False
            listing = list_pictures(self.images, self.work.path)
            self._listed = time.monotonic()
            self.work.notice_others()
            before = (self.pictures.names, dict(self.pictures.states))
            self.files.add(listing.paths)
            added = [name for name in listing.paths if name not in self.pictures.states]
            self.pictures.add(added)
            self.work.find(added)
            self.pictures.refresh(listing.paths, self.files.stamp)
            return before != (self.pictures.names, self.pictures.states)

    def listen(self) -> None:
        """Read the work that other processes saved, for a page at rest."""
        if self.work.is_shared and time.monotonic() - self._listed >= LISTEN_SECONDS:
            self.refresh()

    def open(self, name: str) -> Opened:
        """Decode a picture, unless it was decoded in advance, and load its saved work.

        Raises:
            PictureError: when the picture cannot be read.
            StoreError: when its saved work cannot be used.
            Both name the picture, which becomes UNREADABLE or GONE in the list.
        """
        revision = self.work.revision(name)
        try:
            stamp = self.files.existing_stamp(name)
            stored = self.work.read(name)
            opened = self.files.open(name, stamp, stored_view(stored))
            document = None if stored is None else self.work.document(stored, opened.pixels.shape[:2])
        except (PictureError, StoreError, OSError) as error:
            with self.work.lock:
                self.pictures.set_problem(name, self.files.stamp(name))
            kind = PictureError if isinstance(error, PictureError) else StoreError
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise kind("{name}: {error}", name=name, error=reason) from error
        with self.work.lock:
            self.pictures.set_readable(name)
        sentences = []
        if stored is not None and stored.get("file_bytes") not in (None, stamp[1]):
            sentences.append(
                Sentence(
                    "{name} was changed since its work was saved; look at its masks once more.", name=name
                )
            )
        return Opened(
            name,
            self.files.path(name),
            opened.pixels,
            opened.remarks,
            document,
            revision,
            (name, stamp),
            sentences,
            () if stored is None else visits_from_json(stored.get("visits")),
        )

    def read_ahead(self, name: str, when_read: Callable[[np.ndarray], None] | None = None) -> None:
        """Start decoding a picture in the background; only the last one is kept.

        Args:
            when_read: is given the pixels, uint8 (H, W, 3) RGB, in any thread, if they can be read.
        """
        self.files.read_ahead(name, self.work.sessions.view(name), when_read)

    def save(
        self,
        name: str,
        document: Document,
        size: tuple[int, int],
        revision: int,
        visits: Sequence[Visit] = (),
    ) -> int:
        """Save a document, as `WorkFolder.save`, with the bytes and, once opened, the digest of its file."""
        stamp = self.files.stamp(name)
        digest = stamp and self.files.known_digest(name, stamp)
        return self.work.save(name, document, size, revision, visits, stamp and stamp[1], digest)

    def saved_work(self) -> SavedWork:
        """All pictures with objects or marked as done, for export, and messages about those left out."""
        return saved_work(self.pictures.names, self.files, self.work.sessions)
