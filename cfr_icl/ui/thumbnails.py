"""Small pictures for the list of a folder, made when the list shows them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.data_url import data_url
from cfr_icl.pictures.decoding import PictureError, thumbnail

SIDE = 96
"""Longest side in pixels."""

MOST = 24
"""Pictures of one request at most."""


def small_pictures(folder: Folder | None, names: Any) -> dict[str, str]:
    """Data URLs of small pictures by name; "" for pictures that cannot be read.

    Args:
        names: what a browser asks for, untrusted.
    """
    if folder is None or not isinstance(names, list):
        return {}
    in_folder = [name for name in names[:MOST] if isinstance(name, str) and name in folder.pictures.states]
    return {name: _small_picture(folder.files.path(name), folder.files.stamp(name)) for name in in_folder}


@lru_cache(maxsize=4000)
def _small_picture(path: Path, stamp: Any) -> str:
    """A data URL; kept by path, not by folder, which a page may give back."""
    try:
        return data_url(thumbnail(path, SIDE), quality=70)
    except (PictureError, OSError):
        return ""
