"""The page's scripts: ES modules in static/, passed to gradio.HTML as a single text.

gradio.HTML runs `js_on_load` as the body of a function, which cannot import by relative names. Therefore
static/loader.js holds the sources of the modules and imports them through blob URLs; no files are served,
so this works behind any proxy. Tried with gradio 6.31; a component that accepts the URL of a module would
replace it.
"""

from __future__ import annotations

import json
import re
from graphlib import TopologicalSorter

from cfr_icl.ui.messages import STATIC

LOADER = "loader.js"

_IMPORT = re.compile(r"(?:\bfrom|\bimport) '\./([\w.-]+)';")


def modules() -> dict[str, str]:
    """Sources by file name, each after those that it imports.

    Raises:
        graphlib.CycleError: when modules import each other.
    """
    sources = {
        path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js") if path.name != LOADER
    }
    imported = {name: _IMPORT.findall(source) for name, source in sources.items()}
    return {name: sources[name] for name in TopologicalSorter(imported).static_order()}


def page_script() -> str:
    """The value of `js_on_load`: the loader with all modules in it."""
    loader = (STATIC / LOADER).read_text(encoding="utf-8")
    return loader.replace("SOURCES", json.dumps(modules(), ensure_ascii=False))
