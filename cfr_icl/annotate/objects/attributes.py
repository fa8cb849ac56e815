"""Attributes of objects and pictures: their definitions, and values, which COCO files hold too.

Values are in `foreign` of objects and documents, where those of a loaded COCO file are: in its entry
"attributes", but for "crowd", which is COCO's `iscrowd`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from cfr_icl.annotate.objects.checks import MAX_FOREIGN, label_text, typed
from cfr_icl.annotate.objects.document import ActionError, Attribute, Document
from cfr_icl.annotate.objects.selection import chosen

Value = bool | float | str
KINDS = ("yes_no", "choice", "number", "text")

MAX_ATTRIBUTES, MAX_CHOICES, MAX_TEXT = 50, 100, 500
"""The most definitions of a list, choices of one, and characters of a text."""

USUAL = (Attribute("occluded"), Attribute("truncated"), Attribute("crowd"))
"""Attributes of objects that need no definition."""

CROWD = "crowd"


def attribute_values(foreign: Mapping[str, Any] | None) -> dict[str, Value]:
    """The attributes in the `foreign` of an object or a document, by name.

    Values of loaded files that are no text, number or flag are left out.
    """
    stored = _stored(foreign).items()
    values = {name: value for name, value in stored if isinstance(value, bool | int | float | str)}
    crowd = (foreign or {}).get("iscrowd")
    return values if crowd is None else {**values, CROWD: bool(crowd)}


def with_value(
    document: Document, name: str, value: Value | None, ids: Collection[int] | None = None
) -> Document:
    """Set an attribute of objects, or of the picture without `ids`; None removes it.

    Raises:
        ActionError: for a value that the definition does not allow, a locked or unknown object, or attributes
            that are too long together.
    """
    if value is not None:
        _check(_definition(document, name, ids is None), value)
    if ids is None:
        return replace(document, foreign=_changed(document.foreign, name, value))
    for instance in chosen(document, ids):
        foreign = _changed(instance.foreign, name, value)
        document = document.with_instance(replace(instance, foreign=foreign))
    return document


def joined(*lists: Iterable[Attribute]) -> tuple[Attribute, ...]:
    """Join lists of definitions; one that is in several is that of the last."""
    definitions = {
        (definition.name, definition.of_picture): definition
        for attributes in lists
        for definition in attributes
    }
    return tuple(definitions.values())[:MAX_ATTRIBUTES]


def attributes_from_json(entries: Any) -> tuple[Attribute, ...]:
    """Read a list of definitions (untrusted); raises ValueError, TypeError or KeyError."""
    if len(typed(entries, list)) > MAX_ATTRIBUTES:
        raise ValueError("attributes")
    return joined(_from_json(entry) for entry in entries)


def attributes_to_json(attributes: Iterable[Attribute]) -> list[dict[str, Any]]:
    """A list of definitions for a file and for the page."""
    return [
        {
            "name": each.name,
            "kind": each.kind,
            **({"choices": list(each.choices)} if each.choices else {}),
            **({"of": "picture"} if each.of_picture else {}),
        }
        for each in attributes
    ]


def _from_json(entry: Any) -> Attribute:
    if isinstance(entry, str):
        return Attribute(label_text(entry))
    kind, owner = entry.get("kind", "yes_no"), entry.get("of", "object")
    choices = tuple(dict.fromkeys(label_text(choice) for choice in entry.get("choices", [])))
    fits = (2 <= len(choices) <= MAX_CHOICES) if kind == "choice" else not choices
    if kind not in KINDS or owner not in ("object", "picture") or not fits:
        raise ValueError("attribute")
    return Attribute(label_text(entry["name"]), kind, choices, owner == "picture")


def _definition(document: Document, name: str, of_picture: bool) -> Attribute | None:
    usual = () if of_picture else USUAL
    listed = [each for each in joined(usual, document.attributes) if each.of_picture == of_picture]
    return next((each for each in listed if each.name == name), None)


def _check(attribute: Attribute | None, value: Value) -> None:
    """Raise ActionError for a value that an attribute cannot have; without definition any is allowed."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ActionError("A text has at most {most} characters.", most=MAX_TEXT)
    if attribute is None:
        return
    kind = "yes_no" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    fits = kind == ("text" if attribute.kind == "choice" else attribute.kind)
    if not fits or (attribute.choices and value not in attribute.choices):
        raise ActionError("{name!r} cannot be {value!r:.40}.", name=attribute.name, value=value)


def _stored(foreign: Mapping[str, Any] | None) -> Mapping[str, Any]:
    stored = (foreign or {}).get("attributes")
    return stored if isinstance(stored, Mapping) else {}


def _changed(foreign: Mapping[str, Any] | None, name: str, value: Value | None) -> Mapping[str, Any] | None:
    """`foreign` with another value of an attribute; None removes it."""
    changed = dict(foreign or {})
    if name == CROWD:
        changed["iscrowd"] = None if value is None else int(bool(value))
    else:
        values = {**_stored(foreign), name: value}
        changed["attributes"] = {key: each for key, each in values.items() if each is not None} or None
    changed = {key: each for key, each in changed.items() if each is not None}
    if len(json.dumps(changed)) > MAX_FOREIGN:
        raise ActionError("The attributes are longer than {most} characters.", most=MAX_FOREIGN)
    return changed or None
