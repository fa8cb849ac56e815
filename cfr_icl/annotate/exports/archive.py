"""Zip archives of exported files, with names that every system can unpack."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from itertools import count

from cfr_icl.annotate.exports.picture import fitting
from cfr_icl.annotate.listing import shown_name

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

    A changed name is unlike all others, also where capitals do not count.
    """
    portable = {name: fitting(portable_path(shown_name(name))) for name in names}
    taken = {_folded(path) for name, path in portable.items() if path == name}
    for name, path in portable.items():
        if path == name:
            continue
        folder, slash, last = path.rpartition("/")
        stem, dot, suffix = last.rpartition(".")
        for number in count(2):
            if _folded(path) not in taken:
                break
            path = fitting(f"{folder}{slash}{stem}~{number}{dot}{suffix}")
        portable[name] = path
        taken.add(_folded(path))
    return portable


def portable_path(path: str) -> str:
    """A path with "_" for what Windows does not take: signs, dots and spaces at an end, names of devices."""
    return "/".join(_portable(part) for part in path.split("/"))


def _portable(part: str) -> str:
    part = _FORBIDDEN.sub("_", part)
    part = _ENDS.sub(lambda end: "_" * len(end[0]), part)
    return _DEVICE.sub(lambda device: device[0].rstrip() + "_", part)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
