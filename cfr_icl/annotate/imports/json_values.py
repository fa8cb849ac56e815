"""Values in JSON files of other tools: sizes to check, and entries to keep for an export."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from cfr_icl.annotate.imports.loaded import MaskFileError
from cfr_icl.annotate.objects.checks import MAX_FOREIGN, plain_json


def foreign_entries(entry: Mapping[str, Any], read_keys: Sequence[str]) -> dict[str, Any] | None:
    """The values of an entry that an export in the same format writes again; None without any.

    The longest are left out while all together exceed MAX_FOREIGN characters of JSON.

    Args:
        read_keys: keys whose values this package reads, and writes itself.
    """
    rest = {}
    for key, value in entry.items():
        if key not in read_keys and value is not None:
            with suppress(ValueError):
                rest[plain_json(str(key))] = plain_json(value)
    while rest and len(json.dumps(rest)) > MAX_FOREIGN:
        del rest[max(rest, key=lambda key: len(json.dumps(rest[key])))]
    return rest or None


def check_size(height: Any, width: Any, size: tuple[int, int], tool: str) -> None:
    """Raise MaskFileError if a file states another size of its picture than `size` = (height, width).

    Args:
        height, width: of the file (untrusted); None where it does not state them.
        tool: the file's maker or format, for the message.
    """
    for stated, side in ((height, size[0]), (width, size[1])):
        if stated is not None and whole_number(stated) != side:
            raise MaskFileError(
                "In the {tool} file the picture is {width!s:.10} x {height!s:.10} pixels, here "
                "{picture_width} x {picture_height}; they must be equal.",
                tool=tool,
                width=width,
                height=height,
                picture_width=size[1],
                picture_height=size[0],
            )


def whole_number(value: Any) -> int | None:
    """A whole number, also as text; None for anything else."""
    try:
        if isinstance(value, bool) or float(value) != int(float(value)):
            return None
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
