"""Whatever a file holds, it becomes a picture or one sentence, at bounded cost, and alike everywhere."""

import ast
import io
import json
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.pictures.browser_copy import browser_copy
from cfr_icl.annotate.pictures.mask_pixels import read_mask
from cfr_icl.cli.main import main
from cfr_icl.pictures.decoding import PictureError, read_picture, remarks, thumbnail
from cfr_icl.ui.api import segment_endpoint
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.annotate.pictures.picture_files import encoded, gradient, png_header
from tests.robust.corpus import SIZE, pictures
from tests.stand_in import ColourModel
from tests.ui.parcels import send

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's on damaged tags
ROOT = Path(__file__).parents[2]
CORPUS = pictures()
TURNED = Image.Exif()
TURNED[0x0112] = 6
SIDEWAYS = "<x:xmpmeta xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation=\"6\"></x:xmpmeta>"


def driver(*arguments):
    """What the fuzzer prints; it is another process, for it forks and limits its memory."""
    command = [sys.executable, "-m", "tests.robust.fuzzer", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits a process's memory as Linux does")
def test_12000_damaged_files_give_a_picture_or_a_sentence():
    found = driver("--cases", "12000")
    assert found["violations"] == []
    assert found["peak_mb"] < 1024
    assert found["pictures"] > 1000 and len(found["sentences"]) >= 5


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits a process's memory as Linux does")
def test_the_largest_pictures_need_less_than_a_gigabyte():
    found = driver("--largest")
    assert all(isinstance(peak, int) and peak < 1024 for peak in found.values()), found


@pytest.mark.parametrize("name", CORPUS)
def test_every_kind_is_read_whatever_its_file_is_called(name, tmp_path):
    path = tmp_path / "picture.txt"
    path.write_bytes(CORPUS[name])
    picture = read_picture(path)
    height, width = picture.shape[:2]
    assert (width, height) == (SIZE[::-1] if "turned" in name else SIZE)
    assert len(np.unique(picture)) >= 2
    told = remarks(path)
    assert told.transparent == any(
        word in name for word in ("alpha", "rgba", "deflate", "transparent", "png-palette")
    )
    assert told.first_frame == any(word in name for word in ("animated", "pages"))
    with Image.open(browser_copy(path, picture, tmp_path)) as shown:
        assert shown.size == (width, height) and ("A" in shown.mode) == told.transparent


def orientation_files():
    image = Image.fromarray(gradient())
    for format in ("JPEG", "PNG", "WEBP", "TIFF"):
        yield format, encoded(image, format, exif=TURNED).getvalue()
    yield "JPEG", encoded(image, "JPEG", xmp=SIDEWAYS.encode()).getvalue()


def shown_upright(path):
    """The pixels that a browser shows: it turns JPEG files by their EXIF block, and nothing else."""
    with Image.open(path) as image:
        exif = Image.Exif()
        exif.load(image.info.get("exif", b"") if image.format == "JPEG" else b"")
        assert exif.get(0x0112, 1) in (1, 6)
        pixels = np.asarray(image.convert("RGB"))
    return np.rot90(pixels, -1) if exif.get(0x0112, 1) == 6 else pixels


@pytest.mark.parametrize(("format", "content"), orientation_files())
def test_exif_orientation_is_applied_alike_by_page_endpoint_and_folder(
    format, content, tmp_path, monkeypatch
):
    images = tmp_path / "images"
    images.mkdir()
    path = images / f"turned.{'jpg' if format == 'JPEG' else format.lower()}"
    path.write_bytes(content)
    upright = read_picture(path)
    assert upright.shape == (30, 20, 3)
    assert np.array_equal(Folder(images, tmp_path / "out").open(path.name).picture, upright)
    assert thumbnail(path).size == (20, 30)
    shown = shown_upright(browser_copy(path, upright, tmp_path))
    assert np.abs(shown.astype(int) - upright).mean() < 4
    settings = Server(Settings(ColourModel(), examples=[path]))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    mask = segment_endpoint(settings)({"path": str(path)}, [[5, 25]])
    assert read_mask(mask.path, (30, 20)).values.any()
    page, reply = send(settings, None, {"number": 1, "kind": "example", "index": 0})
    assert (reply["picture"]["width"], reply["picture"]["height"]) == (20, 30)
    page.close()


def test_the_command_line_applies_exif_orientation(tmp_path):
    path = tmp_path / "turned.jpg"
    path.write_bytes(encoded(Image.fromarray(gradient()), "JPEG", exif=TURNED).getvalue())
    out = tmp_path / "mask.png"
    assert main(["segment", str(path), "--click", "5,25", "--steps", "0", "--out", str(out)]) == 0
    clicks = tmp_path / "clicks.csv"
    clicks.write_text("picture,x,y\nturned.jpg,5,25\n")
    assert (
        main(["batch", str(clicks), "--images", str(tmp_path), "--out", str(tmp_path), "--steps", "0"]) == 0
    )
    for mask in (out, tmp_path / "turned_1.png"):
        assert read_mask(mask, (30, 20)).values.shape[:2] == (30, 20)


def test_a_turned_mask_is_turned_with_its_picture():
    mask = np.zeros((20, 30), np.uint8)
    mask[:5] = 255
    turned = read_mask(encoded(Image.fromarray(mask), exif=TURNED), (30, 20)).values
    assert np.array_equal(turned, np.rot90(mask, -1))


def test_a_damaged_exif_block_does_not_cost_the_picture():
    content = encoded(Image.fromarray(gradient()), "JPEG", exif=TURNED.tobytes()).getvalue()
    place = content.index(b"Exif\0\0") + 6
    for damage in (b"\xff" * 8, b"MM\0*\xff\xff\xff\xff", b"II*\0\0\0\0\x08"):
        damaged = content[:place] + damage + content[place + 8 :]
        assert read_picture(io.BytesIO(damaged)).shape[2] == 3


def test_only_one_place_decodes_pictures():
    decoders = set()
    for path in (ROOT / "cfr_icl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = f"{node.value.id}.{node.attr}"
                if name in ("Image.open", "cv2.imread", "cv2.imdecode", "iio.imread"):
                    decoders.add(path.relative_to(ROOT / "cfr_icl").as_posix())
    # data sets keep their pixels as they are stored, for their annotations know nothing of EXIF
    # OpenCV keeps the lower byte of 16-bit colours, which Pillow drops
    assert decoders == {
        "pictures/image_files.py",
        "pictures/depth.py",
        "data/files.py",
        "data/lvis.py",
    }


DISGUISES = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "html": b"<!doctype html><script>alert(document.cookie)</script>",
    "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 30\nshowpage\n",
    "zip": b"PK\x03\x04" + bytes(60),
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60),
    "nothing": b"",
    "zeros": bytes(5000),
}


@pytest.mark.parametrize("kind", DISGUISES)
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif"])
def test_other_files_in_disguise_are_refused(kind, suffix, tmp_path, capsys):
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(DISGUISES[kind])
    refusal = "HEIC|damaged" if kind == "heic" else "not a picture that can be read"
    with pytest.raises(PictureError, match=refusal):
        read_picture(path)
    assert main(["segment", str(path), "--click", "1,1", "--out", str(tmp_path / "m.png")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "name", ["png-rgb", "jpeg-progressive", "webp-lossy", "tiff-lzw", "bmp-rgb", "gif-palette", "ppm-rgb"]
)
def test_a_picture_cut_off_anywhere_is_refused_or_whole(name):
    content = CORPUS[name]
    whole = read_picture(io.BytesIO(content))
    for share in (0.05, 0.3, 0.6, 0.9):
        try:
            picture = read_picture(io.BytesIO(content[: int(len(content) * share)]))
        except PictureError as error:
            assert "not a picture" in str(error) or "cut off" in str(error)
        else:
            assert picture.shape == whole.shape


LARGER = "far larger than the limit of 50|at most 50 are taken"
"""Who says so first depends on Pillow's own limit, which some libraries switch off."""


def png_bomb(width, height, packed):
    """A PNG whose pixels unpack to as much as `packed` zeros whatever its header says."""
    header = png_header(width, height).getvalue()
    data = zlib.compress(bytes(packed), 9)
    chunk = b"IDAT" + data
    idat = len(data).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return io.BytesIO(header[:33] + idat + header[-12:])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (png_bomb(40_000, 40_000, 10**8), LARGER),
        (png_bomb(8_000, 8_000, 10**8), "64.0 megapixels"),
        (png_bomb(65_535, 16, 10**7), "65535 x 16"),
        (io.BytesIO(b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(800)), f"{LARGER}|not a picture"),
        (io.BytesIO(b"P6\n100000 100000\n255\n" + bytes(100)), LARGER),
    ],
)
def test_decompression_bombs_are_refused_by_their_header(content, sentence, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("It was decoded."))
    with pytest.raises(PictureError, match=sentence):
        read_picture(content)


def test_the_limit_is_an_option_everywhere(tmp_path, capsys):
    path = tmp_path / "picture.png"
    Image.new("RGB", (200, 100), "red").save(path)
    clicks = tmp_path / "clicks.csv"
    clicks.write_text("picture,x,y\npicture.png,5,5\n")
    out = tmp_path / "out"
    small = ["--max-megapixels", "0.01"]
    assert main(["segment", str(path), "--click", "1,1", "--out", str(tmp_path / "m.png"), *small]) == 2
    assert (
        main(["batch", str(clicks), "--images", str(tmp_path), "--out", str(out), *small]) == 1
    )  # left out, and told
    assert capsys.readouterr().err.count("at most 0.01") == 2
    with pytest.raises(SystemExit):
        main(["segment", str(path), "--click", "1,1", "--out", "m.png", "--max-megapixels", "nan"])
    with pytest.raises(PictureError, match="at most 0"):
        Folder(tmp_path, out, 0.01).open("picture.png")
