"""List the pictures of a folder, and their names."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cfr_icl.pictures.image_files import HEIF_SUFFIXES, is_picture_name
from cfr_icl.sentences import Sentence

UNREADABLE_SUFFIXES = (
    *(".jxl", ".psd", ".xcf", ".tga", ".exr", ".hdr", ".svg", ".dcm", ".nii", ".ico", ".eps", ".pdf"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf"),
)
"""Endings of pictures that cannot be read; their number is reported."""

NO_FOLDERS = ("__MACOSX", "@eaDir", "@Recycle", "#recycle", "$RECYCLE.BIN", "lost+found")
"""Folders that operating systems create; they are skipped, like those whose names begin with a dot."""

MANIFEST = ".cfr-icl-files"
"""List of the names of exported files, stored beside them, so that they are not taken for pictures."""

NAMED = 3
"""Most files that a message names."""


@dataclass
class Listing:
    """The pictures below a folder."""

    paths: dict[str, Path] = field(default_factory=dict)
    """Files by name, in natural order. A name is the path below the folder, with slashes, as valid text."""
    sentences: list[Sentence] = field(default_factory=list)
    """Messages for the user about files that were left out."""

    @property
    def names(self) -> list[str]:
        return list(self.paths)


def list_pictures(images: Path, work: Path | None = None) -> Listing:
    """List the pictures below a folder but not below `work`.

    Links to files are followed inside the folder only, links to folders not at all.
    """
    left_out: Counter[str] = Counter()  # by suffix
    links: list[str] = []
    closed: list[str] = []
    relative: list[str] = []
    for entry, name in _files(str(images), None if work is None else str(work), links, closed):
        suffix = os.path.splitext(name)[1].lower()
        if is_picture_name(name):
            if entry.is_symlink() and not leads_inside(Path(entry.path), images):
                links.append(name)
            elif entry.is_file():
                relative.append(name)
        elif suffix in HEIF_SUFFIXES or suffix in UNREADABLE_SUFFIXES:
            left_out[suffix] += 1
    return Listing(_by_shown_name(images, relative), _left_out(left_out, links, closed))


def _left_out(suffixes: Counter[str], links: list[str], closed: list[str]) -> list[Sentence]:
    """Messages for the user about files that are no pictures here, by suffix, and about links and folders."""
    sentences = []
    heif = sum(suffixes[suffix] for suffix in HEIF_SUFFIXES)
    if heif:
        sentences.append(
            Sentence(
                "HEIC pictures are left out: {number}; pip install 'cfr-icl[heif]' lets them be read.",
                number=heif,
            )
        )
    others = sorted((suffix, number) for suffix, number in suffixes.items() if suffix not in HEIF_SUFFIXES)
    if others:
        kinds = ", ".join(f"{number} {suffix}" for suffix, number in others)
        sentences.append(Sentence("Files that cannot be read are left out: {kinds}.", kinds=kinds))
    if links:
        sentences.append(
            Sentence(
                "Links that lead out of the folder or to other folders are left out: {names}.",
                names=first_names(sorted(links)),
            )
        )
    if closed:
        sentences.append(
            Sentence(
                "Folders that cannot be opened are left out: {names}.", names=first_names(sorted(closed))
            )
        )
    return sentences


def _files(
    root: str, work: str | None, links: list[str], closed: list[str]
) -> Iterator[tuple[os.DirEntry[str], str]]:
    """All files that may be pictures, with their paths below the folder; links to folders are collected."""
    folders = [("", root)]
    exported: set[str] = set()
    while folders:
        prefix, folder = folders.pop()
        try:
            with os.scandir(folder) as scan:
                entries = list(scan)
        except OSError:
            closed.append(prefix or "/")
            continue
        if any(entry.name == MANIFEST for entry in entries):
            exported.update(prefix + name for name in read_manifest(Path(folder)))
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith("._"):
                continue
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                linked_folder = not is_folder and entry.is_symlink() and entry.is_dir()
            except OSError:
                continue
            if is_folder:
                if entry.path != work and entry.name not in NO_FOLDERS and not entry.name.startswith("."):
                    folders.append((f"{name}/", entry.path))
            elif linked_folder:
                links.append(f"{name}/")
            elif name not in exported:
                yield entry, name


def read_manifest(folder: Path) -> list[str]:
    """Names of the files that were exported into a folder, relative to it; empty without a manifest."""
    try:
        names = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return [name for name in names if isinstance(name, str)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _by_shown_name(images: Path, relative: Iterable[str]) -> dict[str, Path]:
    """Files by names that are valid text, in natural order."""
    paths: dict[str, Path] = {}
    for name in sorted(relative, key=natural_key):
        text = shown_name(name)
        number = 2
        while text in paths:
            text = f"{shown_name(name)}~{number}"
            number += 1
        paths[text] = images / name
    return paths


def shown_name(name: str) -> str:
    """A file's name as valid text: bytes that are no UTF-8 are read as Latin-1."""
    characters = []
    for character in name:
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            character = chr(code - 0xDC00) if code >= 0xDCA0 else "\ufffd"
        elif 0xD800 <= code <= 0xDFFF:
            character = "\ufffd"
        characters.append(character)
    return "".join(characters)


def leads_inside(path: Path, folder: Path) -> bool:
    """Whether a path, with its links followed, lies in a folder."""
    return path.resolve().is_relative_to(folder.resolve())


def natural_key(name: str) -> list:
    """A key for sorting names so that 9.jpg comes before 10.jpg."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if n % 2 else (0, part.lower()) for n, part in enumerate(parts)] + [(0, name)]


def folded_name(name: str) -> str:
    """A name as file systems compare it that ignore case and how accents are composed."""
    return unicodedata.normalize("NFC", name).casefold()


def first_names(names: Sequence[str]) -> str:
    """The first names of files, and how many more there are, for a message in any language."""
    more = f" (+{len(names) - NAMED})" if len(names) > NAMED else ""
    return ", ".join(map(shown_name, names[:NAMED])) + more
