"""What the browser may ask for: one function per kind of action, each distrusting its data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from cfr_icl.annotate.document import COLOURS, MAX_LABEL_LENGTH, MAX_LABELS, ActionError, Label
from cfr_icl.annotate.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click

Data = Mapping[str, Any]

MAX_BRUSH = 200
MAX_POINTS = 20_000


def prepare(session: Session, data: Data) -> None:
    session.size  # noqa: B018  raises without a picture
    session.segmenter.prepare()


def click(session: Session, data: Data) -> None:
    session.click(Click(number(data, "x"), number(data, "y"), flag(data, "positive")))


def box(session: Session, data: Data) -> None:
    session.box(*(whole(data, name) for name in ("left", "top", "right", "bottom")))


def paint(session: Session, data: Data) -> None:
    diameter = whole(data, "diameter")
    if not 1 <= diameter <= MAX_BRUSH:
        raise ActionError(f"The brush is 1 to {MAX_BRUSH} pixels wide, not {diameter}.")
    points = data.get("points")
    if not isinstance(points, list) or not 1 <= len(points) <= MAX_POINTS:
        raise ActionError(f"A stroke has 1 to {MAX_POINTS} points.")
    session.paint([_point(point) for point in points], diameter, flag(data, "add"))


def undo(session: Session, data: Data) -> None:
    session.undo()


def redo(session: Session, data: Data) -> None:
    session.redo()


def clear(session: Session, data: Data) -> None:
    session.clear()


def finish(session: Session, data: Data) -> None:
    session.finish()


def select(session: Session, data: Data) -> None:
    session.select(whole(data, "id"))


def delete(session: Session, data: Data) -> None:
    session.delete(whole(data, "id"))


def duplicate(session: Session, data: Data) -> None:
    session.duplicate(whole(data, "id"))


def edit(session: Session, data: Data) -> None:
    changes = {name: check(data, name) for name, check in EDITABLE.items() if name in data}
    session.edit(whole(data, "id"), **changes)


def label(session: Session, data: Data) -> None:
    if "id" in data:
        id = whole(data, "id")
    else:
        id = session.document.active if data.get("active") is True else None
    session.set_label(_label_name(data), id)


def labels(session: Session, data: Data) -> None:
    given = data.get("labels")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_LABELS:
        raise ActionError(f"A list of labels has 1 to {MAX_LABELS} entries.")
    chosen: dict[str, Label] = {}
    for index, entry in enumerate(given):
        entry = {"name": entry} if isinstance(entry, str) else entry
        if not isinstance(entry, Mapping):
            raise ActionError("Each label is a name, or a name with a colour.")
        name = _label_name(entry)
        if name:
            shown = colour(entry, "colour") if "colour" in entry else COLOURS[index % len(COLOURS)]
            chosen.setdefault(name, Label(name, shown))
    session.set_labels(list(chosen.values()))


def remove_label(session: Session, data: Data) -> None:
    session.remove_label(_label_name(data))


def keep_pass(session: Session, data: Data) -> None:
    session.keep_pass(whole(data, "pass"))


def done(session: Session, data: Data) -> None:
    session.set_done(flag(data, "done"))


def cascade(session: Session, data: Data) -> None:
    try:
        cfr = CascadeForward.from_json({name: data[name] for name in data if name not in ("number", "kind")})
    except ValueError as error:
        raise ActionError(str(error)) from error
    session.set_cascade(cfr)


def number(data: Data, name: str) -> float:
    """A finite number of an action; raises ActionError for anything else."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise ActionError(f"{name!r} must be a number, not {value!r:.40}.")
    if abs(value) > 2**31:
        raise ActionError(f"{name!r} is too large.")
    return value


def whole(data: Data, name: str) -> int:
    """A whole number of an action; raises ActionError for anything else."""
    value = number(data, name)
    if value != int(value):
        raise ActionError(f"{name!r} must be a whole number, not {value!r}.")
    return int(value)


def fraction(data: Data, name: str) -> float:
    """A number between 0 and 1, both excluded; raises ActionError for anything else."""
    value = number(data, name)
    if not 0 < value < 1:
        raise ActionError(f"{name!r} must lie between 0 and 1, not {value!r}.")
    return float(value)


def colour(data: Data, name: str) -> str:
    """A colour #rrggbb of an action; raises ActionError for anything else."""
    value = text(data, name)
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ActionError(f"A colour is written #rrggbb, not {value!r:.40}.")
    return value.lower()


def _label_name(data: Data) -> str:
    name = text(data, "name", longest=2 * MAX_LABEL_LENGTH).strip()
    if len(name) > MAX_LABEL_LENGTH:
        raise ActionError(f"A label has at most {MAX_LABEL_LENGTH} characters.")
    return name


def _point(point: Any) -> tuple[float, float]:
    if not isinstance(point, list) or len(point) != 2:
        raise ActionError("A point of a stroke is [x, y].")
    x, y = (number({"point": value}, "point") for value in point)
    if max(abs(x), abs(y)) > 100_000:
        raise ActionError("A point of a stroke lies far outside the picture.")
    return x, y


def flag(data: Data, name: str) -> bool:
    """A boolean of an action; raises ActionError for anything else."""
    value = data.get(name)
    if not isinstance(value, bool):
        raise ActionError(f"{name!r} must be true or false, not {value!r:.40}.")
    return value


def text(data: Data, name: str, longest: int = 200) -> str:
    """A string of an action, without control characters; raises ActionError for anything else."""
    value = data.get(name)
    if not isinstance(value, str):
        raise ActionError(f"{name!r} must be text, not {value!r:.40}.")
    return "".join(c for c in value[: 10 * longest] if c.isprintable())[:longest]


SESSION_ACTIONS: dict[str, Callable[[Session, Data], None]] = {
    action.__name__: action
    for action in (
        prepare,
        click,
        box,
        paint,
        undo,
        redo,
        clear,
        finish,
        select,
        delete,
        duplicate,
        edit,
        label,
        labels,
        remove_label,
        done,
        keep_pass,
        cascade,
    )
}
"""Actions on the session alone, by the name that the browser uses."""

EDITABLE: dict[str, Callable[[Data, str], Any]] = {
    "colour": colour,
    "threshold": fraction,
    **dict.fromkeys(("visible", "locked", "overlap", "keep_largest", "fill_holes"), flag),
}
"""What may be changed of an object, and how it is checked."""
