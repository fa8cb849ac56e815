"""What all actions have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from cfr_icl.ui.protocol.fields import LARGEST, Received, Token


class Action(Received):
    """The base of all actions. `picture` is the token of the picture on the screen; None before the first."""

    direct: ClassVar[bool] = True
    """Whether it bypasses Gradio's events, which are needed for a browser's tab and for progress alone."""
    needs_picture: ClassVar[bool] = False
    """Whether the action is refused if `picture` is not the open picture."""
    by_itself: ClassVar[bool] = False
    """Whether the browser sends it by itself, so that nobody misses it where its picture has gone."""
    works: ClassVar[bool] = False
    """Whether it changes a picture, so that it is refused while somebody else works on that."""

    kind: str
    number: Annotated[int, Field(ge=0, le=LARGEST)]
    picture: Token | None = None
    seen: int | None = None
    """Number of the last reply that was shown when it was made; None for that of its parcel."""


class SessionAction(Action):
    """An action on the objects and settings of the picture that it names."""

    needs_picture: ClassVar[bool] = True
    works: ClassVar[bool] = True
