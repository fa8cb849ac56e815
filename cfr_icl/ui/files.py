"""Files of one open page: uploads that came in, copies that the browser shows, downloads that go out."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cfr_icl.annotate.exports.archive import portable_path
from cfr_icl.annotate.objects.document import ActionError

GONE = "The file did not arrive; open it once more."

FILES_KEPT = 16
"""Uploads, copies and downloads of a page that stay on the server; older ones but the held are removed."""


class PageFiles:
    """A folder with an unguessable name, inside the folder that Gradio serves.

    Args:
        uploads: the folder that Gradio puts uploaded files into and serves.
    """

    def __init__(self, uploads: Path) -> None:
        self.uploads = uploads.resolve()
        self.folder = self.uploads / f"page-{secrets.token_hex(16)}"
        self.folder.mkdir(parents=True)
        self._paths: dict[Path, tuple[int, int] | None] = {}
        """Oldest first; files with what tells them from later ones of the same path."""
        self._held: tuple[Path, ...] = ()

    def uploaded(self, path: str) -> Path:
        """The file behind a path that an upload returned; raises ActionError for any other path."""
        file = self.arrived(path)
        self._keep(file)
        return file

    def arrived(self, path: str) -> Path:
        """Like `uploaded`, for a file that the caller moves away at once."""
        try:
            file = Path(path).resolve()
            arrived = file.is_relative_to(self.uploads) and os.path.isfile(file)
        except (ValueError, OSError):  # a path that no file can have
            arrived = False
        if not arrived:
            raise ActionError(GONE)
        return file

    def copied(self, path: Path) -> Path:
        """Copy a file, so that later changes of the original do not affect the page.

        Raises:
            ActionError: when it is not there any more.
        """
        try:
            return Path(shutil.copy(path, self.new_folder()))
        except FileNotFoundError as error:
            raise ActionError(GONE) from error

    def new_folder(self) -> Path:
        """An empty folder, named by a fresh token."""
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir()
        self._keep(folder)
        return folder

    def hold(self, *folders: Path) -> None:
        """Keep these folders, and no others, however many newer ones there are."""
        self._held = folders

    def download(self, content: bytes, picture: str, ending: str) -> dict[str, Any]:
        """Store content as a file to download, named after a picture."""
        stem = re.sub(r"[^\w.-]+", "_", Path(picture).stem)[:80].strip(".") or "picture"
        path = self.new_folder() / portable_path(f"{stem}{ending}")
        path.write_bytes(content)
        return served(path, path.name)

    def drop(self, files: Iterable[Path]) -> None:
        """Remove uploads that are not needed any more, with the folders that Gradio made for them."""
        for file in files:
            _remove(file)

    def remove(self) -> None:
        """Remove all files of the page."""
        while self._paths:
            _remove(*self._paths.popitem())
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, path: Path) -> None:
        """Keep a file or folder until FILES_KEPT newer ones are there."""
        self._paths.pop(path, None)
        self._paths[path] = _identity(path)
        if len(self._paths) > FILES_KEPT:
            oldest = next((each for each in self._paths if each not in self._held), path)
            _remove(oldest, self._paths.pop(oldest))


def remove_abandoned(uploads: Path, unused: float) -> None:
    """Remove the folders of pages whose server was killed; other servers may use `uploads` too.

    Args:
        unused: seconds since the last change in a folder, for it to count as abandoned.
    """
    with suppress(OSError):
        for folder in uploads.glob("page-" + "[0-9a-f]" * 32):
            with suppress(OSError):
                changed = max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
                if changed < time.time() - unused and not folder.is_symlink():
                    shutil.rmtree(folder, ignore_errors=True)


def served(path: Path, name: str) -> dict[str, Any]:
    """A `replies.File`, to which Gradio adds the URL."""
    return {"path": str(path), "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one that is put in its place; None for a folder or nothing."""
    with suppress(OSError):
        if not path.is_dir():
            status = path.stat()
            return status.st_ino, status.st_mtime_ns
    return None


def _remove(path: Path, identity: tuple[int, int] | None = None) -> None:
    """Remove a folder, or a file; with an identity only that one.

    Gradio names an upload by its content, so pages that are sent the same file share the path: what arrived
    for another page since then stays.
    """
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    elif identity is None or identity == _identity(path):
        path.unlink(missing_ok=True)
        with suppress(OSError):  # Gradio's folder for the file, unless another lies in it
            path.parent.rmdir()
