"""Masks in pictures are read as their makers meant them, and other ways are offered."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from cfr_icl.annotate.exports.png import cutout_png, indexed_png, mask_png
from cfr_icl.annotate.imports import MaskFileError, load_masks, mask_pixels

SIZE = HEIGHT, WIDTH = 90, 120
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]


def square(left, top, side):
    return (left <= COLUMNS) & (left + side > COLUMNS) & (top <= ROWS) & (top + side > ROWS)


ONE, TWO, THREE = square(20, 10, 30), square(70, 50, 25), square(5, 60, 20)
DISK = np.hypot(ROWS - 45, COLUMNS - 60) < 25
WHITE = Image.fromarray(ONE.astype("u1") * 255)
DISK_WHITE = Image.fromarray(DISK.astype("u1") * 255)


def stored(image, suffix=".png", **options):
    def save(folder):
        path = folder / f"mask{suffix}"
        image.save(path, **options)
        return path

    return save


def content(data, suffix=".png"):
    return stored(Image.open(io.BytesIO(data)), suffix)


def values(*pairs, background=0, dtype=np.uint8):
    array = np.full(SIZE, background, dtype)
    for mask, value in pairs:
        array[mask] = value
    return Image.fromarray(array)


def colours(*pairs, background=(0, 0, 0)):
    array = np.zeros((*SIZE, 3), np.uint8) + np.array(background, np.uint8)
    for mask, value in pairs:
        array[mask] = value
    return Image.fromarray(array)


def palette(image, *entries):
    indexed = image.convert("P")
    table = np.zeros((256, 3), np.uint8)
    for index, colour in enumerate(entries):
        table[index] = colour
    indexed.putpalette(table.tobytes())
    return indexed


def rgba(image, alpha):
    layered = image.convert("RGBA")
    layered.putalpha(Image.fromarray(alpha.astype("u1") * 255))
    return layered


def antialiased(image):
    return image.resize((4 * WIDTH, 4 * HEIGHT), Image.NEAREST).resize((WIDTH, HEIGHT), Image.LANCZOS)


def loaded_from_jpeg(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).copy()


RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
PHOTO = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
RAMP = np.linspace(0, 255, WIDTH).astype(np.uint8)[None].repeat(HEIGHT, 0)

CASES = {
    # black and white
    "0 and 255": (stored(WHITE), [ONE]),
    "0 and 1": (stored(values((ONE, 1))), [ONE]),
    "1 bit": (stored(WHITE.convert("1")), [ONE]),
    "as colours": (stored(WHITE.convert("RGB")), [ONE]),
    "as RGBA, opaque": (stored(WHITE.convert("RGBA")), [ONE]),
    "16 bits, 0 and 65535": (stored(values((ONE, 65535), dtype=np.uint16)), [ONE]),
    "BMP": (stored(WHITE, ".bmp"), [ONE]),
    "TIFF": (stored(WHITE, ".tif"), [ONE]),
    "PBM": (stored(WHITE.convert("1"), ".pbm"), [ONE]),
    "GIF": (stored(WHITE.convert("RGB"), ".gif"), [ONE]),
    "our own mask": (content(mask_png(ONE)), [ONE]),
    "nearly white": (stored(values((ONE, 254), background=1)), [ONE]),
    # lossy and soft
    **{
        f"JPEG {quality}": (stored(WHITE, ".jpg", quality=quality), [ONE])
        for quality in (30, 50, 75, 90, 100)
    },
    **{
        f"JPEG {quality}, a disk": (stored(DISK_WHITE, ".jpg", quality=quality), [DISK])
        for quality in (50, 75, 95)
    },
    "JPEG in colours": (stored(WHITE.convert("RGB"), ".jpg", quality=75), [ONE]),
    "WebP": (stored(WHITE.convert("RGB"), ".webp", quality=60), [ONE]),
    "WebP, lossless": (stored(WHITE.convert("RGB"), ".webp", lossless=True), [ONE]),
    "PNG that was JPEG": (stored(loaded_from_jpeg(DISK_WHITE, 75)), [DISK]),
    "soft edge": (stored(WHITE.filter(ImageFilter.GaussianBlur(1.5))), [ONE]),
    "soft edge, disk": (stored(DISK_WHITE.filter(ImageFilter.GaussianBlur(2))), [DISK]),
    "scaled up": (stored(WHITE.resize((60, 45)).resize((120, 90), Image.BILINEAR)), [ONE]),
    "antialiased": (stored(antialiased(DISK_WHITE)), [DISK]),
    "soft, 16 bits": (
        stored(
            Image.fromarray(np.array(DISK_WHITE.filter(ImageFilter.GaussianBlur(2))).astype(np.uint16) * 257)
        ),
        [DISK],
    ),
    "soft edge in colours": (stored(WHITE.filter(ImageFilter.GaussianBlur(1.5)).convert("RGB")), [ONE]),
    "soft GIF": (stored(DISK_WHITE.filter(ImageFilter.GaussianBlur(2)), ".gif"), [DISK]),
    # label maps
    "ids": (stored(values((ONE, 1), (TWO, 2))), [ONE, TWO]),
    "large ids": (stored(values((ONE, 7), (TWO, 300), dtype=np.uint16)), [ONE, TWO]),
    "class * 1000": (stored(values((ONE, 24001), (TWO, 26003), dtype=np.int32), ".tif"), [ONE, TWO]),
    "many ids, small": (
        stored(values(*((square(4 + 8 * n, 4, 5), n + 1) for n in range(14)))),
        [square(4 + 8 * n, 4, 5) for n in range(14)],
    ),
    "thin objects": (
        stored(values(((ROWS == 20), 1), ((ROWS == 40), 2), ((ROWS == 60), 3))),
        [ROWS == 20, ROWS == 40, ROWS == 60],
    ),
    "touching": (
        stored(values((COLUMNS < 30, 1), (COLUMNS > 60, 3), (COLUMNS == 40, 2))),
        [COLUMNS < 30, COLUMNS == 40, COLUMNS > 60],
    ),
    "grey levels": (stored(values((ONE, 85), (TWO, 170), (THREE, 255))), [ONE, TWO, THREE]),
    "VOC, void 255": (stored(values((ONE, 1), (TWO, 15), (THREE, 255))), [ONE, TWO]),
    "void 255 beside one class": (stored(values((ONE, 1), (THREE, 255))), [ONE]),
    "background -1": (stored(values((ONE, 3), background=-1, dtype=np.int32), ".tif"), [ONE]),
    "background -1, ids": (
        stored(values((ONE, 3), (TWO, 4), background=-1, dtype=np.int32), ".tif"),
        [ONE, TWO],
    ),
    "no background": (stored(values((ONE, 2), (TWO, 3), background=1)), [ONE, TWO, ~(ONE | TWO)]),
    "background 255": (stored(values((ONE, 1), (TWO, 2), background=255)), [ONE, TWO]),
    "our own label map of objects everywhere": (
        content(indexed_png(SIZE, [(1, "#ff0000", ONE), (2, "#00ff00", ~ONE)])),
        [ONE, ~ONE],
    ),
    "our own large label map of objects everywhere": (
        content(indexed_png(SIZE, [(300, "#ff0000", ONE), (301, "#00ff00", ~ONE)])),
        [ONE, ~ONE],
    ),
    "our own label map": (content(indexed_png(SIZE, [(1, "#ff0000", ONE), (2, "#00ff00", TWO)])), [ONE, TWO]),
    "grey levels as JPEG": (
        stored(values((ONE, 85), (TWO, 170), (THREE, 255)), ".jpg", quality=90),
        [ONE, TWO, THREE],
    ),
    # floats
    "float 0 and 0.9": (stored(Image.fromarray(ONE.astype(np.float32) * 0.9), ".tif"), [ONE]),
    "float ids": (stored(values((ONE, 1), (TWO, 2), dtype=np.float32), ".tif"), [ONE, TWO]),
    "probabilities": (
        stored(
            Image.fromarray(
                1 / (1 + np.exp(np.hypot(ROWS - 45, COLUMNS - 60) / 2 - 12.5)).astype(np.float32)
            ),
            ".tif",
        ),
        [DISK],
    ),
    "NaN is background": (
        stored(Image.fromarray(np.where(ONE, 1, np.nan).astype(np.float32)), ".tif"),
        [ONE],
    ),
    # colours
    "two colours": (stored(colours((ONE, RED), (TWO, GREEN))), [ONE, TWO]),
    "three colours, one white": (
        stored(colours((ONE, RED), (TWO, BLUE), (THREE, (255,) * 3))),
        [ONE, TWO, THREE],
    ),
    "one colour": (stored(colours((ONE, RED))), [ONE]),
    "a white background": (stored(colours((ONE, RED), (TWO, GREEN), background=(255,) * 3)), [ONE, TWO]),
    "VOC's colours with void": (
        stored(colours((ONE, (128, 0, 0)), (TWO, (0, 128, 0)), (THREE, (224, 224, 192)))),
        [ONE, TWO],
    ),
    "colours as JPEG": (stored(colours((ONE, RED), (TWO, GREEN)), ".jpg", quality=90), [ONE, TWO]),
    "colours, soft": (
        stored(colours((ONE, RED), (TWO, GREEN)).filter(ImageFilter.GaussianBlur(1.5))),
        [ONE, TWO],
    ),
    "alike colours": (stored(colours((ONE, (10, 0, 0)), (TWO, (11, 0, 0)))), [ONE, TWO]),
    # palettes
    "palette, odd colours": (
        stored(palette(values((ONE, 1), (TWO, 2)), (255, 255, 255), RED, (0, 0, 0))),
        [ONE, TWO],
    ),
    "palette, equal colours": (stored(palette(values((ONE, 1), (TWO, 2)), (0, 0, 0), RED, RED)), [ONE, TWO]),
    "palette, black on white by index": (stored(palette(values((ONE, 1)), (255,) * 3, (0,) * 3)), [ONE]),
    "palette with void": (
        stored(palette(values((ONE, 1), (TWO, 2), (THREE, 255)), (0, 0, 0), RED, GREEN)),
        [ONE, TWO],
    ),
    "reduced to 2 colours": (stored(WHITE.convert("RGB").quantize(2)), [ONE]),
    "colours, reduced": (stored(colours((ONE, RED), (TWO, GREEN)).quantize(3)), [ONE, TWO]),
    # transparency
    "white on transparency": (stored(rgba(Image.new("RGB", (WIDTH, HEIGHT), "white"), ONE)), [ONE]),
    "black on transparency": (stored(rgba(Image.new("RGB", (WIDTH, HEIGHT)), ONE)), [ONE]),
    "grey and alpha": (stored(rgba(Image.new("RGB", (WIDTH, HEIGHT), "white"), ONE).convert("LA")), [ONE]),
    "our own cut-out": (content(cutout_png(PHOTO, ONE)), [ONE]),
    "colours on transparency": (stored(rgba(colours((ONE, RED), (TWO, GREEN)), ONE | TWO)), [ONE, TWO]),
    "transparent index": (
        stored(palette(values((ONE, 1), (TWO, 2)), (0, 0, 0), RED, GREEN), transparency=0),
        [ONE, TWO],
    ),
    "bad JPEG in colours": (
        stored(colours((ONE, (220, 20, 60)), (TWO, (0, 128, 0)), (THREE, (255, 255, 0))), ".jpg", quality=75),
        [ONE, TWO, THREE],
    ),
    "an opacity of 0 and 1": (
        stored(Image.merge("RGBA", (*Image.fromarray(PHOTO).split(), Image.fromarray(ONE.astype("u1"))))),
        [ONE],
    ),
    "a disk of one colour, antialiased": (stored(antialiased(colours((DISK, RED)))), [DISK]),
    "colours, scaled up": (
        stored(
            colours((ONE, RED), (square(70, 50, 24), BLUE))
            .resize((60, 45), Image.NEAREST)
            .resize((WIDTH, HEIGHT), Image.BICUBIC)
        ),
        [ONE, square(70, 50, 24)],
    ),
    "colours in a TIFF that is JPEG": (
        stored(colours((ONE, RED), (TWO, GREEN)), ".tif", compression="jpeg", quality=95),
        [ONE, TWO],
    ),
    "-1 around classes from 0": (
        stored(values((ONE, 0), (TWO, 1), background=-1, dtype=np.int32), ".tif"),
        [ONE, TWO],
    ),
    "a colour for each number": (
        stored(colours(*((square(4 + 8 * n, 4, 6), (n + 1, 2, 0)) for n in range(14)))),
        [square(4 + 8 * n, 4, 6) for n in range(14)],
    ),
    "a soft alpha": (
        stored(
            Image.merge(
                "RGBA",
                (
                    *Image.new("RGB", (WIDTH, HEIGHT), "white").split(),
                    DISK_WHITE.filter(ImageFilter.GaussianBlur(2)),
                ),
            )
        ),
        [DISK],
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_file_is_read_as_its_maker_meant(kind, tmp_path):
    save, expected = CASES[kind]
    loaded = load_masks(save(tmp_path), "a.png", SIZE)
    masks = [entry.mask.pixels for entry in loaded.objects]
    assert len(masks) == len(expected)
    for mask in expected:
        best = max(masks, key=lambda other: (mask & other).sum())
        assert (mask & best).sum() / (mask | best).sum() > (
            0.999 if "ids" in kind or "palette" in kind else 0.93
        )
    assert loaded.sentences and loaded.reading == loaded.readings[0]
    assert all(sentence.endswith(".") for sentence in loaded.sentences)


REFUSED = {
    "empty": (stored(values()), "empty"),
    "black colours": (stored(colours()), "empty"),
    "a photograph": (stored(Image.fromarray(PHOTO)), "photograph"),
    "a photograph as JPEG": (stored(Image.fromarray(PHOTO), ".jpg"), "photograph"),
    "another size": (stored(WHITE.resize((60, 45))), "60 x 45"),
    "no picture": (lambda folder: (folder / "x.png").write_bytes(b"x") and folder / "x.png", "not a picture"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_without_masks_is_refused_in_one_sentence(kind, tmp_path):
    save, sentence = REFUSED[kind]
    with pytest.raises(MaskFileError, match=sentence):
        load_masks(save(tmp_path), "a.png", SIZE)


def areas(path, reading):
    return sorted(entry.mask.area for entry in load_masks(path, "a.png", SIZE, reading).objects)


def test_other_readings_are_offered_and_used(tmp_path):
    path = stored(values((ONE, 255), (TWO, 255)))(tmp_path)
    loaded = load_masks(path, "a.png", SIZE)
    assert loaded.readings == ["mask", "inverted", "objects"]
    assert areas(path, "mask") == [1525] and areas(path, "objects") == [625, 900]
    assert areas(path, "inverted") == [HEIGHT * WIDTH - 1525]
    shades = stored(values((ONE, 100), (TWO, 255)))(tmp_path)
    assert load_masks(shades, "a.png", SIZE).readings[:2] == ["indices", "mask"]
    assert areas(shades, "mask") == [625]
    two = stored(colours((ONE, RED), (TWO, GREEN)))(tmp_path)
    assert areas(two, "mask") == [1525]
    cut = stored(rgba(colours((ONE, RED), (TWO, GREEN)), ONE | TWO))(tmp_path)
    assert load_masks(cut, "a.png", SIZE).readings[:2] == ["colours", "alpha"] and areas(cut, "alpha") == [
        1525
    ]
    turned = stored(palette(values((ONE, 1), (TWO, 2)), (255, 255, 255), RED, (0, 0, 0)))(tmp_path)
    assert load_masks(turned, "a.png", SIZE).readings[:2] == ["indices", "colours"]
    with pytest.raises(MaskFileError, match="cannot be read in the way"):
        load_masks(path, "a.png", SIZE, "alpha")


def test_void_pixels_are_reported(tmp_path):
    loaded = load_masks(CASES["VOC, void 255"][0](tmp_path), "a.png", SIZE)
    assert "Void pixels are left out: 400." in loaded.sentences


def test_a_previous_mask_is_the_whole_mask(tmp_path):
    assert np.array_equal(mask_pixels(stored(values((ONE, 1), (TWO, 2)))(tmp_path), SIZE), ONE | TWO)
    soft = mask_pixels(CASES["JPEG 75"][0](tmp_path), SIZE)
    assert (soft & ONE).sum() / (soft | ONE).sum() > 0.95


def test_a_file_is_read_again_with_another_reading(session, tmp_path):
    path = stored(values((ONE, 255), (TWO, 255)))(tmp_path)
    session.add_loaded(load_masks(path, "a.png", SIZE))
    assert len(session.document.instances) == 1
    session.add_loaded(load_masks(path, "a.png", SIZE, "objects"), replace_last=True)
    assert len(session.document.instances) == 2
    session.undo()
    assert not session.document.instances
    session.redo()
    session.delete(session.document.instances[0].id)
    session.add_loaded(load_masks(path, "a.png", SIZE, "mask"), replace_last=True)
    assert len(session.document.instances) == 2  # work since stays


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('{"1": "cat", "2": "dog"}', ["cat", "dog"]),
        ('{"2": "dog", "7": "cow"}', [None, "dog"]),
        ('{"1": "big\\n\\u0000cat", "2": 5}', ["big cat", None]),
        ('{"one": "cat"}', [None, None]),
        ('["cat", "dog"]', [None, None]),
        ("cat, dog", [None, None]),
        ("[" * 200_000, [None, None]),
        ('{"1": "' + "a" * 2_000_000 + '"}', [None, None]),
    ],
)
def test_labels_in_a_label_map_are_read_as_far_as_they_can_be(tmp_path, text, labels):
    info = PngInfo()
    info.add_itxt("Labels", text)
    values((ONE, 1), (TWO, 2)).save(tmp_path / "a.png", pnginfo=info)
    loaded = load_masks(tmp_path / "a.png", "a.png", SIZE)
    assert [each.label for each in loaded.objects] == labels
