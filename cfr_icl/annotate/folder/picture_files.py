"""The picture files of a folder: their stamps, decoding, and decoding the next picture in advance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

import numpy as np

from cfr_icl.annotate.pictures.listing import leads_inside
from cfr_icl.annotate.saved.store import file_digest
from cfr_icl.pictures.decoding import OpenedPicture, PictureError, View, open_picture, picture_size

Stamp = tuple[int, int, int]
"""Time of change, size and inode of a file; a changed or replaced file has another stamp."""


class PictureFiles:
    """The files of the pictures below a folder, by the names of the pictures; they are only read."""

    def __init__(self, images: Path, paths: Mapping[str, Path], max_megapixels: float) -> None:
        self.images = images
        self.max_megapixels = max_megapixels
        self._paths = dict(paths)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="next-picture")
        self._digests: dict[str, tuple[Stamp, str]] = {}
        self._ahead: tuple[tuple[str, Stamp, View], Future[OpenedPicture]] | None = None

    def add(self, paths: Mapping[str, Path]) -> None:
        """Take in new pictures, and new files of pictures."""
        self._paths = {**self._paths, **paths}

    def path(self, name: str) -> Path:
        """The picture's file."""
        return self._paths.get(name, self.images / name)

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

    def existing_stamp(self, name: str) -> Stamp:
        """The stamp of a picture that is there; raises PictureError where it is None."""
        stamp = self.stamp(name)
        if stamp is None:
            raise PictureError("The file is not there any more.")
        return stamp

    def open(self, name: str, stamp: Stamp, view: View) -> OpenedPicture:
        """Decode a picture, unless it was decoded in advance with this stamp; raises PictureError."""
        ahead = self._ahead
        if ahead and ahead[0] == (name, stamp, view):
            return ahead[1].result()
        return self._decoded(name, stamp, view)

    def _decoded(self, name: str, stamp: Stamp, view: View) -> OpenedPicture:
        opened = open_picture(self.path(name), self.max_megapixels, view)
        with suppress(OSError):
            self.digest(name, stamp)
        return opened

    def digest(self, name: str, stamp: Stamp) -> str:
        """The `store.file_digest` of the file with this stamp, read once; raises OSError."""
        digest = self.known_digest(name, stamp)
        if digest is None:
            digest = file_digest(self.path(name))
            self._digests[name] = stamp, digest
        return digest

    def known_digest(self, name: str, stamp: Stamp) -> str | None:
        """The digest of the file with this stamp, if it was read before."""
        of_stamp, digest = self._digests.get(name, (None, None))
        return digest if of_stamp == stamp else None

    def read_ahead(
        self, name: str, view: View, when_read: Callable[[np.ndarray], None] | None = None
    ) -> None:
        """Start decoding a picture in the background; only the last one is kept.

        Args:
            when_read: is given the pixels, uint8 (H, W, 3) RGB, in any thread, if they can be read.
        """
        stamp = self.stamp(name)
        if stamp is None:
            return
        ahead = self._ahead
        if ahead is None or ahead[0] != (name, stamp, view):
            reading = self._reader.submit(self._decoded, name, stamp, view)
            ahead = self._ahead = (name, stamp, view), reading
        if when_read:
            ahead[1].add_done_callback(
                lambda read: None if read.exception() else when_read(read.result().pixels)
            )

    def forget_ahead(self) -> None:
        """Free the picture that was decoded in advance."""
        self._ahead = None

    def size(self, name: str, view: View) -> tuple[int, int] | None:
        """Height and width of a picture; None if its file cannot be read."""
        try:
            return picture_size(self.path(name), view)
        except PictureError:
            return None

    def read(self, name: str, view: View) -> np.ndarray:
        """Decode a picture, uint8 (H, W, 3) RGB, in its current version; raises PictureError."""
        return open_picture(self.path(name), self.max_megapixels, view).pixels
