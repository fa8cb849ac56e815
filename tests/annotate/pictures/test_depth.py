"""More than 8 bits are shown by percentiles; pages can be chosen and thumbnails are none."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin, features

from cfr_icl.annotate.pictures.browser_copy import browser_copy
from cfr_icl.pictures.decoding import (
    PictureError,
    View,
    open_picture,
    picture_size,
    read_picture,
    remarks,
)

ROWS, COLUMNS = np.mgrid[:60, :80]
GREY = (ROWS + COLUMNS) / 138
"""A gradient from 0 to 1."""


def file(tmp_path, image, suffix=".tif", **options):
    path = tmp_path / f"picture{suffix}"
    image.save(path, **options)
    return path


def with_tag(number, value):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[number] = value
    return tags


HOLES = np.where(ROWS < 5, np.nan, GREY).astype(np.float32)
DEEP = {
    "12 bits in 16": Image.fromarray((GREY * 4095).astype(np.uint16)),
    "a thermal camera": Image.fromarray((7000 + GREY * 500).astype(np.uint16)),
    "the full 16 bits": Image.fromarray((GREY * 65535).astype(np.uint16)),
    "32 bits": Image.fromarray((GREY * 1e6).astype(np.int32)),
    "negative": Image.fromarray((GREY * 1e4 - 5e3).astype(np.int32)),
    "float from 0 to 1": Image.fromarray(GREY.astype(np.float32)),
    "elevation": Image.fromarray((GREY * 900 + 300).astype(np.float32)),
    "float with NaN": Image.fromarray(HOLES),
    "float with infinity": Image.fromarray(np.where(ROWS < 5, np.inf, GREY).astype(np.float32)),
    "tiny values": Image.fromarray((GREY * 1e-30).astype(np.float32)),
}


@pytest.mark.parametrize("kind", DEEP)
def test_every_depth_shows_the_whole_gradient(kind, tmp_path):
    opened = open_picture(file(tmp_path, DEEP[kind]))
    grey = opened.pixels[8:, :, 0].astype(float)
    assert grey.min() < 30 and grey.max() == 255
    assert np.corrcoef(grey.ravel(), GREY[8:].ravel())[0, 1] > 0.99
    assert opened.remarks.deep and opened.remarks.values[0] < opened.remarks.values[1]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_colours_keep_their_lower_byte(channels, suffix, tmp_path):
    colours = np.stack([GREY * 900, GREY * 500, GREY * 100, np.full_like(GREY, 65535)], axis=2).astype(
        np.uint16
    )
    path = tmp_path / f"a{suffix}"
    order = [2, 1, 0, 3][:channels]
    path.write_bytes(cv2.imencode(suffix, np.ascontiguousarray(colours[..., order]))[1].tobytes())
    opened = open_picture(path, view=View(low=0, high=100))
    assert opened.remarks.deep
    assert np.abs(opened.pixels.astype(float) - colours[..., :3] / 900 * 255).max() <= 1.01


def test_a_value_that_marks_missing_data_is_left_out(tmp_path):
    values = np.where(ROWS < 30, -9999, GREY * 100).astype(np.float32)
    path = file(tmp_path, Image.fromarray(values), tiffinfo=with_tag(42113, "-9999"))
    pixels = read_picture(path)[..., 0]
    assert not pixels[:30].any() and pixels[30:].min() < 60 and pixels.max() == 255


def test_the_contrast_can_be_chosen(tmp_path):
    path = file(tmp_path, DEEP["12 bits in 16"])
    wide, narrow = (open_picture(path, view=View(low=a, high=b)) for a, b in ((0, 100), (25, 75)))
    assert wide.remarks.values == (0, 4095)
    assert (narrow.pixels == 255).sum() > 4 * (wide.pixels == 255).sum()
    assert (narrow.remarks.low, narrow.remarks.high) == (25, 75)


@pytest.mark.parametrize("values", [(5, 5), (50, 5), (-1, 50), (5, 101), (float("nan"), 50)])
def test_a_contrast_out_of_range_is_refused(values):
    with pytest.raises(ValueError, match="percentile"):
        View(low=values[0], high=values[1])


def test_a_picture_of_one_value_and_a_few_bright_pixels_is_scaled(tmp_path):
    flat = read_picture(file(tmp_path, Image.fromarray(np.full((60, 80), 700, np.uint16))))
    assert flat.min() == flat.max()
    few = np.zeros((60, 80), np.uint16)
    few[20:22, 20:22] = 300
    assert (read_picture(file(tmp_path, Image.fromarray(few)))[20:22, 20:22] == 255).all()


def test_turned_by_exif_and_copied_for_the_browser(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = file(tmp_path, DEEP["12 bits in 16"], ".png", exif=exif)
    opened = open_picture(path)
    assert opened.pixels.shape[:2] == (80, 60) == picture_size(path)
    folder = tmp_path / "copies"
    folder.mkdir()
    copy = browser_copy(path, opened.pixels, folder)
    assert copy != path and np.array_equal(read_picture(copy), opened.pixels)


def test_pictures_of_eight_bits_stay_as_they_are(tmp_path):
    grey = Image.fromarray((GREY * 100).astype(np.uint8))
    opened = open_picture(file(tmp_path, grey, ".png"), view=View(low=20, high=80))
    assert opened.pixels.max() == 100 and not opened.remarks.deep and opened.remarks.values is None


# ---- pages


def page(value, size=(80, 60)):
    return Image.new("RGB", size, (value, value, value))


def test_pages_can_be_chosen(tmp_path):
    path = file(tmp_path, page(10), save_all=True, append_images=[page(20), page(30, (40, 50))])
    told = remarks(path)
    assert (told.pages, told.page, told.first_frame) == (3, 0, True)
    for number, value in enumerate((10, 20, 30)):
        opened = open_picture(path, view=View(page=number))
        assert opened.pixels[0, 0, 0] == value and opened.remarks.page == number
    assert picture_size(path, View(page=2)) == (50, 40)
    with pytest.raises(PictureError, match="3 pages; there is no page 4"):
        read_picture(path, view=View(page=3))


def test_frames_of_an_animation_can_be_chosen(tmp_path):
    path = file(tmp_path, page(10), ".gif", save_all=True, append_images=[page(200)])
    assert read_picture(path)[0, 0, 0] == 10
    assert read_picture(path, view=View(page=1))[0, 0, 0] == 200
    copy = browser_copy(path, read_picture(path, view=View(page=1)), tmp_path, View(page=1))
    assert read_picture(copy)[0, 0, 0] == 200


def tiff_of(tmp_path, *pages):
    """A TIFF of (image, tags) pages."""
    path = tmp_path / "pages.tif"
    with TiffImagePlugin.AppendingTiffWriter(str(path), True) as writer:
        for image, tags in pages:
            image.save(writer, format="TIFF", tiffinfo=tags)
            writer.newFrame()
    return path


def test_a_thumbnail_page_is_not_the_picture(tmp_path):
    reduced = with_tag(254, 1)
    whole = with_tag(254, 0)
    marked = tiff_of(tmp_path, (page(10, (40, 30)), reduced), (page(20), whole))
    assert read_picture(marked)[0, 0, 0] == 20 and remarks(marked).page == 1
    assert read_picture(marked, view=View(page=0)).shape[:2] == (30, 40)
    small = tiff_of(tmp_path, (page(10, (20, 15)), whole), (page(20), whole))
    assert read_picture(small)[0, 0, 0] == 20
    pyramid = tiff_of(tmp_path, (page(20), whole), (page(10, (40, 30)), reduced))
    assert read_picture(pyramid)[0, 0, 0] == 20 and remarks(pyramid).page == 0
    other = tiff_of(tmp_path, (page(10, (40, 10)), whole), (page(20), whole))
    assert read_picture(other)[0, 0, 0] == 10


@pytest.mark.parametrize(("suffix", "feature"), [(".avif", "avif"), (".jp2", "jpg_2000")])
def test_newer_formats_are_read(suffix, feature, tmp_path):
    assert features.check(feature), f"Pillow is built without {feature}"
    path = file(tmp_path, page(120), suffix)
    opened = open_picture(path)
    assert abs(int(opened.pixels[0, 0, 0]) - 120) < 4
    assert browser_copy(path, opened.pixels, tmp_path).suffix == ".png"


def test_heic_is_read_or_its_extra_is_named(tmp_path):
    try:
        import pillow_heif
    except ImportError:
        with pytest.raises(PictureError, match=r"cfr-icl\[heif\]"):
            read_picture(io.BytesIO(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60)))
        return
    buffer = io.BytesIO()
    pillow_heif.from_pillow(page(120)).save(buffer)
    assert abs(int(read_picture(buffer)[0, 0, 0]) - 120) < 4


def test_large_texts_and_profiles_do_not_hide_a_picture(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("history", "x" * 3_000_000, zip=True)
    path = file(tmp_path, page(120), ".png", pnginfo=texts, icc_profile=bytes(2_000_000))
    assert read_picture(path)[0, 0, 0] == 120
