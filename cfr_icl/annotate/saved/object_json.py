"""Objects, labels and views as JSON of session files; values are checked when they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from cfr_icl.annotate.objects.checks import colour, foreign_values, integer, label_text, number, typed
from cfr_icl.annotate.objects.document import MAX_CLICKS, MAX_ID, Instance, Label, Timing
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.cfr import MAX_STEPS, CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.pictures.image_files import MAX_SIDE
from cfr_icl.pictures.pages import MAX_PAGES, View
from cfr_icl.rectangle import Rectangle

MAX_CATEGORY_ID = 10**9

MAX_CHOICES = 100
"""Largest number of masks that a network may offer for one click."""

KEYS = {
    "network_mask": "answered",
    "neighbour_clicks": "hints",
    "initial_mask": "start",
    "chosen_pass": "kept",
    "timing": "answer",
}
"""Fields of an object with other keys in the file, so that files of older versions stay readable."""

_OPTIONAL = ("cfr", "foreign", "certainty", "overlaps")
"""Fields of an object that are left out of the file when they are None, or empty."""

_MASKS = ("network_mask", "mask", "initial_mask", "painted", "erased")
_CLICKS = ("clicks", "neighbour_clicks")


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
    values["overlaps"] = list(instance.overlaps) or None
    optional = [name for name in _OPTIONAL if values[name] is None]
    return {KEYS.get(name, name): value for name, value in values.items() if name not in optional}


def timing_to_json(timing: Timing) -> dict[str, Any]:
    """A timing for a session file and for the page, with the window as top, bottom, left, right."""
    window = timing.window and (*timing.window.rows, *timing.window.columns)
    return {**asdict(timing), "window": window}


def instance_from_json(entry: Mapping[str, Any], size: tuple[int, int], cfr: CascadeForward) -> Instance:
    """Read an object of a session file; raises ValueError, TypeError, KeyError or AttributeError.

    Args:
        size: height and width of the picture.
        cfr: the settings of its document.
    """
    height, width = size
    values = {"box": None, "choice": None, **dict.fromkeys(_OPTIONAL), **entry}
    values = {field.name: values[KEYS.get(field.name, field.name)] for field in fields(Instance)}
    for name in ("keep_largest", "fill_holes", "overlap", "visible", "locked"):
        typed(values[name], bool)
    integer(values["id"], 1, MAX_ID)
    integer(values["left_out"], 0, height * width)
    values["overlaps"] = tuple(integer(id, 1, MAX_ID) for id in values["overlaps"] or ())
    if values["chosen_pass"] is not None:
        integer(values["chosen_pass"], 0, 10 * MAX_STEPS)
    if values["choice"] is not None:
        integer(values["choice"], 0, MAX_CHOICES - 1)
    values["label"] = label_text(values["label"])
    colour(values["colour"])
    if not 0 < values["threshold"] < 1:
        raise ValueError("threshold")
    for name in _MASKS:
        if values[name] is not None or name in ("network_mask", "mask"):
            values[name] = Mask.parse(height, width, values[name])
    for name in _CLICKS:
        values[name] = _clicks(values[name], height, width)
    if values["box"] is not None:
        values["box"] = _box(values["box"], height, width)
    if values["cfr"] is not None:
        values["cfr"] = CascadeForward.from_json(values["cfr"])
    elif values["clicks"]:
        values["cfr"] = cfr
    if values["timing"] is not None:
        values["timing"] = _timing(values["timing"], height * width)
    values["foreign"] = foreign_values(values["foreign"])
    if values["certainty"] is not None and not 0 <= number(values["certainty"]) <= 1:
        raise ValueError("certainty")
    return Instance(**values)


def label_to_json(label: Label) -> dict[str, Any]:
    """A label for a session file or a work folder's list, without fields that are None."""
    return {name: value for name, value in asdict(label).items() if value is not None}


def label_from_json(entry: Mapping[str, Any]) -> Label:
    """Read a label of a session file or of a work folder's list; raises ValueError, TypeError or KeyError."""
    category, parent = entry.get("category_id"), entry.get("supercategory")
    return Label(
        label_text(entry["name"]),
        colour(entry["colour"]),
        None if category is None else integer(category, 0, MAX_CATEGORY_ID),
        None if parent is None else label_text(parent),
    )


def view_from_json(entry: Any) -> View:
    """Read a picture's view, the usual one for None; raises ValueError or TypeError."""
    if entry is None:
        return View()
    low, high = (float(number(entry[name])) for name in ("low", "high"))
    page = entry["page"]
    return View(page=page if page is None else integer(page, 0, MAX_PAGES - 1), low=low, high=high)


def _timing(entry: Mapping[str, Any], pixels: int) -> Timing:
    """A timing, whose last pass changed at most this many pixels."""
    timing = Timing(**entry)
    if not 0 <= timing.milliseconds < 1e9:
        raise ValueError("timing")
    return Timing(
        integer(timing.forwards, 0, 1000),
        float(timing.milliseconds),
        timing.window and _window(timing.window),
        None if timing.passes is None else integer(timing.passes, 0, 1000),
        None if timing.changed is None else integer(timing.changed, 0, pixels),
        integer(timing.choices, 0, MAX_CHOICES),
    )


def _box(sides: Sequence[Any], height: int, width: int) -> Rectangle:
    """The box left, top, right, bottom, to which the pixels of all sides belong."""
    left, top, right, bottom = sides
    right, bottom = integer(right, 0, width - 1), integer(bottom, 0, height - 1)
    return Rectangle(integer(left, 0, right), integer(top, 0, bottom), right + 1, bottom + 1)


def _window(sides: Sequence[Any]) -> Rectangle:
    top, bottom, left, right = (integer(side, 0, MAX_SIDE) for side in sides)
    return Rectangle(left, top, right, bottom)


def _clicks(entries: Sequence[Any], height: int, width: int) -> tuple[Click, ...]:
    if len(entries) > MAX_CLICKS:
        raise ValueError("clicks")
    clicks = tuple(Click(x, y, typed(positive, bool)) for x, y, positive in entries)
    for click in clicks:
        click.check_inside(width, height)
    return clicks
