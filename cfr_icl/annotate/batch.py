"""Clicks for many pictures in one file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from cfr_icl.annotate.folder import leads_inside
from cfr_icl.clicks import Click

_TRUTHS = {"": True, "1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class ObjectClicks:
    """The clicks on one object of one picture."""

    picture: str
    object: str
    clicks: tuple[Click, ...]


def read_clicks(path: Path, images: Path) -> list[ObjectClicks]:
    """The clicks in a file, object by object in the order of their first click.

    A CSV file has a heading with the columns picture, x, y and optionally positive (1 or 0) and
    object (a name); a JSON file is a list of objects with these keys.

    Raises:
        ValueError: when a line is wrong, naming it, or a picture is not in `images`.
    """
    grouped: dict[tuple[str, str], list[Click]] = {}
    for number, row in enumerate(_rows(path), start=1):
        try:
            picture, object = str(row["picture"]), str(row.get("object") or "1")
            positive = _TRUTHS[str(row.get("positive", "")).strip().lower()]
            click = Click(float(row["x"]), float(row["y"]), positive)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"Entry {number} of {path.name} needs picture, x and y: {row!r:.120}") from error
        file = images / picture
        if not picture.isprintable() or not leads_inside(file, images) or not file.is_file():
            raise ValueError(f"Entry {number} of {path.name}: there is no picture {picture!r} in {images}.")
        if PureWindowsPath(object).name != object or not object.isprintable():
            raise ValueError(f"Entry {number} of {path.name}: {object!r} cannot be part of a file name.")
        grouped.setdefault((picture, object), []).append(click)
    if not grouped:
        raise ValueError(f"There are no clicks in {path}.")
    return [ObjectClicks(picture, object, tuple(clicks)) for (picture, object), clicks in grouped.items()]


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    content = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".json":
        try:
            data = json.loads(content)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path.name} is not valid JSON: {error}.") from error
        if not isinstance(data, list):
            raise ValueError(f"{path.name} must be a list of objects with picture, x and y.")
        return iter(data)
    return csv.DictReader(content.splitlines())
