"""The licence of weights, as the card beside them tells it."""

from __future__ import annotations

import re
from pathlib import Path

from cfr_icl.weights import hub
from cfr_icl.weights.loading import EMBEDDED

CARD = "README.md"
LONGEST = 60
"""Characters of a licence's name that are told."""


def read_licence(source: str) -> str | None:
    """The name of the licence in the card of a model's source, as `load_model` takes it; None without a card.

    The card of a repository on the Hub is downloaded once, and read from the cache afterwards.
    """
    try:
        if source.startswith(hub.SCHEME):
            card = hub.download_optional(source, CARD)
        else:
            path = EMBEDDED if source == "embedded" else Path(source).expanduser()
            card = (path if path.is_dir() else path.parent) / CARD
        text = card.read_text(encoding="utf-8", errors="replace") if card else ""
    except OSError:  # there is none, or no connection
        return None
    front = re.match(r"---\r?\n(.*?)\r?\n---", text, re.DOTALL)
    entries = dict(re.findall(r"^(license\w*):[ \t]*(\S.*?)\s*$", front[1], re.MULTILINE)) if front else {}
    name = entries.get("license_name") if entries.get("license") == "other" else None
    licence = (name or entries.get("license", "")).strip("\"' ")
    return "".join(c for c in licence if c.isprintable())[:LONGEST] or None
