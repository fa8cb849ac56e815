"""Check values of JSON files that nobody has checked: each function returns the value or raises an error.

They raise TypeError for a value of another type and ValueError for one out of range.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cfr_icl.annotate.objects.document import label_name

MAX_FOREIGN = 4000
"""Longest JSON, in characters, of a foreign file's other values that is kept for an object or a picture."""


def foreign_values(value: Any) -> Mapping[str, Any] | None:
    """Values of foreign files that were kept, at most MAX_FOREIGN characters; None for None."""
    if value is None:
        return None
    plain = plain_json(typed(value, dict))
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


def label_text(value: Any) -> str:
    """The name of a label, cleaned by `label_name`; not empty."""
    name = label_name(typed(value, str))
    if not name:
        raise ValueError("label")
    return name


def number(value: Any) -> float:
    """An integer or a float that is not NaN."""
    if type(value) not in (int, float) or value != value:
        raise TypeError("no number")
    return value


def integer(value: Any, minimum: int, maximum: int) -> int:
    """An integer from `minimum` to `maximum`."""
    if not minimum <= typed(value, int) <= maximum:
        raise ValueError("number")
    return value


def typed(value: Any, kind: type) -> Any:
    """A value of exactly this type; True and False are no integers."""
    if type(value) is not kind:
        raise TypeError(f"no {kind.__name__}")
    return value


def one_of(value: Any, choices: Sequence[str]) -> str:
    """A text that is one of these."""
    if typed(value, str) not in choices:
        raise ValueError("choice")
    return value


def colour(value: Any) -> str:
    """A colour as "#rrggbb"."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", typed(value, str)):
        raise ValueError("colour")
    return value
