"""Translate messages for the user.

Messages are English templates (`cfr_icl.sentences`). The catalogue, static/messages.json, holds their
translations by template; a message without a translation is shown in English.
"""

from __future__ import annotations

import json
import logging
import re
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from cfr_icl.sentences import Refusal, Sentence

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"

LANGUAGES = ("de", "es", "zh")
"""The page's languages besides English, in the order of the columns in words.json and messages.json."""


def tables(name: str) -> dict[str, dict[str, str]]:
    """The translations in a JSON file of static/, by language and English text."""
    rows = json.loads((STATIC / name).read_text(encoding="utf-8"))
    return {
        language: {english: row[column] for english, row in rows.items()}
        for column, language in enumerate(LANGUAGES)
    }


def translated(message: str, language: str) -> str:
    """Translate a message into one of LANGUAGES; unchanged for another language or without a translation."""
    catalogue = _catalogue().get(language)
    if catalogue is None:
        return str(message)
    sentence = message if isinstance(message, Sentence) else Sentence(message)
    translation = catalogue.get(plain(sentence.template))
    if translation is None:
        _warn(plain(sentence.template), language)
        return str(message)
    return translation.format(**_filled_in(sentence, language)) if sentence.values else translation


def plain(template: str) -> str:
    """A template without conversions and format specifications: its key in the catalogue."""
    return re.sub(r"{(\w+)[^{}]*}", r"{\1}", template)


def _filled_in(sentence: Sentence, language: str) -> dict[str, str]:
    """Each value of a message as the English text shows it; messages within messages are translated."""
    texts = {}
    for _, name, specification, conversion in Formatter().parse(sentence.template):
        if name is not None:
            field = f"{{0!{conversion}:{specification}}}" if conversion else f"{{0:{specification}}}"
            value = _message_in(sentence.values[name])
            texts[name] = (
                translated(value, language) if value is not None else field.format(sentence.values[name])
            )
    return texts


def _message_in(value: Any) -> Sentence | None:
    if isinstance(value, Refusal):
        return value.sentence
    return value if isinstance(value, Sentence) else None


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    return tables("messages.json")


@lru_cache(maxsize=500)
def _warn(template: str, language: str) -> None:
    log.warning("No translation into %s: %s", language, template)
