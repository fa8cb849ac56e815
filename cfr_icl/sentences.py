"""Messages for people: English sentences that keep their template, so that the page can translate them."""

from __future__ import annotations

from typing import Any


class Sentence(str):
    """An English message, filled in, together with its template and what was filled in.

    A string like any other: print it, join it, compare it. Braces in a template name what varies, with
    a format specification where needed: `Sentence("There is no object {id}.", id=7)`. Without values
    the template is the message, whatever braces it holds.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Sentence:
        sentence = super().__new__(cls, template.format(**values) if values else template)
        sentence.template = getattr(template, "template", str(template))
        sentence.values = values or getattr(template, "values", {})
        return sentence


class Refusal(ValueError):
    """Something that cannot be done; the message is one sentence for the person.

    Raise it like `Sentence`: `raise Refusal("There is no object {id}.", id=7)`.
    """

    def __init__(self, template: str, **values: Any) -> None:
        super().__init__(Sentence(template, **values))

    @property
    def sentence(self) -> Sentence:
        """The message with its template."""
        return self.args[0]
