"""Messages for users: English sentences that keep their template, so that the page can translate them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import PurePath
from typing import Any


class Sentence(str):
    """An English message with its template and the values that were filled in.

    It is an ordinary string of the complete message. The template is a format string with named values:
    `Sentence("There is no object {id}.", id=7)`. Without values the template is the message as it is,
    braces included.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Sentence:
        sentence = super().__new__(cls, template.format(**values) if values else template)
        sentence.template = getattr(template, "template", str(template))
        sentence.values = values or getattr(template, "values", {})
        return sentence


class Refusal(ValueError):
    """The base of errors that are shown to the user; the message is one sentence.

    Raise it like `Sentence`: `raise Refusal("There is no object {id}.", id=7)`.
    """

    def __init__(self, template: str, **values: Any) -> None:
        super().__init__(Sentence(template, **values))

    @property
    def sentence(self) -> Sentence:
        """The message with its template."""
        return self.args[0]


def sentence_of(error: Exception) -> Sentence:
    """The message of an error, with its template if it was raised with one.

    That of an error of the operating system is its reason alone, without paths of this machine.
    """
    if error.args and isinstance(error.args[0], Sentence):
        return error.args[0]
    reason = error.strerror if isinstance(error, OSError) else None
    return Sentence(f"{reason}." if reason else str(error))


def of_file(name: str, error: Refusal) -> Sentence:
    """The message of an error with the name of the file before it, unless the message was made with it."""
    sentence = error.sentence
    return sentence if _names(sentence, name) else Sentence("{name}: {error}", name=name, error=sentence)


@contextmanager
def named(file: str | PathLike[str]) -> Iterator[None]:
    """Raise the Refusal that is raised inside with the file in its message, as `of_file`."""
    try:
        yield
    except Refusal as error:
        raise type(error)(of_file(str(file), error)) from error


def _names(sentence: Sentence, name: str) -> bool:
    """Whether a file's name, or a path to it, is among the values of a message or of the messages in it."""
    for value in sentence.values.values():
        inner = value.sentence if isinstance(value, Refusal) else value
        if isinstance(inner, Sentence) and inner.values:
            if _names(inner, name):
                return True
        elif isinstance(inner, str) and (inner == name or PurePath(inner).name == name):
            return True
    return False


def short_reason(error: Exception) -> str:
    """The first line of a library's message, with the next one if that is announced, without a full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = " ".join(lines[:2] if lines and lines[0].endswith(":") else lines[:1])
    return (said or type(error).__name__)[:200].rstrip(".")
