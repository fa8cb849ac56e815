"""Ask what a click would give: a question beside the actions, which changes nothing."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from cfr_icl.ui.protocol.fields import Flag, Number, Received, Token


class PreviewQuestion(Received):
    """A place on the picture where the pointer rests."""

    page: Token
    picture: Token
    x: Number
    y: Number
    positive: Flag
    may_overlap: Flag = False
    """As of a click."""


def read_preview(data: Any) -> PreviewQuestion | None:
    """Read such a question (untrusted); None if it is not valid."""
    try:
        return PreviewQuestion.model_validate(data)
    except ValidationError:
        return None
