"""Session files: a document as JSON, written atomically; content is validated when it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from cfr_icl.annotate.document import (
    MAX_CLICKS,
    MAX_ID,
    MAX_LABELS,
    Document,
    Instance,
    Label,
    Timing,
    label_name,
)
from cfr_icl.annotate.image_files import MAX_SIDE
from cfr_icl.annotate.masks import Mask
from cfr_icl.annotate.pages import MAX_PAGES, View
from cfr_icl.annotate.record import Visit, visits_from_json, visits_to_json
from cfr_icl.cfr import MAX_STEPS, CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.files import write_atomically
from cfr_icl.rectangle import Rectangle
from cfr_icl.sentences import Refusal

VERSION = 1
"""Version of the session file's layout."""

MAX_JSON_BYTES = 64_000_000
"""Larger files are not read: decoded, they would need some twenty times as much memory."""

MAX_FOREIGN = 4000
"""Longest JSON, in characters, of a foreign file's other values that is kept for an object or a picture."""

MAX_CATEGORY_ID = 10**9

MAX_CHOICES = 100
"""Largest number of masks that a network may offer for one click."""

_KEYS = {
    "network_mask": "answered",
    "neighbour_clicks": "hints",
    "initial_mask": "start",
    "chosen_pass": "kept",
    "timing": "answer",
}
"""Fields of an object with other keys in the file, so that files of older versions stay readable."""

_OPTIONAL = ("cfr", "foreign", "certainty")
"""Fields of an object that are left out of the file when they are None."""

_MASKS = ("network_mask", "mask", "initial_mask", "painted", "erased")
_CLICKS = ("clicks", "neighbour_clicks")


class StoreError(Refusal):
    """A session file that cannot be used; the message is one sentence for the person."""


def to_json(
    document: Document,
    picture: str,
    size: tuple[int, int],
    file_bytes: int | None = None,
    visits: Sequence[Visit] = (),
) -> dict[str, Any]:
    """A document with the name, the (height, width) and the bytes of its picture's file."""
    return {
        "cfr_icl_session": VERSION,
        "picture": picture,
        "size": list(size),
        "done": document.done,
        "active": document.active,
        "next_id": document.next_id,
        "cfr": document.cfr.to_json(),
        "labels": [_without_nothing(asdict(label)) for label in document.labels],
        "label": document.label,
        "objects": [instance_to_json(instance, document.cfr) for instance in document.instances],
        **({} if document.view == View() else {"view": asdict(document.view)}),
        **({} if file_bytes is None else {"file_bytes": file_bytes}),
        **({} if document.foreign is None else {"foreign": document.foreign}),
        **({"visits": visits_to_json(visits)} if visits else {}),
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
            "The session file belongs to a picture of {file_size} pixels; this one has {picture_size}.",
            file_size=_sized(data.get("size")),
            picture_size=_sized(list(size)),
        )
    try:
        cfr = CascadeForward.from_json(data["cfr"])
        instances = tuple(_instance_from_json(entry, size, cfr) for entry in data["objects"])
        ids = [instance.id for instance in instances]
        next_id = _whole(data["next_id"], 1, MAX_ID + 1)
        active = None if data["active"] is None else _whole(data["active"], 1, MAX_ID)
        if len(set(ids)) < len(ids) or active not in (None, *ids) or max([0, *ids]) >= next_id:
            raise ValueError("ids")
        labels = tuple(label_from_json(entry) for entry in data["labels"])
        if len(labels) > MAX_LABELS:
            raise ValueError("labels")
        return Document(
            instances=instances,
            active=active,
            cfr=cfr,
            labels=labels,
            label=_label(data["label"]),
            done=_typed(data["done"], bool),
            next_id=next_id,
            view=view_from_json(data.get("view")),
            foreign=_foreign(data.get("foreign")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError("The session file is damaged.") from error


def encode(data: Mapping[str, Any]) -> bytes:
    """A session as the content of its file."""
    return json.dumps(data).encode("utf-8")


def save(
    path: Path,
    document: Document,
    picture: str,
    size: tuple[int, int],
    file_bytes: int | None = None,
    visits: Sequence[Visit] = (),
) -> None:
    """Write a session file."""
    write_atomically(path, encode(to_json(document, picture, size, file_bytes, visits)))


def load(path: Path, size: tuple[int, int]) -> Document:
    """Read a session file; raises StoreError like `from_json`."""
    return from_json(read_json(path), size)


def load_any(path: Path) -> tuple[tuple[int, int], Document]:
    """The picture's (height, width) and the document of a session file; raises StoreError with its name."""
    return load_work(path)[:2]


def load_work(path: Path) -> tuple[tuple[int, int], Document, tuple[Visit, ...]]:
    """The picture's (height, width), document and visits of a session file; raises like `load_any`."""
    try:
        data = read_json(path)
        try:
            height, width = (_whole(side, 1, MAX_SIDE) for side in data["size"])
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError("This is not a session file of this version.") from error
        return (height, width), from_json(data, (height, width)), visits_from_json(data.get("visits"))
    except StoreError as error:
        raise StoreError("{name}: {error}", name=path.name, error=error) from error


def read_json(path: Path, foreign: bool = False) -> Any:
    """Read an untrusted JSON file; raises StoreError when it is damaged or too large.

    Args:
        foreign: also accept byte order marks and NaN (as null), which other tools write.
    """
    if path.stat().st_size > MAX_JSON_BYTES:
        raise StoreError(
            "The JSON file is too large; at most {megabytes} MB are read.",
            megabytes=MAX_JSON_BYTES // 1_000_000,
        )
    try:
        content = path.read_bytes()
        if foreign:
            encoding = json.detect_encoding(content)
            return json.loads(content.decode(encoding), parse_constant=lambda name: None)
        return json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise StoreError("The JSON file is damaged.") from error


def _no_number(name: str) -> None:
    raise ValueError(name)


def instance_to_json(instance: Instance, cfr: CascadeForward | None = None) -> dict[str, Any]:
    """An object for a session file; settings that equal `cfr`, those of its document, are left out."""
    values = {field.name: getattr(instance, field.name) for field in fields(Instance)}
    for name in _MASKS:
        values[name] = values[name] and values[name].counts
    for name in _CLICKS:
        values[name] = [[click.x, click.y, click.positive] for click in values[name]]
    values["box"] = instance.box and (*instance.box[:2], instance.box.right - 1, instance.box.bottom - 1)
    values["timing"] = instance.timing and timing_to_json(instance.timing)
    values["cfr"] = None if instance.cfr in (None, cfr) else instance.cfr.to_json()
    optional = [name for name in _OPTIONAL if values[name] is None]
    return {_KEYS.get(name, name): value for name, value in values.items() if name not in optional}


def timing_to_json(timing: Timing) -> dict[str, Any]:
    """A timing for a session file and for the page, with the window as top, bottom, left, right."""
    window = timing.window and (*timing.window.rows, *timing.window.columns)
    return {**asdict(timing), "window": window}


def _instance_from_json(entry: Mapping[str, Any], size: tuple[int, int], cfr: CascadeForward) -> Instance:
    height, width = size
    values = {"box": None, "choice": None, **dict.fromkeys(_OPTIONAL), **entry}
    values = {field.name: values[_KEYS.get(field.name, field.name)] for field in fields(Instance)}
    for name in ("keep_largest", "fill_holes", "overlap", "visible", "locked"):
        _typed(values[name], bool)
    _whole(values["id"], 1, MAX_ID)
    _whole(values["left_out"], 0, height * width)
    if values["chosen_pass"] is not None:
        _whole(values["chosen_pass"], 0, 10 * MAX_STEPS)
    if values["choice"] is not None:
        _whole(values["choice"], 0, MAX_CHOICES - 1)
    values["label"] = _label(values["label"])
    _colour(values["colour"])
    if not 0 < values["threshold"] < 1:
        raise ValueError("threshold")
    for name in _MASKS:
        if values[name] is not None or name in ("network_mask", "mask"):
            values[name] = Mask.parse(height, width, values[name])
    for name in _CLICKS:
        values[name] = _clicks(values[name], height, width)
    if values["box"] is not None:
        left, top, right, bottom = values["box"]
        right, bottom = _whole(right, 0, width - 1), _whole(bottom, 0, height - 1)
        values["box"] = Rectangle(_whole(left, 0, right), _whole(top, 0, bottom), right + 1, bottom + 1)
    if values["cfr"] is not None:
        values["cfr"] = CascadeForward.from_json(values["cfr"])
    elif values["clicks"]:
        values["cfr"] = cfr
    if values["timing"] is not None:
        timing = Timing(**values["timing"])
        if not 0 <= timing.milliseconds < 1e9:
            raise ValueError("timing")
        values["timing"] = Timing(
            _whole(timing.forwards, 0, 1000),
            float(timing.milliseconds),
            timing.window and _window(timing.window),
            None if timing.passes is None else _whole(timing.passes, 0, 1000),
            None if timing.changed is None else _whole(timing.changed, 0, height * width),
            _whole(timing.choices, 0, MAX_CHOICES),
        )
    values["foreign"] = _foreign(values["foreign"])
    if values["certainty"] is not None and not 0 <= _number(values["certainty"]) <= 1:
        raise ValueError("certainty")
    return Instance(**values)


def label_from_json(entry: Mapping[str, Any]) -> Label:
    """Read a label of a session file or of a work folder's list; raises ValueError, TypeError or KeyError."""
    number, parent = entry.get("category_id"), entry.get("supercategory")
    return Label(
        _label(entry["name"]),
        _colour(entry["colour"]),
        None if number is None else _whole(number, 0, MAX_CATEGORY_ID),
        None if parent is None else _label(parent),
    )


def view_from_json(entry: Any) -> View:
    """Read a picture's view, the usual one for None; raises ValueError or TypeError."""
    if entry is None:
        return View()
    low, high = (float(_number(entry[name])) for name in ("low", "high"))
    page = entry["page"]
    return View(page=page if page is None else _whole(page, 0, MAX_PAGES - 1), low=low, high=high)


def _foreign(value: Any) -> Mapping[str, Any] | None:
    if value is None:
        return None
    plain = plain_json(_typed(value, dict))
    if len(json.dumps(plain)) > MAX_FOREIGN:
        raise ValueError("foreign")
    return plain


def plain_json(value: Any, deep: int = 20) -> Any:
    """A JSON value that every reader accepts: no lone surrogates, integers of at most 53 bits, no NaN.

    Raises:
        ValueError: when it is nested too deep.
    """
    if not deep:
        raise ValueError("nested")
    if isinstance(value, Mapping):
        return {plain_json(str(key)): plain_json(part, deep - 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(part, deep - 1) for part in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= 2**53:
        return None
    return value


def _without_nothing(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _window(sides: Sequence[Any]) -> Rectangle:
    top, bottom, left, right = (_whole(side, 0, MAX_SIDE) for side in sides)
    return Rectangle(left, top, right, bottom)


def _clicks(entries: Sequence[Any], height: int, width: int) -> tuple[Click, ...]:
    if len(entries) > MAX_CLICKS:
        raise ValueError("clicks")
    clicks = tuple(Click(x, y, _typed(positive, bool)) for x, y, positive in entries)
    for click in clicks:
        click.check_inside(width, height)
    return clicks


def _label(value: Any) -> str:
    name = label_name(_typed(value, str))
    if not name:
        raise ValueError("label")
    return name


def _number(value: Any) -> float:
    if type(value) not in (int, float) or value != value:
        raise TypeError("no number")
    return value


def _whole(value: Any, least: int, most: int) -> int:
    if not least <= _typed(value, int) <= most:
        raise ValueError("number")
    return value


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"no {kind.__name__}")
    return value


def _colour(value: Any) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", _typed(value, str)):
        raise ValueError("colour")
    return value


def _sized(size: Any) -> str:
    known = isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)
    return f"{size[1]} x {size[0]}" if known and max(size) <= MAX_SIDE else "unknown size"
