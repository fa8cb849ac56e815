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

_TOKEN = re.compile("^[0-9a-f]{16}-")
"""What the browser puts before the name of a file (static/uploading.js). Gradio stores an upload under its
content and name: pages that send equal files would share one, which the first of them moves away."""


class PageFiles:
    """A folder with an unguessable name, inside the folder that Gradio serves.

    Args:
        uploads: the folder that Gradio puts uploaded files into and serves.
    """

    def __init__(self, uploads: Path) -> None:
        self.uploads = uploads.resolve()
        self.folder = self.uploads / f"page-{secrets.token_hex(16)}"
        self.folder.mkdir(parents=True)
        self._folders: dict[Path, None] = {}
        """Oldest first."""
        self._uploads: dict[str, Path] = {}
        """Files by the paths that their uploads returned."""
        self._held: tuple[Path, ...] = ()

    def uploaded(self, *paths: str) -> list[Path]:
        """The files behind paths that uploads returned, under their names in a folder of the page.

        Raises:
            ActionError: for any other path, and when FILES_KEPT newer folders came since the last call.
        """
        if new := [path for path in dict.fromkeys(paths) if path not in self._uploads]:
            self._take(new, self.new_folder())
        files = [self._uploads[path] for path in paths]
        for file in files:
            self._keep(self._kept_with(file))
        return files

    def _take(self, paths: Iterable[str], folder: Path) -> None:
        for number, path in enumerate(paths):
            arrived = self.arrived(path)
            file = folder / str(number) / (_TOKEN.sub("", arrived.name) or "file")
            file.parent.mkdir()
            shutil.move(arrived, file)
            self.drop([arrived])
            self._uploads[path] = file

    def arrived(self, path: str) -> Path:
        """Like `uploaded`, where it is, for a caller that moves it away at once."""
        try:
            file = Path(path).resolve()
            arrived = file.is_relative_to(self.uploads) and os.path.isfile(file)
        except (ValueError, OSError):  # a path that no file can have
            arrived = False
        if not arrived:
            raise ActionError(GONE)
        return file

    def copied(self, path: Path) -> Path:
        """Copy a file, so that later changes of the original do not affect the page."""
        return Path(shutil.copy(path, self.new_folder()))

    def new_folder(self) -> Path:
        """An empty folder, named by a fresh token."""
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir()
        self._keep(folder)
        return folder

    def hold(self, *paths: Path) -> None:
        """Keep these files and folders, and no others, however many newer ones there are."""
        self._held = tuple(map(self._kept_with, paths))

    def _kept_with(self, path: Path) -> Path:
        """The folder with which a file of the page is kept and removed."""
        return self.folder / path.relative_to(self.folder).parts[0]

    def download(self, content: bytes, picture: str, ending: str) -> dict[str, Any]:
        """Store content as a file to download, named after a picture."""
        stem = re.sub(r"[^\w.-]+", "_", Path(picture).stem)[:80].strip(".") or "picture"
        path = self.new_folder() / portable_path(f"{stem}{ending}")
        path.write_bytes(content)
        return served(path, path.name)

    def drop(self, files: Iterable[Path]) -> None:
        """Remove uploads that are not needed any more, with the folders that Gradio made for them."""
        for file in files:
            file.unlink(missing_ok=True)
            with suppress(OSError):  # another upload lies in it
                file.parent.rmdir()

    def remove(self) -> None:
        """Remove all files of the page."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, folder: Path) -> None:
        """Keep a folder until FILES_KEPT newer ones are there."""
        self._folders.pop(folder, None)
        self._folders[folder] = None
        if len(self._folders) > FILES_KEPT:
            oldest = next((each for each in self._folders if each not in self._held), folder)
            del self._folders[oldest]
            self._uploads = {path: file for path, file in self._uploads.items() if oldest not in file.parents}
            shutil.rmtree(oldest, ignore_errors=True)


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
