"""Read what a browser sends (untrusted): its actions, and what it shows already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.sentences import Sentence
from cfr_icl.ui.protocol import page_actions, session_actions  # noqa: F401  defines the subclasses of Action
from cfr_icl.ui.protocol.action import Action
from cfr_icl.ui.protocol.fields import LARGEST, MUST_BE_NUMBER, PersonName, Received, Token


def _subclasses(base: type[Action]) -> Iterator[type[Action]]:
    for action in base.__subclasses__():
        yield action
        yield from _subclasses(action)


ACTIONS: dict[str, type[Action]] = {
    kind: action
    for action in _subclasses(Action)
    for kind in get_args(action.model_fields["kind"].annotation)
}
"""All actions by their kind."""

DIRECT = tuple(kind for kind, action in ACTIONS.items() if action.direct)
"""Kinds of the actions that bypass Gradio's events."""


class Known(Received):
    """The state that the browser already has; replies leave it out."""

    page: Token | None = None
    """Token of the page; None for a page that was just loaded in the browser."""
    resume: Token | None = None
    """Token of the page that this tab showed before it was reloaded."""
    picture: Token | None = None
    reply: int | None = None
    """Number of the last reply that was shown."""
    language: str = "en"
    who: PersonName = ""
    """Name of the person, as they call themselves."""
    tab: Token = ""
    """Names the browser's tab, also after the server was started anew."""


def read_known(data: Any) -> Known:
    """Read the state that a browser reports (untrusted); empty if it is not valid."""
    known = data.get("known") if isinstance(data, Mapping) else None
    try:
        return Known.model_validate(known)
    except ValidationError:
        return Known()


def read_number(data: Any) -> int:
    """The number of an action; raises ActionError when it has none."""
    number = data.get("number") if isinstance(data, Mapping) else None
    if type(number) is not int or not 0 <= number <= LARGEST:
        raise ActionError("An action must be an object with a number and a kind.")
    return number


def read_action(data: Mapping[str, Any]) -> Action:
    """Parse one action; raises ActionError for the first invalid field."""
    kind = data.get("kind")
    if not isinstance(kind, str):
        raise ActionError("{name!r} must be text, not {value!r:.40}.", name="kind", value=kind)
    if kind not in ACTIONS:
        raise ActionError("There is no action {kind!r:.40}.", kind=kind)
    try:
        return ACTIONS[kind].model_validate(data)
    except ValidationError as error:
        raise ActionError(_sentence(error, kind)) from None


_SENTENCES = {
    "float_type": MUST_BE_NUMBER,
    "finite_number": MUST_BE_NUMBER,
    "int_type": "{name!r} must be a whole number, not {value!r:.40}.",
    "int_from_float": "{name!r} must be a whole number, not {value!r:.40}.",
    "bool_type": "{name!r} must be true or false, not {value!r:.40}.",
    "string_type": "{name!r} must be text, not {value!r:.40}.",
    "greater_than_equal": "{name!r} is too large.",
    "less_than_equal": "{name!r} is too large.",
    "missing": "The action {kind} needs {name!r}.",
}


def _sentence(error: ValidationError, kind: str) -> Sentence:
    """A message of this package for Pydantic's first error."""
    first = min(error.errors(include_url=False), key=lambda detail: detail["type"] == "int_type")
    if first["type"] == "value_error":
        return first["ctx"]["error"].sentence
    template = _SENTENCES.get(first["type"], "{name!r} of the action {kind} cannot be used.")
    named = {"name": str(first["loc"][0]), "value": first["input"], "kind": kind}
    return Sentence(template, **{name: value for name, value in named.items() if f"{{{name}" in template})
