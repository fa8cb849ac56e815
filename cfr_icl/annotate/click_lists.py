"""Lists of clicks for many pictures, as people, spreadsheets and programs write them."""

from __future__ import annotations

import math
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from cfr_icl.annotate.document import label_name
from cfr_icl.annotate.list_files import ClickListError, read_rows
from cfr_icl.annotate.listing import leads_inside
from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle

__all__ = ["ClickList", "ClickListError", "ObjectClicks", "Problem", "read_click_list", "read_clicks"]

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

    picture: str
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

    picture: str
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


def read_clicks(path: Path, images: Path) -> list[ObjectClicks]:
    """The clicks in a file like `read_click_list`; raises ClickListError for the first row that is wrong."""
    clicks = read_click_list(path, images)
    if clicks.problems:
        raise ClickListError(clicks.problems[0].sentence)
    return clicks.objects


def read_click_list(path: Path, images: Path) -> ClickList:
    """The clicks, boxes and masks in a file, object by object in the order of their first row.

    A table (CSV, separated by commas, semicolons or tabs, in any Unicode or a Windows encoding) has a
    heading with the columns picture, x, y and optionally positive (1 or 0), object (a name), label, left,
    top, right, bottom (a box; the pixels on its sides belong to it) and mask (a file). A Parquet file has the
    same columns. A JSON file is a list of objects with these keys; so is each line of a .jsonl file. There,
    `box` may be the four numbers at once.

    Args:
        images: the folder of the pictures, which names and paths of pictures must lead into.

    Raises:
        ClickListError: when the file is none of these, or holds no row.
        MissingExtraError: for a Parquet file without pyarrow.
    """
    problems: list[Problem] = []
    objects: dict[tuple[str, str], ObjectClicks] = {}
    damaged: set[tuple[str, str]] = set()
    pictures = _Pictures(images)
    rows = 0
    for place, row in read_rows(path, pictures.exists):
        rows += 1
        key = None
        try:
            key = pictures.find(row.get("picture")), _object_name(row.get("object"))
            entry = objects.setdefault(key, ObjectClicks(*key, place=place))
            objects[key] = _with_row(entry, row)
        except ValueError as error:
            picture = _text(row.get("picture"))[:500]
            problems.append(Problem(picture, f"{place} of {path.name}: {error}"))
            if key is not None:
                damaged.add(key)
    if not rows:
        raise ClickListError(f"There are no clicks in {path}.")
    return ClickList([entry for key, entry in objects.items() if key not in damaged], problems)


def _with_row(entry: ObjectClicks, row: Mapping[str, Any]) -> ObjectClicks:
    """The object with a further row; raises ValueError when it is wrong or contradicts an earlier one."""
    box, mask, clicks = _box(row), _text(row.get("mask")), entry.clicks
    if _text(row.get("x")) or _text(row.get("y")) or not (box or mask):
        clicks = (*clicks, Click(_number(row, "x"), _number(row, "y"), _sign(row.get("positive"))))
    return replace(
        entry,
        clicks=clicks,
        label=_once("label", entry.label, label_name(_text(row.get("label")))),
        box=_once("box", entry.box, box),
        mask=_once("mask", entry.mask, mask or None),
    )


def _once(name: str, before: Any, now: Any) -> Any:
    if before and now and before != now:
        raise ValueError(f"the object has another {name} already.")
    return before or now


class _Pictures:
    """Finds the pictures of a folder by their names in a list."""

    def __init__(self, images: Path) -> None:
        self.images = images
        self._found: dict[str, str] = {}
        self._alike: dict[str, str] | None = None

    def find(self, value: Any) -> str:
        """The path below the folder; raises ValueError when there is no such picture in it."""
        text = "" if value is None else str(value).strip()
        if not text:
            raise ValueError("there is no picture named in it.")
        if text not in self._found:
            found = self._look(text) or self._look(text.replace("\\", "/")) or self._look_alike(text)
            if found is None:
                raise ValueError(f"there is no picture {text!r:.200} in {self.images}.")
            self._found[text] = found
        return self._found[text]

    def exists(self, text: str) -> bool:
        return self._look(text) is not None

    def _look(self, text: str) -> str | None:
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

    def _look_alike(self, text: str) -> str | None:
        """A file whose name differs only in how accents are composed."""
        if self._alike is None:
            self._alike = {}
            for folder, _, files in os.walk(self.images):
                for file in files:
                    inside = os.path.relpath(os.path.join(folder, file), self.images).replace(os.sep, "/")
                    self._alike[unicodedata.normalize("NFC", inside)] = inside
        found = self._alike.get(unicodedata.normalize("NFC", text.replace("\\", "/")))
        return None if found is None else self._look(found)


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
    value = row.get(column)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = re.sub(r"[\s\u00a0\u202f']", "", value) if isinstance(value, str) else ""
    if "," in text and "." in text:  # the mark that comes last is the decimal one
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
    return "" if value is None else str(value).strip()


def _box(row: Mapping[str, Any]) -> Rectangle | None:
    """The box of a row, with all pixels on its sides; None without one. Raises ValueError."""
    sides = ("left", "top", "right", "bottom")
    given = row.get("box")
    if given is not None and given != "":
        if not isinstance(given, list) or len(given) != 4:
            raise ValueError(f"box must be left, top, right and bottom, not {given!r:.60}.")
        row = dict(zip(sides, given, strict=True))
    if not any(_text(row.get(side)) for side in sides):
        return None
    values = [_number(row, side) for side in sides]
    if not all(math.isfinite(value) and abs(value) < 1e6 for value in values):
        raise ValueError("a box needs finite coordinates.")
    left, top, right, bottom = (round(value) for value in values)
    return Rectangle(left, top, right + 1, bottom + 1)
