"""Types of the fields of actions, with their checks.

A check that a type cannot express raises ActionError with one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from cfr_icl.annotate.objects.attributes import attributes_from_json
from cfr_icl.annotate.objects.document import MAX_ID, MAX_LABEL_LENGTH, MAX_LABELS, ActionError, Attribute
from cfr_icl.annotate.saved.visits import MAX_TEXT

MAX_BRUSH = 4000
"""Widest brush, in pixels of the picture."""

MAX_POINTS = 20_000
"""Most points of a brush stroke, a lasso or a piece of an outline."""

MAX_DETAIL = 20.0
"""Largest tolerance of polygons: their distance from the mask in pixels."""

LARGEST = 2**31
"""Largest absolute value of a number."""

FAR_OUTSIDE = 100_000
"""No point of a stroke has a coordinate of this size or more."""

MUST_BE_NUMBER = "{name!r} must be a number, not {value!r:.40}."


def _within(least: float, most: float, template: str, /, **values: Any):
    """A validator that refuses numbers outside a range, with a sentence that may name the `value`."""

    def check(value: Any) -> Any:
        if type(value) in (int, float) and not least <= value <= most:
            raise ActionError(template, value=value, **values)
        return value

    return BeforeValidator(check)


def _number(value: Any, info: ValidationInfo) -> Any:
    if type(value) not in (int, float) or value != value:
        raise ActionError(MUST_BE_NUMBER, name=info.field_name, value=value)
    if abs(value) > LARGEST:
        raise ActionError("{name!r} is too large.", name=info.field_name)
    return value


def _cleaned(longest: int):
    def clean(value: str) -> str:
        shown = (
            c for c in value[: 10 * longest] if c >= " " and c != "\x7f" and not "\ud800" <= c <= "\udfff"
        )
        return "".join(shown)[:longest]

    return AfterValidator(clean)


def _colour(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ActionError("A colour is written #rrggbb, not {value!r:.40}.", value=value)
    return value.lower() if isinstance(value, str) else value


def _label_name(value: str) -> str:
    name = "".join(c for c in value if c.isprintable()).strip()
    if len(name) > MAX_LABEL_LENGTH:
        raise ActionError("A label has at most {most} characters.", most=MAX_LABEL_LENGTH)
    return name


def _points(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_POINTS:
        raise ActionError("A stroke has 1 to {most} points.", most=MAX_POINTS)
    for point in value:
        if not isinstance(point, list) or len(point) != 2:
            raise ActionError("A point of a stroke is [x, y].")
        if not all(type(side) in (int, float) and abs(side) < FAR_OUTSIDE for side in point):
            raise ActionError("A point of a stroke lies far outside the picture.")
    return value


def _labels(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LABELS:
        raise ActionError("A list of labels has 1 to {most} entries.", most=MAX_LABELS)
    if not all(isinstance(entry, str | Mapping) for entry in value):
        raise ActionError("Each label is a name, or a name with a colour.")
    return [{"name": entry} if isinstance(entry, str) else entry for entry in value]


def _attributes(value: Any) -> Any:
    try:
        return attributes_from_json(value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ActionError("The attributes of the list cannot be read.") from error


def _attribute_value(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str) or value != value:
        raise ActionError("The value of an attribute is yes or no, a number or a text.")
    if isinstance(value, str):
        return "".join(c for c in value if c.isprintable())
    if abs(value) > LARGEST:
        raise ActionError("{name!r} is too large.", name="value")
    return value


Flag = bool
Number = Annotated[int | float, BeforeValidator(_number)]
Whole = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Id = Whole
Ids = Annotated[list[Id], Field(min_length=1, max_length=MAX_ID)]
Fraction = Annotated[
    float, _within(1e-9, 1 - 1e-9, "{name!r} must lie between 0 and 1, not {value!r:.40}.", name="threshold")
]
Text = Annotated[str, _cleaned(200)]
Name = Annotated[str, _cleaned(1000)]
"""A file's name, without control characters."""
PersonName = Annotated[str, _cleaned(60)]
Note = Annotated[str, _cleaned(MAX_TEXT)]
Path = Annotated[str, _cleaned(4096)]
"""Path of an uploaded file on the server, as returned by the upload."""
ModelName = Annotated[str, _cleaned(4096)]
"""A name in the menu, which may be a path."""
Token = Annotated[str, _cleaned(200)]
Colour = Annotated[str, BeforeValidator(_colour)]
LabelName = Annotated[str, AfterValidator(_label_name)]
Detail = Annotated[
    float,
    _within(
        0,
        MAX_DETAIL,
        "The detail of polygons goes from 0 to {most:g} pixels, not {value!r:.40}.",
        most=MAX_DETAIL,
    ),
]
Diameter = Annotated[
    int, _within(1, MAX_BRUSH, "The brush is 1 to {most} pixels wide, not {value!r:.40}.", most=MAX_BRUSH)
]
Points = Annotated[list[list[int | float]], BeforeValidator(_points)]
"""A line along points [[x, y], ...]."""


class Received(BaseModel):
    """The base of all that a browser sends: no type is converted, and unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class LabelEntry(Received):
    """An entry of a list of labels."""

    name: LabelName
    colour: Colour | None = None


Attributes = Annotated[tuple[Attribute, ...], BeforeValidator(_attributes)]
AttributeValue = Annotated[bool | float | str, BeforeValidator(_attribute_value)]
LabelList = Annotated[list[LabelEntry], BeforeValidator(_labels)]
"""Names, or names with colours."""
