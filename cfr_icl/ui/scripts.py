"""The page's scripts: ES modules in static/, handed to gradio.HTML as the one text that it takes.

gradio.HTML runs `js_on_load` as the body of a function, which cannot import by relative names. So
static/loader.js holds the sources of the modules and imports them through addresses that it makes itself;
nothing is served for them, whatever lies between browser and server. Tried with gradio 6.31; a component
that takes the address of a module would replace it.
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
    """What `js_on_load` is to be: the loader with all modules in it."""
    loader = (STATIC / LOADER).read_text(encoding="utf-8")
    return loader.replace("SOURCES", json.dumps(modules(), ensure_ascii=False))
