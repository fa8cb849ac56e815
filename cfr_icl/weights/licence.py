"""The licence of weights, from the card beside them."""

from __future__ import annotations

from pathlib import Path

import yaml
from huggingface_hub import ModelCard

from cfr_icl.weights import hub
from cfr_icl.weights.loading import EMBEDDED
from cfr_icl.weights.names import CARD_NAME

LONGEST = 60
"""Maximum length of a licence's name in characters; the rest is cut off."""


def read_licence(source: str) -> str | None:
    """Read the name of the licence from the model card; None without a card or a licence in it.

    The card of a repository on the Hub is downloaded once, and read from the cache afterwards.

    Args:
        source: a source of `load_model`.
    """
    try:
        if source.startswith(hub.SCHEME):
            file = hub.download_optional(source, CARD_NAME)
        else:
            path = EMBEDDED if source == "embedded" else Path(source).expanduser()
            file = (path if path.is_dir() else path.parent) / CARD_NAME
        text = file.read_text(encoding="utf-8", errors="replace") if file else ""
        entries = ModelCard(text, ignore_metadata_errors=True).data.to_dict()
    except (OSError, ValueError, yaml.YAMLError):  # no card, no connection, or front matter that is no YAML
        return None
    licence = entries.get("license")
    licence = entries.get("license_name") or licence if licence == "other" else licence
    text = licence if isinstance(licence, str) else ""
    return "".join(c for c in text if c.isprintable())[:LONGEST] or None
