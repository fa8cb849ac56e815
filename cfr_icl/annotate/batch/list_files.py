"""Read the rows of a list of clicks from a file: CSV in its many forms, JSON, JSON lines, Parquet."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cfr_icl.extras import extra

MAX_BYTES = 200_000_000

COLUMNS = {
    "picture": ("picture", "image", "file", "filename", "file name", "image name", "path"),
    "x": ("x",),
    "y": ("y",),
    "positive": ("positive", "is positive", "sign"),
    "object": ("object", "object id", "instance", "instance id"),
    "label": ("label", "class", "class name", "category"),
    "box": ("box",),
    "left": ("left", "x min", "xmin", "x1"),
    "top": ("top", "y min", "ymin", "y1"),
    "right": ("right", "x max", "xmax", "x2"),
    "bottom": ("bottom", "y max", "ymax", "y2"),
    "mask": ("mask", "mask file", "previous mask"),
}
"""The columns of a list, each with its accepted headings in small letters, words separated by spaces."""

PROMPT_COLUMNS = ("x", "box", "left", "mask")
"""The columns that begin a click, a box or a mask; a table needs one of them, and the picture."""

DELIMITERS = (",", ";", "\t", "|")

ENCODINGS = ("cp1252", "cp1250", "cp1251", "gb18030", "shift_jis", "big5", "euc_kr", "mac_roman")
"""Encodings of text that is not Unicode; the first in which a named picture exists is used."""

Row = tuple[str, Mapping[str, Any]]
"""The place of a row in its file, such as "Row 2", and its cells by column."""


class ClickListError(ValueError):
    """An unusable list of clicks or row; the message is one sentence."""


def read_rows(path: Path, is_picture: Callable[[str], bool], unread: dict[str, None]) -> Iterator[Row]:
    """Yield the rows of a CSV, JSON, JSON lines or Parquet file, by its extension; others are read as CSV.

    Args:
        is_picture: returns whether a picture of this name exists; decides the encoding of a table.
        unread: gets the names of columns and keys that are not among COLUMNS, in their order.

    Raises:
        ClickListError: when the file is no list.
        MissingExtraError: for a Parquet file without pyarrow.
    """
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq"):
        yield from _parquet_rows(path, unread)
        return
    if path.stat().st_size > MAX_BYTES:
        raise ClickListError(f"{path.name} is too large; at most {MAX_BYTES // 1_000_000} MB are read.")
    content = path.read_bytes()
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise ClickListError(f"{path.name} is a workbook; save its table as CSV.")
    texts = _decoded(content)
    if suffix in (".json", ".jsonl", ".ndjson"):
        yield from _json_rows(path, texts[0], suffix != ".json", unread)
        return
    tables = (_table(path, text) for text in texts)
    names, rows = next(tables)
    if len(texts) > 1:  # not Unicode
        names, rows = next(
            (each for each in ((names, rows), *tables) if _names_pictures(each[1], is_picture)), (names, rows)
        )
    _note_unread(names, unread)
    yield from rows


def _names_pictures(table: Sequence[Row], is_picture: Callable[[str], bool]) -> bool:
    """Whether a picture exists under one of the names in a table that are not plain ASCII."""
    names = (str(row.get("picture")) for _, row in table)
    return any(is_picture(name.strip()) for name in names if not name.isascii())


def _decoded(content: bytes) -> list[str]:
    """The text of a file; if it is not Unicode, one text for each of ENCODINGS."""
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


def _json_rows(path: Path, text: str, lines: bool, unread: dict[str, None]) -> Iterator[Row]:
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
        _note_unread(row, unread)
        yield place, _canonical(row)


def _parquet_rows(path: Path, unread: dict[str, None]) -> Iterator[Row]:
    """Rows of a Parquet file of any size, a part of the file at a time."""
    with extra("parquet", "A Parquet file"):
        import pyarrow
        from pyarrow.parquet import ParquetFile
    try:
        with ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if _canonical({name: None})]
            columns = _canonical(dict.fromkeys(names, ""))
            if "picture" not in columns or not any(name in columns for name in PROMPT_COLUMNS):
                raise ClickListError(f"{path.name} needs the columns picture, x and y.")
            _note_unread(file.schema_arrow.names, unread)
            number = 0
            for batch in file.iter_batches(columns=names):
                for row in batch.to_pylist():
                    number += 1
                    missing = (name for name, value in row.items() if value != value)  # pandas writes NaN
                    yield f"Row {number}", _canonical({**row, **dict.fromkeys(missing)})
    except pyarrow.ArrowInvalid as error:
        raise ClickListError(f"{path.name} cannot be read as Parquet: {error}.") from error


def _table(path: Path, text: str) -> tuple[list[str], list[Row]]:
    """The heading of a CSV file and the rows below it; empty ones are left out but counted in "Row N"."""
    delimiters: tuple[str, ...] = DELIMITERS
    skipped = 0
    while text.startswith("#"):  # comments
        text, skipped = text.partition("\n")[2], skipped + 1
    first, _, rest = text.partition("\n")
    if re.fullmatch(r'"?sep=(.)"?\s*', first):  # names the delimiter for Excel
        text, skipped = rest, skipped + 1
        delimiters = (first.strip(' \r"')[4], *DELIMITERS)
    for delimiter in delimiters:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        try:
            rows = list(reader)
        except csv.Error as error:
            raise ClickListError(f"{path.name} cannot be read as a table: {error}.") from error
        heading = next((n for n, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
        if heading is None:
            return [], []
        names = [cell.strip().strip('"').lstrip("\ufeff") for cell in rows[heading]]
        columns = _canonical(dict.fromkeys(names, ""))
        if "picture" in columns and any(name in columns for name in PROMPT_COLUMNS):
            duplicates = [name for name, count in Counter(filter(None, names)).items() if count > 1]
            if duplicates and _canonical(dict.fromkeys(duplicates)):
                raise ClickListError(f"{path.name} has two columns with the heading {duplicates[0]!r:.60}.")
            return names, [
                (f"Row {number + skipped}", _canonical(dict(zip(names, map(_cell_text, row), strict=False))))
                for number, row in enumerate(rows[heading + 1 :], start=heading + 2)
                if any(cell.strip() for cell in row)
            ]
    raise ClickListError(f"{path.name} needs a heading with the columns picture, x and y.")


def _cell_text(cell: str) -> str:
    """The text of a cell, also of a formula ="TEXT", by which Excel stores text that looks like a number."""
    formula = re.fullmatch(r'\s*="(.*)"\s*', cell)
    return formula[1] if formula else cell


def _note_unread(names: Iterable[Any], unread: dict[str, None]) -> None:
    """Add the names that are not among COLUMNS."""
    unread.update(dict.fromkeys(str(name) for name in names if name and not _canonical({name: None})))


def _canonical(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The cells of a row under the keys of COLUMNS; other cells are left out."""
    cells = {re.sub(r"[\s_-]+", " ", str(name)).strip().casefold(): value for name, value in row.items()}
    columns = {}
    for column, names in COLUMNS.items():
        for name in names:
            if name in cells:
                columns[column] = cells[name]
                break
    return columns
