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
    turned = {"exif": exif.tobytes()}
    return {
        "png-rgb": encoded(rgb, "PNG"),
        "png-rgba": encoded(rgba, "PNG"),
        "png-grey": encoded(grey, "PNG"),
        "png-grey-alpha": encoded(grey_alpha, "PNG"),
        "png-palette": encoded(palette, "PNG", transparency=0),
        "png-1-bit": encoded(one_bit, "PNG"),
        "png-16-bit": encoded(deep, "PNG"),
        "png-turned": encoded(rgb, "PNG", **turned),
        "png-animated": encoded(rgb, "PNG", **frames),
        "jpeg-rgb": encoded(rgb, "JPEG"),
        "jpeg-progressive": encoded(rgb, "JPEG", progressive=True),
        "jpeg-grey": encoded(grey, "JPEG"),
        "jpeg-cmyk": encoded(cmyk, "JPEG"),
        "jpeg-turned": encoded(rgb, "JPEG", **turned),
        "mpo": encoded(rgb, "MPO", **frames),
        "webp-lossy": encoded(rgb, "WEBP"),
        "webp-lossless": encoded(rgb, "WEBP", lossless=True),
        "webp-alpha": encoded(rgba, "WEBP"),
        "webp-animated": encoded(rgb, "WEBP", **frames),
        "webp-turned": encoded(rgb, "WEBP", **turned),
        "tiff-raw": encoded(rgb, "TIFF"),
        "tiff-lzw": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "tiff-deflate": encoded(rgba, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-jpeg": encoded(rgb, "TIFF", compression="jpeg"),
        "tiff-fax": encoded(one_bit, "TIFF", compression="group4"),
        "tiff-16-bit": encoded(deep, "TIFF"),
        "tiff-float": encoded(floats, "TIFF"),
        "tiff-cmyk": encoded(cmyk, "TIFF"),
        "tiff-pages": encoded(rgb, "TIFF", **pages),
        "bmp-rgb": encoded(rgb, "BMP"),
        "bmp-palette": encoded(palette, "BMP"),
        "bmp-1-bit": encoded(one_bit, "BMP"),
        "bmp-32-bit": encoded(rgba, "BMP"),
        "gif": encoded(palette, "GIF"),
        "gif-transparent": encoded(palette, "GIF", transparency=0),
        "gif-animated": encoded(palette, "GIF", **frames),
        "ppm": encoded(rgb, "PPM"),
        "pgm-16-bit": encoded(deep, "PPM"),
        "pbm": encoded(one_bit, "PPM"),
        "pgm-text": b"P2\n40 30\n255\n" + b" ".join(b"%d" % v for v in np.asarray(grey).reshape(-1)),
    }
