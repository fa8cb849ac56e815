"""Small pictures for the list of a folder, made when the list shows them."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from typing import Any

from cfr_icl.annotate.folder import Folder
from cfr_icl.annotate.pictures import PictureError

SIDE = 96
"""Longest side in pixels."""

MOST = 24
"""Pictures of one request at most."""


def small_pictures(folder: Folder | None, names: Any) -> dict[str, str]:
    """Data URLs of small pictures by name; "" for what cannot be read.

    Args:
        names: what a browser asks for, untrusted.
    """
    if folder is None or not isinstance(names, list):
        return {}
    known = [name for name in names[:MOST] if isinstance(name, str) and name in folder.states]
    return {name: _data_url(folder, name, folder.stamp(name)) for name in known}


@lru_cache(maxsize=4000)
def _data_url(folder: Folder, name: str, stamp: Any) -> str:
    try:
        small = folder.thumbnail(name, SIDE)
    except (PictureError, OSError):
        return ""
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=70)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
