"""Lists of clicks, boxes and masks for many pictures, grouped by object and checked row by row."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from cfr_icl.annotate.batch.list_files import ClickListError, read_rows
from cfr_icl.annotate.objects.document import label_name
from cfr_icl.annotate.pictures.listing import leads_inside
from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle

__all__ = ["ClickList", "ClickListError", "ObjectClicks", "Problem", "read_click_list"]

_POSITIVE = (
    "",
    "1",
    "+",
    "+1",
    "true",
    "yes",
    "y",
    "pos",
    "positive",
    "wahr",
    "ja",
    "verdadero",
    "vrai",
    "是",
)
_NEGATIVE = ("0", "-1", "-", "false", "no", "n", "neg", "negative", "falsch", "nein", "falso", "faux", "否")


@dataclass(frozen=True)
class ObjectClicks:
    """The entries of a list for one object of one picture: clicks, and a box or a mask to start from."""

    picture_name: str
    """Path of the picture below the folder of pictures, with slashes."""
    object: str
    clicks: tuple[Click, ...] = ()
    place: str = ""
    """The place of its first entry in the list, such as "Row 2"."""
    label: str = ""
    """Its class; empty where the list names none."""
    box: Rectangle | None = None
    """The box around it, which may reach over the picture's border."""
    mask: str | None = None
    """A file with its mask, as the list names it."""


@dataclass(frozen=True)
class Problem:
    """The reason why a row, an object or a picture is left out."""

    picture_name: str
    """Its name in the list."""
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class ClickList:
    """The content of a list."""

    objects: list[ObjectClicks]
    """Object by object in the order of their first click."""
    problems: list[Problem]
    """One for each unusable row; objects with such a row are left out."""
    unread: tuple[str, ...] = ()
    """The columns or keys that have no meaning in a list, such as a misspelt one."""


def read_click_list(path: Path, images: Path) -> ClickList:
    """Read clicks, boxes and masks, object by object in the order of their first row.

    A table (CSV, separated by commas, semicolons or tabs, in any Unicode or a Windows encoding) has a
    heading with the columns picture, x, y and optionally positive (1 or 0), object (a name), label, left,
    top, right, bottom (a box; the pixels on its sides belong to it) and mask (a file). A Parquet file has the
    same columns. A JSON file is a list of objects with these keys; so is each line of a .jsonl file. There,
    `box` may be the four numbers at once.

    Args:
        images: the folder of the pictures; a name or path that leads out of it is an unusable row.

    Raises:
        ClickListError: when the file is none of these, or holds no row.
        MissingExtraError: for a Parquet file without pyarrow.
    """
    problems: list[Problem] = []
    objects: dict[tuple[str, str], ObjectClicks] = {}
    incomplete: set[tuple[str, str]] = set()
    pictures = _Pictures(images)
    rows = 0
    unread: dict[str, None] = {}
    for place, row in read_rows(path, pictures.exists, unread):
        rows += 1
        key = None
        try:
            key = pictures.find(row.get("picture")), _object_name(row.get("object"))
            entry = objects.setdefault(key, ObjectClicks(*key, place=place))
            objects[key] = _with_row(entry, row)
        except ValueError as error:
            name = _text(row.get("picture"))[:500]
            problems.append(Problem(name, f"{place} of {path.name}: {error}"))
            if key is not None:
                incomplete.add(key)
    if not rows:
        raise ClickListError(f"There are no clicks in {path}.")
    return ClickList(
        [entry for key, entry in objects.items() if key not in incomplete], problems, tuple(unread)
    )


def _with_row(entry: ObjectClicks, row: Mapping[str, Any]) -> ObjectClicks:
    """The object with one more row; raises ValueError when the row is wrong or contradicts an earlier one."""
    box, mask, clicks = _box(row), _text(row.get("mask")), entry.clicks
    if _text(row.get("x")) or _text(row.get("y")) or not (box or mask):
        clicks = (*clicks, Click(_number(row, "x"), _number(row, "y"), _sign(row.get("positive"))))
    return replace(
        entry,
        clicks=clicks,
        label=_consistent("label", entry.label, label_name(_text(row.get("label")))),
        box=_consistent("box", entry.box, box),
        mask=_consistent("mask", entry.mask, mask or None),
    )


def _consistent(name: str, before: Any, now: Any) -> Any:
    """The value of an object in two rows, of which one may be empty; raises ValueError if they differ."""
    if before and now and before != now:
        raise ValueError(f"the object has another {name} already.")
    return before or now


class _Pictures:
    """Finds the pictures of a folder by their names in a list."""

    def __init__(self, images: Path) -> None:
        self.images = images
        self._paths: dict[str, str] = {}
        """Paths below the folder by names in the list."""
        self._normalised: dict[str, str] | None = None
        """Paths below the folder by the same paths with composed accents."""

    def find(self, value: Any) -> str:
        """The path below the folder; raises ValueError when there is no such picture in it."""
        text = "" if value is None else str(value).strip()
        if not text:
            raise ValueError("there is no picture named in it.")
        if text not in self._paths:
            path = self._path(text) or self._path(text.replace("\\", "/")) or self._path_by_accents(text)
            if path is None:
                raise ValueError(f"there is no picture {text!r:.200} in {self.images}.")
            self._paths[text] = path
        return self._paths[text]

    def exists(self, text: str) -> bool:
        """Whether a picture has this name or path."""
        return self._path(text) is not None

    def _path(self, text: str) -> str | None:
        """The path below the folder of an existing file; None where there is none, or it lies outside."""
        folder = os.path.abspath(self.images)
        for root in dict.fromkeys((folder, os.path.realpath(folder))):
            try:
                file = os.path.normpath(os.path.join(root, text))
                inside = os.path.relpath(file, root)
                if not inside.startswith(os.pardir) and os.path.isfile(file):
                    return inside.replace(os.sep, "/") if leads_inside(Path(file), self.images) else None
            except (ValueError, OSError):  # a name that no file can have
                continue
        return None

    def _path_by_accents(self, text: str) -> str | None:
        """Like `_path`, for a name that composes its accents in another way than the file system."""
        if self._normalised is None:
            self._normalised = {}
            for folder, _, files in os.walk(self.images):
                for file in files:
                    inside = os.path.relpath(os.path.join(folder, file), self.images).replace(os.sep, "/")
                    self._normalised[unicodedata.normalize("NFC", inside)] = inside
        path = self._normalised.get(unicodedata.normalize("NFC", text.replace("\\", "/")))
        return None if path is None else self._path(path)


def _object_name(value: Any) -> str:
    """The name of an object, "1" without one; raises ValueError if it cannot be part of a file name."""
    if isinstance(value, float) and value == int(value):
        value = int(value)
    name = "" if value is None else str(value).strip()
    if not name:
        return "1"
    control = any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
    if PureWindowsPath(name).name != name or control or len(name.encode("utf-8", "replace")) > 100:
        raise ValueError(f"{name!r:.100} cannot be part of a file name.")
    return name


def _number(row: Mapping[str, Any], column: str) -> float:
    """A number, also one with a decimal comma or separated thousands; raises ValueError for other cells."""
    value = row.get(column)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = re.sub(r"[\s\u00a0\u202f']", "", value) if isinstance(value, str) else ""
    if "," in text and "." in text:  # the last of both is the decimal separator
        text = (
            text.replace(".", "").replace(",", ".")
            if text.rfind(",") > text.rfind(".")
            else text.replace(",", "")
        )
    text = text.replace(",", ".")
    try:
        if "_" in text:
            raise ValueError
        return float(text)
    except ValueError:
        raise ValueError(f"{column} must be a number, not {value!r:.40}.") from None


def _sign(value: Any) -> bool:
    """Whether a click is positive, as it is for an empty cell; raises ValueError for other texts."""
    if value is None:
        return True
    text = str(value).strip().casefold()
    if re.fullmatch(r"[+-]?\d+[.,]0+", text):
        text = re.split("[.,]", text)[0]
    if text in _POSITIVE:
        return True
    if text in _NEGATIVE:
        return False
    raise ValueError(f"positive must be 1 or 0, not {value!r:.40}.")


def _text(value: Any) -> str:
    """A cell as text; empty for None."""
    return "" if value is None else str(value).strip()


def _box(row: Mapping[str, Any]) -> Rectangle | None:
    """The box of a row, the pixels on its sides included; None without one. Raises ValueError."""
    sides = ("left", "top", "right", "bottom")
    box = row.get("box")
    if box is not None and box != "":
        if not isinstance(box, list) or len(box) != 4:
            raise ValueError(f"box must be left, top, right and bottom, not {box!r:.60}.")
        row = dict(zip(sides, box, strict=True))
    if not any(_text(row.get(side)) for side in sides):
        return None
    return Rectangle.of_sides(*(_number(row, side) for side in sides))
