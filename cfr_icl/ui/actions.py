"""What the browser may ask for: one function per kind of action, each distrusting its data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from cfr_icl.annotate.session import ActionError, Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click

Data = Mapping[str, Any]


def click(session: Session, data: Data) -> None:
    session.click(Click(number(data, "x"), number(data, "y"), flag(data, "positive")))


def undo(session: Session, data: Data) -> None:
    session.undo()


def redo(session: Session, data: Data) -> None:
    session.redo()


def clear(session: Session, data: Data) -> None:
    session.clear()


def cascade(session: Session, data: Data) -> None:
    steps = number(data, "steps")
    try:
        cfr = CascadeForward(
            int(steps) if steps == int(steps) else steps, flag(data, "adaptive"), flag(data, "every_click")
        )
    except ValueError as error:
        raise ActionError(str(error)) from error
    session.set_cascade(cfr)


SESSION_ACTIONS: dict[str, Callable[[Session, Data], None]] = {
    action.__name__: action for action in (click, undo, redo, clear, cascade)
}
"""Actions on the session alone, by the name that the browser uses."""


def number(data: Data, name: str) -> float:
    """A finite number of an action; raises ActionError for anything else."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ActionError(f"{name!r} must be a number, not {value!r:.40}.")
    return value


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
    return "".join(c for c in value if c.isprintable())[:longest]
