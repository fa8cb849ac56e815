"""Find the picture of a folder that saved work was made on, also under another name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.saved.store import StoreError, file_digest

LONGEST_NAME = 1000
"""Letters of a picture's name that saved work may hold."""


class Belongings:
    """Finds the pictures of saved work.

    Work that holds the digest of its picture's file belongs to that file alone. Older work holds the number
    of its bytes at most, so the names decide: they may differ in capitals, and the work of a single picture
    has its name without the ending.

    Args:
        folder: the folder of the pictures.
        named: names in the folder of files that came in together with the work, by their own names.
    """

    def __init__(self, folder: Folder, named: Mapping[str, str]) -> None:
        self._files = folder.files
        self._named = named
        self._names = folder.pictures.names
        self._alike: dict[str, list[str]] = defaultdict(list)
        """The names by their case-folded form."""
        for name in self._names:
            self._alike[name.casefold()].append(name)
        self._stamps = {name: stamp for name in self._names if (stamp := folder.files.stamp(name))}
        self._of_bytes: dict[int, list[str]] = defaultdict(list)
        for name, stamp in self._stamps.items():
            self._of_bytes[stamp[1]].append(name)

    def picture(self, name: str, saved: Any) -> str | None:
        """The name of the picture that saved work belongs to; None where there is none.

        Args:
            name: the name of the work's file, without `SESSION_SUFFIX`.
            saved: its JSON, unchecked.

        Raises:
            StoreError: when a picture has the name and is another file.
        """
        saved = saved if isinstance(saved, Mapping) else {}
        file_bytes, digest = saved.get("file_bytes"), saved.get("file_digest")
        picture = saved.get("picture")
        if not isinstance(picture, str) or len(picture) > LONGEST_NAME:
            picture = ""
        of_name = self._of_name(name) or self._of_single(name, picture)
        if type(file_bytes) is int and isinstance(digest, str):
            owner = self._of_content(file_bytes, digest, name)
        else:
            is_it = of_name and file_bytes in (None, self._stamps.get(of_name, (0, None))[1])
            owner = of_name if is_it else None
        if owner is None and of_name is not None:
            raise StoreError("The saved work belongs to another file of this name.")
        return owner

    def _of_name(self, name: str) -> str | None:
        """The picture of this name, or else the only one that differs from it in capitals."""
        name = self._named.get(name, name)
        if name in self._names:
            return name
        alike = self._alike.get(name.casefold(), [])
        return alike[0] if len(alike) == 1 else None

    def _of_single(self, name: str, picture: str) -> str | None:
        """The picture whose name is in the work, if the work is named like a download of a single picture."""
        return self._of_name(picture) if PurePosixPath(picture).stem.casefold() == name.casefold() else None

    def _of_content(self, file_bytes: int, digest: str, name: str) -> str | None:
        """The picture whose file has this digest; of several equal files the one with the likest name."""
        same = []
        for each in self._of_bytes[file_bytes]:
            with suppress(OSError):
                if self._files.digest(each, self._stamps[each]) == digest:
                    same.append(each)
        named = self._of_name(name)
        if named in same:
            return named
        last = [each for each in same if _last(each) == _last(name)]
        return next(iter(last or same), None)


def is_of_another_file(saved: Mapping[str, Any], path: Path) -> bool:
    """Whether saved work (its JSON) holds the bytes or the digest of another file; not if that is unknown."""
    file_bytes, digest = saved.get("file_bytes"), saved.get("file_digest")
    try:
        if file_bytes is not None and file_bytes != path.stat().st_size:
            return True
        return digest is not None and digest != file_digest(path)
    except OSError:
        return False


def is_named_alike(one: str, other: str) -> bool:
    """Whether the last parts of two names are equal but for capitals."""
    return _last(one) == _last(other)


def _last(name: str) -> str:
    return name.rpartition("/")[2].casefold()
