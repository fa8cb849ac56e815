"""Files for CVAT and Label Studio hold the same masks, and the statistics count the work."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from cfr_icl.annotate.exports import export
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.masks import Mask
from tests.loaded import add_masks

HEIGHT, WIDTH = 50, 70
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]
RING = (np.hypot(ROWS - 25, COLUMNS - 30) < 20) & ~(np.hypot(ROWS - 25, COLUMNS - 30) < 8)
CORNER = (ROWS < 6) & (COLUMNS > 60)
MASKS = {"ring": RING, "=corner": CORNER}


@pytest.fixture
def picture(session):
    session.open(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), "folder/a & b.png")
    add_masks(session, [(label, Mask.of(mask)) for label, mask in MASKS.items()])
    return AnnotatedPicture(session.name, session.size, session.document, lambda: session.picture, 90.0)


def test_cvat_masks_are_exact(picture):
    root = ElementTree.fromstring(export("cvat", [picture])["annotations.xml"])
    assert root.find("version").text == "1.1"
    assert MASKS.keys() <= {label.text for label in root.findall("meta/task/labels/label/name")}
    (image,) = root.findall("image")
    assert (image.get("name"), image.get("width"), image.get("height")) == ("folder/a & b.png", "70", "50")
    for node in image.findall("mask"):
        left, top, width, height = (int(node.get(side)) for side in ("left", "top", "width", "height"))
        runs = [int(run) for run in node.get("rle").split(",")]
        part = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
        read = np.zeros((HEIGHT, WIDTH), bool)
        read[top : top + height, left : left + width] = part
        assert np.array_equal(read, MASKS[node.get("label")])


def unpacked(content, size):
    """Values of Label Studio's packed run lengths, by its own layout."""
    bits = "".join(f"{byte:08b}" for byte in content)
    place = 0

    def number(width):
        nonlocal place
        place += width
        return int(bits[place - width : place], 2)

    count, width, widths = number(32), number(5) + 1, [number(4) + 1 for _ in range(4)]
    values = []
    while len(values) < count:
        repeats, length = number(1), number(widths[number(2)]) + 1
        values += [number(width)] * length if repeats else [number(width) for _ in range(length)]
    return np.array(values).reshape(*size, 4)[..., 3] == 255


def test_label_studio_masks_are_exact(picture):
    (task,) = json.loads(export("label_studio", [picture])["tasks.json"])
    assert task["data"] == {"image": "folder/a & b.png"}
    for result in task["annotations"][0]["result"]:
        assert (result["original_width"], result["original_height"]) == (WIDTH, HEIGHT)
        (label,) = result["value"]["brushlabels"]
        assert np.array_equal(unpacked(result["value"]["rle"], (HEIGHT, WIDTH)), MASKS[label])


def test_statistics_count_objects_sizes_and_time(picture):
    done = replace(
        picture, name="c.png", seconds=0, document=replace(picture.document, instances=(), done=True)
    )
    files = export("statistics", [picture, done])
    tables = {
        name: list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))))
        for name in files
        if name.endswith(".csv")
    }
    ring = next(row for row in tables["classes.csv"] if row["class"] == "ring")
    assert (ring["objects"], ring["median pixels"]) == ("1", str(RING.sum()))
    assert any(row["class"] == "'=corner" for row in tables["objects.csv"])  # no formula for a spreadsheet
    assert [(row["objects"], row["done"], row["seconds"]) for row in tables["pictures.csv"]] == [
        ("2", "no", "90"),
        ("0", "yes", "0"),
    ]
    page = files["statistics.html"].decode()
    assert "2 pictures, 1 of them done, 2 objects, 2 minutes of work, 80 objects an hour" in page
    assert "folder/a &amp; b.png" in page
