"""Fields of settings with help text and range; checks, command-line flags and the page are made from them."""

from __future__ import annotations

from dataclasses import Field, field, fields
from typing import Any

from cfr_icl.sentences import Refusal


def setting(
    kind: type,
    default: Any,
    help: str,
    *,
    published: Any,
    least: float | None = None,
    most: float | None = None,
    coordinates_only: bool = False,
) -> Any:
    """A dataclass field with its arguments as metadata.

    Args:
        kind: bool, int or float. A field whose default is None may also be None.
        help: one line without a period, for command lines and the page.
        published: the value in the published method.
        least, most: the range of a number, both inclusive.
        coordinates_only: whether the setting affects only models that take clicks as coordinates.
    """
    metadata = {"kind": kind, "help": help, "published": published, "least": least, "most": most}
    metadata["coordinates_only"] = coordinates_only
    return field(default=default, metadata=metadata)


def check_settings(instance: Any) -> None:
    """Raise ValueError for a field made by `setting` whose value is of another kind or out of range."""
    for entry in fields(instance):
        if "kind" in entry.metadata:
            _check(entry, getattr(instance, entry.name))


def published_values(cls: Any) -> dict[str, Any]:
    """The published value of each field made by `setting`."""
    return {entry.name: entry.metadata["published"] for entry in fields(cls) if "published" in entry.metadata}


def _check(entry: Field, value: Any) -> None:
    name, kind, least, most = entry.name, *(entry.metadata[key] for key in ("kind", "least", "most"))
    if value is None and entry.default is None:
        return
    is_number = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    if kind is bool:
        if not isinstance(value, bool):
            raise Refusal(
                "The setting {name!r} must be true or false, not {value!r:.40}.", name=name, value=value
            )
    elif not is_number or not least <= value <= most:
        values = {"name": name, "least": least, "most": most, "value": value}
        if kind is int:
            raise Refusal(
                "The setting {name!r} must be a whole number from {least} to {most}, not {value!r:.40}.",
                **values,
            )
        raise Refusal(
            "The setting {name!r} must be a number from {least} to {most}, not {value!r:.40}.", **values
        )
