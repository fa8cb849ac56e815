"""Picture files that tests make."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encoded(image: Image.Image, format: str = "PNG", **options) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, format=format, **options)
    buffer.seek(0)
    return buffer


def gradient(height: int = 20, width: int = 30) -> np.ndarray:
    """A picture uint8 (height, width, 3) of smooth colours."""
    rows, columns = np.mgrid[:height, :width]
    return np.dstack([rows * 8, columns * 8, rows + columns]).astype(np.uint8)


def png_header(width: int, height: int) -> io.BytesIO:
    """A PNG file of these sides without any pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
