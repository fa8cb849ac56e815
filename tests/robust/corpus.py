"""Small valid pictures of every format and kind, to be damaged or listed."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

SIZE = (40, 30)
"""Width and height of every picture."""


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.copy().save(buffer, format=format, **options)  # savers leave settings on the picture
    return buffer.getvalue()


def pictures() -> dict[str, bytes]:
    """Contents by a name that tells format and kind."""
    width, height = SIZE
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).integers(0, 40, (height, width, 3))
    rgb = Image.fromarray(
        (np.dstack([rows * 7, columns * 5, rows + columns]) + noise).clip(0, 255).astype("u1")
    )
    grey, palette, one_bit = rgb.convert("L"), rgb.quantize(16), rgb.convert("1")
    rgba = rgb.copy()
    rgba.putalpha(grey)
    grey_alpha = rgba.convert("LA")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    floats = Image.fromarray(np.asarray(grey).astype(np.float32) / 255)
    cmyk = rgb.convert("CMYK")
    frames = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    pages = {"save_all": True, "append_images": [rgb.rotate(90)]}
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = {
        "png": {
            "rgb": rgb,
            "rgba": rgba,
            "grey": grey,
            "grey-alpha": grey_alpha,
            "1-bit": one_bit,
            "16-bit": deep,
        },
        "jpeg": {"rgb": rgb, "grey": grey, "cmyk": cmyk},
        "webp": {"lossy": rgb, "alpha": rgba},
        "tiff": {"raw": rgb, "16-bit": deep, "float": floats, "cmyk": cmyk},
        "bmp": {"rgb": rgb, "palette": palette, "1-bit": one_bit, "32-bit": rgba},
        "gif": {"palette": palette},
        "ppm": {"rgb": rgb, "16-bit": deep, "1-bit": one_bit},
    }
    return {
        **{
            f"{format}-{kind}": encoded(image, format)
            for format in plain
            for kind, image in plain[format].items()
        },
        **{f"{format}-turned": encoded(rgb, format, exif=exif) for format in ("png", "jpeg", "webp")},
        **{f"{format}-animated": encoded(rgb, format, **frames) for format in ("png", "webp")},
        "png-palette": encoded(palette, "png", transparency=0),
        "gif-animated": encoded(palette, "gif", **frames),
        "gif-transparent": encoded(palette, "gif", transparency=0),
        "jpeg-progressive": encoded(rgb, "jpeg", progressive=True),
        "webp-lossless": encoded(rgb, "webp", lossless=True),
        "tiff-lzw": encoded(rgb, "tiff", compression="tiff_lzw"),
        "tiff-deflate": encoded(rgba, "tiff", compression="tiff_adobe_deflate"),
        "tiff-jpeg": encoded(rgb, "tiff", compression="jpeg"),
        "tiff-fax": encoded(one_bit, "tiff", compression="group4"),
        "tiff-pages": encoded(rgb, "tiff", **pages),
        "mpo": encoded(rgb, "mpo", **frames),
        "pgm-text": b"P2\n40 30\n255\n" + b" ".join(b"%d" % v for v in np.asarray(grey).reshape(-1)),
    }
