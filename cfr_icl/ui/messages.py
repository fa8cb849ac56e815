"""What the page tells a person, in the person's language: whole sentences, the English ones are the keys.

The sentences are written where they are raised, in English; `{}` in static/messages.json stands
for what varies in them, such as a name, a number, or another message.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"

LANGUAGES = ("de", "es", "zh")
"""What the page speaks beside English, in the order of the columns in words.json and messages.json."""


def tables(name: str) -> dict[str, dict[str, str]]:
    """The translations in a JSON file of static/, by language and English text."""
    rows = json.loads((STATIC / name).read_text(encoding="utf-8"))
    return {
        language: {english: row[column] for english, row in rows.items()}
        for column, language in enumerate(LANGUAGES)
    }


def translated(message: str, language: str) -> str:
    """An English message in one of LANGUAGES; as it is in another language or when it is unknown."""
    for pattern, translation in _patterns().get(language, ()):
        match = pattern.fullmatch(message)
        if match:
            return translation.format(*(translated(value, language) for value in match.groups()))
    return message


@cache
def _patterns() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    def pattern(english: str) -> re.Pattern[str]:
        return re.compile("(.*?)".join(map(re.escape, english.split("{}"))), re.DOTALL)

    def exact_first(english: str) -> int:
        return -len(english.replace("{}", ""))

    return {
        language: [(pattern(english), table[english]) for english in sorted(table, key=exact_first)]
        for language, table in tables("messages.json").items()
    }
