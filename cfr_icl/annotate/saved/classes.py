"""The classes of a work folder: their order gives their numbers in exports, and it never changes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture, class_names
from cfr_icl.annotate.objects.attributes import attributes_from_json
from cfr_icl.annotate.objects.document import COLOURS, MAX_LABELS, Attribute, Label, label_name
from cfr_icl.annotate.saved.object_json import label_from_json, label_to_json
from cfr_icl.annotate.saved.store import StoreError, read_json
from cfr_icl.files import write_atomically

log = logging.getLogger(__name__)

FILE = "classes.json"
"""Name of the list in a work folder."""

MOST_OF_NAMES = 1_000_000
"""The most bytes of a list of names that are read."""

_TextLoader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Reads texts, lists and mappings alone: a class may be named no, 1 or null."""

BACKGROUND = ("background", "_background_", "__background__", "__ignore__")
"""Entries for the background in other tools' lists."""


def read_classes(path: Path) -> list[Label]:
    """Read a list of classes, in their order.

    The file is a text file with one name a line, a JSON list of names, a COCO file with categories, a YOLO
    data.yaml with names, what the page saves, or what a work folder keeps.

    Raises:
        StoreError: when it is none of these, naming it.
    """
    try:
        if path.suffix.lower() == ".json":
            return _from_json(read_json(path))
        text = path.read_text(encoding="utf-8-sig")
        names = yaml_names(text) if path.suffix.lower() in (".yaml", ".yml") else text.splitlines()
        return _labels(names)
    except (StoreError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError("{name} is no list of classes; write one name a line.", name=path.name) from error


def class_name(number: int) -> str:
    """The name of a class of which only the number is known."""
    return f"class {number}"


def names_by_number(path: Path) -> list[str]:
    """The names of the classes in a YOLO data.yaml or a list of lines, from number 0; empty if unreadable."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_OF_NAMES)
        text = content.decode(json.detect_encoding(content), errors="replace")
        names = yaml_names(text) if path.suffix.lower() in (".yaml", ".yml") else text.splitlines()
        return [label_name(name) or class_name(number) for number, name in enumerate(names)]
    except (OSError, ValueError):
        return []


def read_attributes(path: Path) -> tuple[Attribute, ...]:
    """The definitions of attributes in a JSON list of classes; none in other files.

    Raises:
        StoreError: when they are damaged.
    """
    data = read_json(path) if path.suffix.lower() == ".json" else None
    try:
        return attributes_from_json(data.get("attributes", [])) if isinstance(data, Mapping) else ()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError("The attributes in {name} cannot be read.", name=path.name) from error


def classes_of_folder(out: Path) -> list[Label]:
    """The list of a work folder; empty without one, and, with a warning, where it cannot be read."""
    try:
        return read_classes(out / FILE) if (out / FILE).is_file() else []
    except StoreError as error:
        log.warning("%s", error)
        return []


def numbered(labels: Sequence[Label], pictures: Sequence[AnnotatedPicture]) -> list[Label]:
    """All classes in the order of their numbers: these labels, then those of the pictures.

    Of the pictures, the lists of labels come before the labels of objects alone.
    """
    names = class_names(pictures, [label.name for label in labels])
    listed = {label.name: label for picture in pictures for label in picture.document.labels}
    listed.update((label.name, label) for label in labels)
    colours = {each.label: each.colour for picture in pictures for each in picture.instances}
    return [
        listed.get(name) or Label(name, colours.get(name, COLOURS[number % len(COLOURS)]))
        for number, name in enumerate(names)
    ]


def write_classes(path: Path, labels: Iterable[Label]) -> None:
    """Write a work folder's list; raises OSError."""
    entries = [label_to_json(label) for label in labels]
    write_atomically(
        path, json.dumps({"cfr_icl_classes": 1, "classes": entries}, ensure_ascii=False, indent=1)
    )


def yaml_names(text: str) -> list[str]:
    """The names of a YOLO data.yaml by their numbers, from a list or a mapping; raises ValueError."""
    if len(text) > MOST_OF_NAMES:
        raise ValueError("size")
    try:
        data = _TextLoader(text).get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("yaml") from error
    names = data.get("names") if isinstance(data, Mapping) else None
    if isinstance(names, Mapping):
        by_number = {int(number): name for number, name in names.items() if len(number) <= 5}
        names = [by_number.get(number, class_name(number)) for number in range(max(by_number) + 1)]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("names")
    return list(names)


def _from_json(data: Any) -> list[Label]:
    if isinstance(data, Mapping) and "classes" in data:
        return [label_from_json(entry) for entry in data["classes"]][:MAX_LABELS]
    if isinstance(data, Mapping) and "labels" in data:  # as the page saves it
        return _from_json(data["labels"])
    if isinstance(data, Mapping):
        categories = data["categories"]
        labels = _labels([str(category["name"]) for category in categories])
        ids = {label_name(str(category["name"])): category.get("id") for category in categories}
        return [
            Label(label.name, label.colour, ids[label.name] if type(ids[label.name]) is int else None)
            for label in labels
        ]
    return _labels([entry if isinstance(entry, str) else entry["name"] for entry in data])


def _labels(names: Iterable[str]) -> list[Label]:
    cleaned = (label_name(name) for name in names)
    classes = dict.fromkeys(name for name in cleaned if name and name not in BACKGROUND)
    if not classes:
        raise ValueError("names")
    return [Label(name, COLOURS[number % len(COLOURS)]) for number, name in enumerate(classes)][:MAX_LABELS]
