"""Names of exported files: unique, inside of the folder, and short enough for file systems."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain, count
from pathlib import PurePosixPath
from posixpath import splitext

from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.document import Instance

LONGEST_NAME = 255
"""Bytes of a file's name that file systems take."""


def with_stems(pictures: Sequence[AnnotatedPicture]) -> list[tuple[str, AnnotatedPicture]]:
    """Pair pictures with the stems of their files."""
    stems = unique_stems([safe_path(picture.name) for picture in pictures])
    return list(zip(stems, pictures, strict=True))


def unique_stems(names: Sequence[str]) -> list[str]:
    """Stems for the pictures' files: the name without its suffix if that is unique, else the whole name."""
    stems = [name[: len(name) - len(PurePosixPath(name).suffix)] for name in names]
    while True:
        counts = Counter(stems)
        clashing = [n for n, stem in enumerate(stems) if counts[stem] > 1 and stem != names[n]]
        if not clashing:
            break
        for n in clashing:  # a whole name may be the stem of another picture: look again
            stems[n] = names[n]
    used: Counter[str] = Counter()
    for n, stem in enumerate(stems):
        used[stem] += 1
        if used[stem] > 1:
            stems[n] = f"{stem}~{used[stem]}"
    return stems


def safe_path(name: str) -> str:
    """Make a name a relative path inside its folder; it stays unchanged otherwise, as readers match by name.

    Parts such as `..`, and paths or drives of other systems, are removed; line breaks and other control
    characters become `_`.
    """
    if any(part.strip() in ("..", ".") for part in name.replace("/", "\\").split("\\")) or re.match(
        r"[A-Za-z]:[\\/]", name
    ):
        name = re.sub(r"[\\:]", "_", name)
    shown = "".join("_" if unicodedata.category(c) == "Cc" else c for c in name)
    parts = [part for part in shown.split("/") if part.strip() not in ("", ".", "..")]
    return "/".join(parts) or "_"


def object_file(stem: str, instance: Instance) -> str:
    """Name the PNG file of one object."""
    label = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in instance.label)
    return fitting(f"{stem}_{instance.id}_{label}.png")


def fitting(path: str) -> str:
    """Shorten a file's name that is too long for file systems; it stays unique and keeps its suffix."""
    folder, slash, name = path.rpartition("/")
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return path
    stem, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    room = LONGEST_NAME - len(digest) - len(suffix) - 2
    cut = os.fsencode(stem)[:room].decode("utf-8", "ignore")
    return f"{folder}{slash}{cut}~{digest}{dot}{suffix}"


def free_name(path: str, is_taken: Callable[[str], bool]) -> str:
    """The path, shortened as by `fitting`, with the first number before its suffix that makes it free."""
    stem, suffix = splitext(path)
    numbered = (fitting(f"{stem}~{number}{suffix}") for number in count(2))
    return next(free for free in chain([fitting(path)], numbered) if not is_taken(free))
