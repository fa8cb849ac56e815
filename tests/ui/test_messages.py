"""Messages reach the person in the person's language, and the catalogue holds just those that there are."""

import ast
import re
from pathlib import Path

import pytest

import cfr_icl
from cfr_icl.ui.messages import LANGUAGES, tables, translated

PACKAGE = Path(cfr_icl.__file__).parent
FILES = ("ui/*.py", "annotate/**/*.py", "clicks.py", "cfr.py", "settings.py")
FOR_PROGRAMS = {"api.py", "batch.py", "masks.py", "remote.py", "rle.py"}
"""Their messages are for whoever calls them, or are caught and said better."""


def template(node):
    """An English text with {} for what varies, or None when it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def messages(path):
    """All sentences in a module but its docstrings, and whatever is raised with a text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = template(node)
        if text and id(node) not in documentation | inner and re.fullmatch(r"[A-Z{].* .*\.", text):
            yield text
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            text = template(node.exc.args[0])
            if text and " " in text and getattr(node.exc.func, "id", "") not in ("RuntimeError", "TypeError"):
                yield text


@pytest.fixture(scope="module")
def said():
    paths = {path for pattern in FILES for path in PACKAGE.glob(pattern) if path.name not in FOR_PROGRAMS}
    return {text for path in paths for text in messages(path)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_every_translation_is_used(said, language):
    table = tables("messages.json")[language]
    assert set(table) == said
    for english, translation in table.items():
        assert sorted(re.findall(r"{\d?}", translation)) in (
            ["{}"] * english.count("{}"),
            [f"{{{i}}}" for i in range(english.count("{}"))],
        ), translation


def test_what_varies_and_messages_in_messages_are_carried_over():
    inner = "The picture is damaged or cut off and could not be decoded."
    assert translated(f"a: b.png: {inner}", "de") == (
        "a: b.png: Das Bild ist beschädigt oder abgeschnitten und konnte nicht gelesen werden."
    )
    assert translated("There is no object 7.", "es") == "No hay ningún objeto 7."
    assert translated("There is no object 7.", "fr") == "There is no object 7."
    assert translated("An unknown sentence.", "zh") == "An unknown sentence."
