"""How the page's scripts reach the browser."""

import re
from pathlib import Path

from cfr_icl.ui.canvas import STYLES
from cfr_icl.ui.messages import STATIC
from cfr_icl.ui.scripts import modules, page_script

ROOT = Path(__file__).parents[2]


def test_modules_come_after_those_that_they_import():
    seen = set()
    for name, source in modules().items():
        assert set(re.findall(r"from '\./([\w.-]+)'", source)) <= seen, name
        seen.add(name)
    assert seen == {path.name for path in STATIC.glob("*.js")} - {"loader.js"}


def test_every_style_sheet_reaches_the_page():
    assert {f"{name}.css" for name in STYLES} == {path.name for path in (STATIC / "css").iterdir()}


def test_the_loader_holds_every_module_and_names_the_events_of_gradio():
    script = page_script()
    assert "SOURCES" not in script and "'act'" in script and "'switch'" in script
    assert all(f'"{name}": ' in script for name in modules())


def test_lines_are_as_short_as_those_of_python():
    long = [
        f"{path.name}: {line}"
        for path in (*STATIC.glob("*.js"), *STATIC.glob("css/*.css"), *(ROOT / "tests" / "js").glob("*.js"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if len(line) > 110
    ]
    assert long == []


def members(source):
    """The methods and fields of each class of a script, by the class's name."""
    member = r"^  (?:async |get )?(\w+)(?:\(| = )|this\.(\w+) = |Object\.assign\(this, \{([^}]*)\}"
    return {
        name: {
            word
            for match in re.findall(member, body, re.MULTILINE)
            for word in re.findall(r"\w+", " ".join(match))
        }
        for name, body in re.findall(r"^export class (\w+).*?\{\n(.*?)^\}", source, re.MULTILINE | re.DOTALL)
    }


def test_every_call_of_a_part_of_the_page_names_one_of_its_methods():
    sources = {path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")}
    classes = {name: names for source in sources.values() for name, names in members(source).items()}
    parts = dict(re.findall(r"^  app\.(\w+) = new (\w+)\(", sources["main.js"], re.MULTILINE))
    assert len(parts) > 20
    unknown = [
        f"{name}: app.{part}.{member}"
        for name, source in sources.items()
        for part, member in re.findall(r"\bapp\.(\w+)\.(\w+)", source)
        if part in parts and member not in classes[parts[part]]
    ]
    assert unknown == []
