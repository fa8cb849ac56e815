"""Zip archives of exported files, with names that every system can unpack."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping

from cfr_icl.annotate.exports.names import fitting, free_name
from cfr_icl.annotate.pictures.listing import folded_name, shown_name

_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_ENDS = re.compile(r"[. ]+$")
_DEVICE = re.compile(r"^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(?=\.|$)", re.IGNORECASE)
"""Names of Windows' devices, which no file can have, whatever its ending."""


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack files into one zip archive, under their `portable_names`."""
    names = portable_names(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(names[name], content)
    return buffer.getvalue()


def portable_names(names: Iterable[str]) -> dict[str, str]:
    """Names for an archive, by the given ones, which stay where Windows takes them.

    No two are alike, also where capitals do not count, and no file has the name of a folder.
    """
    portable = {name: fitting(portable_path(shown_name(name))) for name in names}
    taken = _Taken()
    for name in sorted(portable, key=lambda name: portable[name] != name):  # first those that stay
        portable[name] = taken.free(portable[name])
    return portable


class _Taken:
    """The files and folders that an archive has already."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def free(self, path: str) -> str:
        """Take a path, with a number in each part that is taken."""
        *folders, name = path.split("/")
        place = ""
        for folder in folders:
            place = f"{free_name(place + folder, self._is_file)}/"
            self._folders.add(folded_name(place[:-1]))
        free = free_name(place + name, lambda path: self._is_file(path) or folded_name(path) in self._folders)
        self._files.add(folded_name(free))
        return free

    def _is_file(self, path: str) -> bool:
        return folded_name(path) in self._files


def portable_path(path: str) -> str:
    """A path with "_" where Windows refuses it: signs, dots and spaces at an end, names of devices."""
    return "/".join(_portable(part) for part in path.split("/"))


def _portable(part: str) -> str:
    part = _FORBIDDEN.sub("_", part)
    part = _ENDS.sub(lambda end: "_" * len(end[0]), part)
    return _DEVICE.sub(lambda device: device[0].rstrip() + "_", part)
