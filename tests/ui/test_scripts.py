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


def test_no_module_replaces_what_another_one_gives_the_page():
    given = [
        (name, path.name)
        for path in STATIC.glob("*.js")
        for name in set(re.findall(r"^  app\.(\w+) = ", path.read_text(encoding="utf-8"), re.MULTILINE))
    ]
    names = [name for name, _ in given]
    assert [each for each in given if names.count(each[0]) > 1] == []
