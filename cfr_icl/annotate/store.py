"""Session files: a document as JSON, written atomically and read with distrust."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.session import Answer, Document, Instance, Label
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click

VERSION = 1
"""Version of the session file's layout."""

_MASKS = ("answered", "mask", "start", "painted", "erased")
_CLICKS = ("clicks", "hints")


class StoreError(ValueError):
    """A session file that cannot be used; the message is one sentence for the person."""


def to_json(document: Document, picture: str, size: tuple[int, int]) -> dict[str, Any]:
    """A document with the name and the (height, width) of its picture."""
    return {
        "cfr_icl_session": VERSION,
        "picture": picture,
        "size": list(size),
        "done": document.done,
        "active": document.active,
        "next_id": document.next_id,
        "cfr": asdict(document.cfr),
        "labels": [asdict(label) for label in document.labels],
        "label": document.label,
        "objects": [_instance_to_json(instance) for instance in document.instances],
    }


def from_json(data: Any, size: tuple[int, int]) -> Document:
    """The document in a session file of a picture of this (height, width).

    Raises:
        StoreError: when the file is no session file, damaged, or of another picture's size.
    """
    if not isinstance(data, Mapping) or data.get("cfr_icl_session") != VERSION:
        raise StoreError("This is not a session file of this version.")
    if data.get("size") != list(size):
        raise StoreError(
            f"The session file belongs to a picture of {_sized(data.get('size'))} pixels; "
            f"this one has {_sized(list(size))}."
        )
    try:
        instances = tuple(_instance_from_json(entry, size) for entry in data["objects"])
        ids = [instance.id for instance in instances]
        active, next_id = data["active"], data["next_id"]
        if len(set(ids)) < len(ids) or active not in (None, *ids) or max([0, *ids]) >= next_id:
            raise ValueError("ids")
        return Document(
            instances=instances,
            active=active,
            cfr=CascadeForward(**data["cfr"]),
            labels=tuple(
                Label(_typed(entry["name"], str), _colour(entry["colour"])) for entry in data["labels"]
            ),
            label=_typed(data["label"], str),
            done=_typed(data["done"], bool),
            next_id=_typed(next_id, int),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError("The session file is damaged.") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file as a whole, so that a kill at any moment leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def encode(data: Mapping[str, Any]) -> bytes:
    """A session as the content of its file."""
    return json.dumps(data).encode("utf-8")


def save(path: Path, document: Document, picture: str, size: tuple[int, int]) -> None:
    """Write a session file."""
    write_atomically(path, encode(to_json(document, picture, size)))


def load(path: Path, size: tuple[int, int]) -> Document:
    """Read a session file; raises StoreError like `from_json`."""
    return from_json(_read(path), size)


def load_any(path: Path) -> tuple[tuple[int, int], Document]:
    """The picture's (height, width) and the document of a session file; raises StoreError with its name."""
    try:
        data = _read(path)
        height, width = (_typed(side, int) for side in data["size"])
        return (height, width), from_json(data, (height, width))
    except (StoreError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path.name}: {error}") from error


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise StoreError("The session file is damaged.") from error


def _instance_to_json(instance: Instance) -> dict[str, Any]:
    values = {field.name: getattr(instance, field.name) for field in fields(Instance)}
    for name in _MASKS:
        values[name] = values[name] and values[name].counts
    for name in _CLICKS:
        values[name] = [[click.x, click.y, click.positive] for click in values[name]]
    values["answer"] = instance.answer and asdict(instance.answer)
    return values


def _instance_from_json(entry: Mapping[str, Any], size: tuple[int, int]) -> Instance:
    height, width = size
    values = {field.name: entry[field.name] for field in fields(Instance)}
    for name in ("keep_largest", "fill_holes", "overlap", "visible", "locked"):
        _typed(values[name], bool)
    for name in ("id", "left_out"):
        _typed(values[name], int)
    if values["kept"] is not None:
        _typed(values["kept"], int)
    _typed(values["label"], str)
    _colour(values["colour"])
    if not 0 < values["threshold"] < 1:
        raise ValueError("threshold")
    for name in _MASKS:
        if values[name] is not None or name in ("answered", "mask"):
            values[name] = Mask.parse(height, width, values[name])
    for name in _CLICKS:
        values[name] = _clicks(values[name], height, width)
    if values["answer"] is not None:
        answer = Answer(**values["answer"])
        values["answer"] = Answer(
            _typed(answer.forwards, int),
            float(answer.milliseconds),
            answer.window and tuple(_typed(side, int) for side in answer.window),
        )
    return Instance(**values)


def _clicks(entries: Sequence[Any], height: int, width: int) -> tuple[Click, ...]:
    clicks = tuple(Click(x, y, _typed(positive, bool)) for x, y, positive in entries)
    for click in clicks:
        click.check_inside(width, height)
    return clicks


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _colour(value: Any) -> str:
    int(_typed(value, str).removeprefix("#"), 16)
    if len(value) != 7 or not value.startswith("#"):
        raise ValueError("colour")
    return value


def _sized(size: Any) -> str:
    return f"{size[1]} x {size[0]}" if isinstance(size, list) and len(size) == 2 else "unknown size"
