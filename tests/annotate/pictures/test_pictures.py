"""One decoder for every entrance: the picture as a person sees it, or one clear sentence."""

import io

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.pictures.browser_copy import browser_copy
from cfr_icl.annotate.pictures.mask_pixels import read_mask
from cfr_icl.pictures.decoding import PictureError, View, open_picture, read_picture
from tests.annotate.pictures.picture_files import encoded, gradient, png_header


def test_rgb_comes_back_exactly():
    assert np.array_equal(read_picture(encoded(Image.fromarray(gradient()))), gradient())


def test_grey_palette_and_one_bit_become_rgb():
    grey = gradient()[..., 0]
    assert np.array_equal(read_picture(encoded(Image.fromarray(grey))), np.dstack([grey] * 3))
    palette = Image.fromarray(gradient()).quantize(4)
    assert np.array_equal(read_picture(encoded(palette)), np.array(palette.convert("RGB")))
    one_bit = Image.fromarray(grey > 60)
    assert set(np.unique(read_picture(encoded(one_bit)))) == {0, 255}


def test_transparency_lies_on_white_and_hides_what_is_below():
    pixels = np.dstack([gradient(), np.zeros((20, 30), np.uint8)])
    pixels[:, 15:, 3] = 255
    picture = read_picture(encoded(Image.fromarray(pixels)))
    assert (picture[:, :15] == 255).all()
    assert np.array_equal(picture[:, 15:], gradient()[:, 15:])


def test_a_screenshot_with_an_opaque_alpha_channel_has_no_holes():
    """The page says "holes count as white" of pictures that have some, not of all that could."""
    pixels = np.dstack([gradient(), np.full((20, 30), 255, np.uint8)])
    opened = open_picture(encoded(Image.fromarray(pixels)))
    assert not opened.remarks.transparent
    assert np.array_equal(opened.pixels, gradient())
    pixels[3, 4, 3] = 254
    assert open_picture(encoded(Image.fromarray(pixels))).remarks.transparent


def test_16_bit_grey_is_scaled_not_clipped():
    values = np.linspace(0, 65535, 400, dtype=np.uint16).reshape(20, 20)
    picture = read_picture(encoded(Image.fromarray(values)), view=View(low=0, high=100))
    assert np.abs(picture[..., 0].astype(float) - values / 257).max() <= 0.51


def test_float_tiff_is_scaled_by_its_range():
    values = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    assert read_picture(encoded(Image.fromarray(values), "TIFF")).max() == 255


def test_cmyk_jpeg_is_read():
    red = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    picture = read_picture(encoded(red, "JPEG"))
    assert picture.shape == (20, 20, 3)
    assert picture[..., 0].min() > 200 and picture[..., 1].max() < 60


def test_exif_orientation_is_applied():
    image = Image.fromarray(gradient())
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = read_picture(encoded(image, "JPEG", exif=exif, quality=95))
    assert picture.shape == (30, 20, 3)
    assert np.abs(picture.astype(int) - np.rot90(gradient(), -1)).mean() < 6


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    picture = read_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (picture == (255, 0, 0)).all()


def test_rgba_named_gif_is_judged_by_its_contents(tmp_path):
    path = tmp_path / "wrong.gif"
    path.write_bytes(encoded(Image.new("RGBA", (20, 20), "red")).getvalue())
    assert (read_picture(path) == (255, 0, 0)).all()


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (io.BytesIO(b"not a picture"), "not a picture"),
        (io.BytesIO(b""), "not a picture"),
        (io.BytesIO(encoded(Image.fromarray(gradient(200, 200))).getvalue()[:300]), "damaged"),
        (encoded(Image.new("RGB", (1, 1))), "1 x 1 pixels"),
        (png_header(10_000, 10_000), "100.0 megapixels"),
        (png_header(60_000, 60_000), "megapixels"),
        (io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), "not a picture"),
    ],
)
def test_bad_input_is_one_sentence(source, sentence):
    with pytest.raises(PictureError, match=sentence) as caught:
        read_picture(source)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(PictureError, match="nothing"):
        read_picture(tmp_path / "nothing.png")


def test_label_map_keeps_its_ids():
    labels = (gradient()[..., 0] // 40).astype(np.uint8)
    image = Image.fromarray(labels).convert("P")
    assert np.array_equal(read_mask(encoded(image), (20, 30)).values, labels)
    wide = labels.astype(np.uint16) * 300
    assert np.array_equal(read_mask(encoded(Image.fromarray(wide)), (20, 30)).values, wide)


def test_mask_of_another_size_is_refused():
    with pytest.raises(PictureError, match="30 x 20"):
        read_mask(encoded(Image.new("L", (30, 20))), (21, 30))


def test_browser_gets_plain_files_as_they_are_and_copies_of_the_rest(tmp_path):
    plain = tmp_path / "plain.png"
    Image.fromarray(gradient()).save(plain)
    assert browser_copy(plain, read_picture(plain), tmp_path) == plain
    tiff = tmp_path / "scan.tif"
    Image.fromarray(gradient()).save(tiff)
    copy = browser_copy(tiff, read_picture(tiff), tmp_path)
    assert copy.suffix == ".png"
    assert np.array_equal(np.array(Image.open(copy)), gradient())
