"""The canvas component: one gradio.HTML with markup, style and scripts of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import gradio as gr

from cfr_icl.annotate.exports import FORMATS
from cfr_icl.annotate.folder.own_folder import MOST_BYTES, MOST_PICTURES
from cfr_icl.annotate.saved.session_files import SESSION_SUFFIX
from cfr_icl.cfr import CascadeForward
from cfr_icl.data_url import data_url
from cfr_icl.pictures.decoding import thumbnail
from cfr_icl.pictures.image_files import picture_suffixes
from cfr_icl.ui.messages import LANGUAGES, STATIC, tables
from cfr_icl.ui.scripts import page_script

STYLES = ("base", "bar", "stage", "folder", "panel", "objects", "inside", "dialogs", "screens")
"""The style sheets in `static/css` in their order; rules for small screens come last."""


def translations() -> gr.I18n:
    """Each language code as its own translation: Gradio chooses one by the user's language."""
    names = ("en", *LANGUAGES)
    return gr.I18n(**{name: {"language": name} for name in names}, **{"zh-CN": {"language": "zh"}})


def canvas(
    examples: Sequence[Path],
    models: Sequence[str],
    functions: Sequence[Callable[..., Any]],
    direct: Sequence[str],
    *,
    previews: bool = True,
    height: str | None = None,
    tells_changes: bool = False,
) -> gr.HTML:
    """The whole page as one component.

    The browser calls `functions` by their names, `apply` with `{"actions": [...], "known": {...}}`, and is
    replied `{"applied": number, ...}`. So are actions whose names are not in `direct`, but by the event
    "act", which makes the component's value the reply; with a change of the model among them by "switch".
    """
    return gr.HTML(
        html_template=_read("page.html"),
        js_on_load=page_script(),
        head=f"<style>{page_style()}</style>",
        apply_default_css=False,
        elem_id="cfr-canvas",
        label=translations()("language"),
        translations=tables("words.json"),
        server_functions=list(functions),
        direct=list(direct),
        previews=previews,
        height=height,
        tells_changes=tells_changes,
        models=list(models),
        cfr_fields=cfr_fields(),
        export_formats=export_formats(),
        own_folder={
            "endings": list(picture_suffixes()),
            "work": SESSION_SUFFIX,
            "pictures": MOST_PICTURES,
            "bytes": MOST_BYTES,
        },
        examples=[
            {"name": path.stem, "credit": _credit(path), "thumbnail": data_url(thumbnail(path))}
            for path in examples
        ],
    )


def page_style() -> str:
    """The style sheets in one."""
    return "".join(_read(f"css/{name}.css") for name in STYLES)


def cfr_fields() -> list[dict[str, Any]]:
    """The settings of CFR for the page, which makes a switch of each; see static/cascade.js."""
    return [
        {
            **{
                name: entry.metadata[name]
                for name in ("help", "least", "most", "published", "coordinates_only")
            },
            "name": entry.name,
            "kind": entry.metadata["kind"].__name__,
            "optional": entry.default is None,
            "value": entry.default,
        }
        for entry in fields(CascadeForward)
    ]


def export_formats() -> list[dict[str, Any]]:
    """The export formats for the page, which makes its menu of them; see static/exporting.js."""
    return [{"name": each.name, "title": each.title, "polygons": each.polygons} for each in FORMATS.values()]


def _credit(example: Path) -> str:
    """Subject and terms of an example, from LICENSES.md beside it."""
    try:
        rows = (example.parent / "LICENSES.md").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    cells = next((row.split("|")[2:4] for row in rows if row.startswith(f"| {example.name} |")), [])
    return " · ".join(cell.strip() for cell in cells)


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
