"""Lists of clicks for many pictures, as people, spreadsheets and programs write them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

from cfr_icl.annotate.listing import leads_inside
from cfr_icl.clicks import Click

MAX_BYTES = 200_000_000

COLUMNS = {
    "picture": ("picture", "image", "file", "filename", "file name", "image name", "path"),
    "x": ("x",),
    "y": ("y",),
    "positive": ("positive", "is positive", "sign"),
    "object": ("object", "object id", "instance", "instance id"),
}
"""Columns and what else they may be called."""

DELIMITERS = (",", ";", "\t", "|")

ENCODINGS = ("cp1252", "cp1250", "cp1251", "gb18030", "shift_jis", "big5", "euc_kr", "mac_roman")
"""What texts that are not Unicode may be encoded in; the first under which the pictures are found counts."""

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


class ClickListError(ValueError):
    """A list of clicks that cannot be used, or a row of it; the message is one sentence."""


@dataclass(frozen=True)
class ObjectClicks:
    """The clicks on one object of one picture."""

    picture: str
    """Path of the picture below the folder of pictures, with slashes."""
    object: str
    clicks: tuple[Click, ...]
    place: str = ""
    """Where in the list the object begins, such as "Row 2"."""


@dataclass
class ClickList:
    """What a list holds."""

    objects: list[ObjectClicks] = field(default_factory=list)
    """Object by object in the order of their first click."""
    problems: list[str] = field(default_factory=list)
    """A sentence for each row that cannot be used; objects with such a row are left out."""


def read_clicks(path: Path, images: Path) -> list[ObjectClicks]:
    """The clicks in a file like `read_click_list`; raises ClickListError for the first row that is wrong."""
    clicks = read_click_list(path, images)
    if clicks.problems:
        raise ClickListError(clicks.problems[0])
    return clicks.objects


def read_click_list(path: Path, images: Path) -> ClickList:
    """The clicks in a file, object by object in the order of their first click.

    A table (CSV, separated by commas, semicolons or tabs, in any Unicode or a Windows encoding) has a
    heading with the columns picture, x, y and optionally positive (1 or 0) and object (a name). A JSON
    file is a list of objects with these keys; so is each line of a .jsonl file.

    Args:
        images: the folder of the pictures, which names and paths of pictures must lead into.

    Raises:
        ClickListError: when the file is none of these, or holds no row.
    """
    result = ClickList()
    grouped: dict[tuple[str, str], list[Click]] = {}
    places: dict[tuple[str, str], str] = {}
    damaged: set[tuple[str, str]] = set()
    pictures = _Pictures(images)
    rows = 0
    for place, row in _rows(path, images):
        rows += 1
        picture, name = None, "1"
        try:
            picture = pictures.find(row.get("picture"))
            name = _object_name(row.get("object"))
            click = Click(_number(row, "x"), _number(row, "y"), _sign(row.get("positive")))
        except ValueError as error:
            result.problems.append(f"{place} of {path.name}: {error}")
            if picture is not None:
                damaged.add((picture, name))
            continue
        grouped.setdefault((picture, name), []).append(click)
        places.setdefault((picture, name), place)
    if not rows:
        raise ClickListError(f"There are no clicks in {path}.")
    result.objects = [
        ObjectClicks(picture, name, tuple(clicks), places[picture, name])
        for (picture, name), clicks in grouped.items()
        if (picture, name) not in damaged
    ]
    return result


class _Pictures:
    """Finds the pictures of a folder by what a list calls them."""

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
        """A file whose name differs in how accents are composed alone."""
        if self._alike is None:
            self._alike = {}
            for folder, _, files in os.walk(self.images):
                for file in files:
                    inside = os.path.relpath(os.path.join(folder, file), self.images).replace(os.sep, "/")
                    self._alike[unicodedata.normalize("NFC", inside)] = inside
        found = self._alike.get(unicodedata.normalize("NFC", text.replace("\\", "/")))
        return None if found is None else self._look(found)


def _object_name(value: Any) -> str:
    """The name of an object, "1" without one; raises ValueError for what is no part of a file name."""
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


def _rows(path: Path, images: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each row with its place; raises ClickListError when the file is no list."""
    if path.stat().st_size > MAX_BYTES:
        raise ClickListError(f"{path.name} is too large; at most {MAX_BYTES // 1_000_000} MB are read.")
    content = path.read_bytes()
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise ClickListError(f"{path.name} is a workbook; save its table as CSV.")
    suffix = path.suffix.lower()
    texts = _decoded(content)
    if suffix in (".json", ".jsonl", ".ndjson"):
        yield from _json_rows(path, texts[0], lines=suffix != ".json")
        return
    tables = [_table(path, text) for text in texts[:1]]
    if len(texts) > 1:  # not Unicode: take the encoding under which pictures are found
        pictures = _Pictures(images)
        for text in texts:
            table = _table(path, text)
            if any(pictures.exists(str(row.get("picture")).strip()) for _, row in table if not _ascii(row)):
                tables = [table]
                break
    yield from tables[0]


def _ascii(row: Mapping[str, Any]) -> bool:
    return str(row.get("picture")).isascii()


def _decoded(content: bytes) -> list[str]:
    """A file's text; several where it is not Unicode, the likeliest first."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return [content.decode(encoding, "replace")]
    head = content[:2000]
    if head[1::2].count(0) > len(head) // 5:
        return [content.decode("utf-16-le", "replace")]
    if head[::2].count(0) > len(head) // 5:
        return [content.decode("utf-16-be", "replace")]
    try:
        return [content.decode("utf-8")]
    except UnicodeDecodeError:
        return [content.decode(encoding, "replace") for encoding in ENCODINGS]


def _json_rows(path: Path, text: str, lines: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        data = [json.loads(line) for line in text.splitlines() if line.strip()] if lines else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ClickListError(f"{path.name} is not valid JSON: {error}.") from error
    if not isinstance(data, list):
        raise ClickListError(f"{path.name} must be a list of objects with picture, x and y.")
    for number, row in enumerate(data, start=1):
        place = f"Entry {number}"
        if not isinstance(row, Mapping):
            raise ClickListError(f"{place} of {path.name} needs picture, x and y: {row!r:.100}")
        yield place, _by_column(row)


def _table(path: Path, text: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The rows below the heading, by column; empty rows are left out, and count."""
    first, _, rest = text.partition("\n")
    delimiters, before = DELIMITERS, 0
    if re.fullmatch(r'"?sep=(.)"?\s*', first):  # Excel's own line
        text, before = rest, 1
        delimiters = (first.strip().strip('"')[4:5], *DELIMITERS)
    for delimiter in delimiters:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        try:
            rows = list(reader)
        except csv.Error as error:
            raise ClickListError(f"{path.name} cannot be read as a table: {error}.") from error
        heading = next((n for n, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
        if heading is None:
            return []
        names = [cell.strip().strip('"').lstrip("\ufeff") for cell in rows[heading]]
        columns = _by_column(dict.fromkeys(names, ""))
        if "picture" in columns and "x" in columns:
            return [
                (f"Row {number + before}", _by_column(dict(zip(names, row, strict=False))))
                for number, row in enumerate(rows[heading + 1 :], start=heading + 2)
                if any(cell.strip() for cell in row)
            ]
    raise ClickListError(f"{path.name} needs a heading with the columns picture, x and y.")


def _by_column(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row by our names of its columns, whatever their case."""
    given = {re.sub(r"[\s_-]+", " ", str(name)).strip().casefold(): value for name, value in row.items()}
    columns = {}
    for column, names in COLUMNS.items():
        for name in names:
            if name in given:
                columns[column] = given[name]
                break
    return columns
