"""Pictures as data URLs, for HTML pages and JSON replies."""

from __future__ import annotations

import base64
import io

from PIL import Image


def data_url(picture: Image.Image, format: str = "JPEG", quality: int = 80) -> str:
    """Encode a picture as a data URL.

    Args:
        format: "JPEG" or "PNG".
        quality: of JPEG, 1 to 95.
    """
    buffer = io.BytesIO()
    picture.save(buffer, format=format, quality=quality)
    return f"data:image/{format.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
