"""Messages reach the person in the person's language, by their templates."""

import ast
import logging
import re
import warnings
from pathlib import Path

import pytest

import cfr_icl
from cfr_icl.sentences import Refusal, Sentence, sentence_of
from cfr_icl.ui.messages import LANGUAGES, plain, tables, translated

PACKAGE = Path(cfr_icl.__file__).parent
FILES = (
    *("ui/**/*.py", "annotate/**/*.py", "learning/own_pictures.py", "learning/learn.py"),
    *("clicks.py", "cfr.py", "settings.py"),
)
FOR_PROGRAMS = {
    *("api.py", "batch", "masks.py", "remote.py", "writing.py"),
}
"""Files and folders whose messages are for whoever calls them, or are caught and said better."""


def text_of(node):
    """An English template, or None when the node is no text; an f-string keeps {} for what varies."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return plain(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def sentences(path):
    """All sentences in a module but its docstrings, and whatever is raised with a text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = text_of(node)
        if text and id(node) not in documentation | inner and re.fullmatch(r"[A-Z{].* .*\.", text):
            yield text
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            text = text_of(node.exc.args[0])
            if text and " " in text and getattr(node.exc.func, "id", "") not in ("RuntimeError", "TypeError"):
                yield text


@pytest.fixture(scope="module")
def raised():
    paths = {
        path
        for pattern in FILES
        for path in PACKAGE.glob(pattern)
        if not FOR_PROGRAMS & {path.name, path.parent.name}
    }
    return {text for path in paths for text in sentences(path)}


def test_what_varies_stands_in_every_translation():
    for language in LANGUAGES:
        for english, translation in tables("messages.json")[language].items():
            assert sorted(re.findall(r"{\w*}", translation)) == sorted(re.findall(r"{\w*}", english)), english


def test_missing_and_unused_translations_are_told(raised):
    """A contributor may write a message in English alone; whoever translates finds it here."""
    anywhere = {text for path in PACKAGE.rglob("*.py") for text in sentences(path)}
    catalogue = set(tables("messages.json")[LANGUAGES[0]])
    for text in sorted(raised - catalogue):
        warnings.warn(f"No translation in messages.json: {text}", stacklevel=1)
    for text in sorted(catalogue - anywhere):
        warnings.warn(f"No message for the translation in messages.json: {text}", stacklevel=1)
    assert len(catalogue & raised) > 50


def test_values_and_messages_in_messages_are_filled_in():
    inner = Refusal("The picture is damaged or cut off and could not be decoded.")
    assert translated(Sentence("{name}: {error}", name="a: {b}.png", error=inner), "de") == (
        "a: {b}.png: Das Bild ist beschädigt oder abgeschnitten und konnte nicht gelesen werden."
    )
    refusal = Refusal("There is no download {what!r}.", what="x" * 3)
    assert str(refusal) == "There is no download 'xxx'."
    assert translated(refusal.sentence, "es") == "No existe la descarga 'xxx'."
    assert translated(refusal.sentence, "fr") == str(refusal)


def test_a_message_without_a_translation_is_told_in_english(caplog):
    with caplog.at_level(logging.WARNING):
        for number in (7, 8):
            sentence = Sentence("An unknown sentence {number:.1f}.", number=number)
            assert translated(sentence, "zh") == f"An unknown sentence {number}.0."
    (record,) = caplog.records
    assert "An unknown sentence {number}." in record.getMessage()


def test_braces_in_a_message_without_values_are_text():
    assert (
        translated("Odd {name} {0} { text", "de")
        == "Odd {name} {0} { text"
        == Sentence("Odd {name} {0} { text")
    )


def test_an_error_of_the_operating_system_is_told_without_paths_of_the_server(tmp_path):
    with pytest.raises(OSError) as caught:
        (tmp_path / "none").read_bytes()
    assert sentence_of(caught.value) == "No such file or directory."
    assert sentence_of(Refusal("There is no object {id}.", id=7)).template == "There is no object {id}."
    assert sentence_of(OSError("image file is truncated")) == "image file is truncated"
