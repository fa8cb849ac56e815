"""Every word of the page is in each language, and no translation is left without its word."""

import json
import re
from html.parser import HTMLParser

import pytest

from cfr_icl.ui.canvas import cfr_fields, export_formats
from cfr_icl.ui.messages import LANGUAGES, STATIC

SCRIPTS = "\n".join(path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js")))
NAMES = {"1:1", "100 %", "✕", "−", "…", ",", "CFR", "ICL", "·", "4", "Alt", "Tab"}
"""What is the same in every language."""


class Words(HTMLParser):
    """Texts and spoken names in the markup, but for names that people give and keys of one character."""

    def __init__(self):
        super().__init__()
        self.found = set()
        self.open = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if not any(own for _, own in self.open):
            self.found |= {
                attributes[name] for name in ("title", "aria-label", "placeholder") if name in attributes
            }
        if tag not in ("input", "use", "path", "circle"):
            own = attributes.get("translate") == "no" or attributes.get("class") == "brand"
            self.open.append((tag, own))

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        text = " ".join(data.split())
        key_alone = self.open and self.open[-1][0] == "kbd" and not re.fullmatch("[A-Za-z]{2,}", text)
        if text and not key_alone and not any(own for _, own in self.open):
            self.found.add(text)


@pytest.fixture(scope="module")
def translations():
    return json.loads((STATIC / "words.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def needed():
    words = Words()
    words.feed((STATIC / "page.html").read_text(encoding="utf-8"))
    counted = set(re.findall(r"count\([^()]+?, '(\w+)'\)", SCRIPTS))
    called = set(re.findall(r"\bt\(\s*'([^']+)',?\s*\)", SCRIPTS))
    singular = {f"1 {noun}" for noun in counted}
    plural = {f"{{n}} {noun}{'es' if noun.endswith('s') else 's'}" for noun in counted}
    return words.found | called | singular | plural


def derived():
    """English texts that the page makes of settings and formats, as in cascade.js and exporting.js."""
    labels = {field["name"].replace("_", " ").capitalize() for field in cfr_fields()}
    helps = {field["help"][0].upper() + field["help"][1:] for field in cfr_fields()}
    return labels | helps | {format["title"] for format in export_formats()}


def test_every_word_has_its_translations(translations, needed):
    assert needed - NAMES - set(translations) == set()
    assert all(len(row) == len(LANGUAGES) and all(row) for row in translations.values())


def test_no_translation_is_left_without_its_word(translations, needed):
    left = set(translations) - needed - derived()
    assert {word for word in left if f"'{word}'" not in SCRIPTS} == set()


def test_what_varies_stands_in_every_translation(translations):
    for english, row in translations.items():
        for translation in row:
            assert set(re.findall(r"{\w+}", translation)) == set(re.findall(r"{\w+}", english)), translation
