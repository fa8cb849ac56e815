"""Label Studio's own JSON is read: our exports without a difference, its other shapes by their area."""

import json

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.imports import MaskFileError, load_masks
from cfr_icl.annotate.imports.label_studio import picture_of
from cfr_icl.annotate.objects.packed_mask import packed
from cfr_icl.annotate.whole_folder.fill import Source, fill

SIZE = HEIGHT, WIDTH = 90, 120
RECTANGLE = {"x": 10, "y": 10, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["cat"]}


def result(kind, value, **fields):
    sides = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    return {"id": "a1", "type": kind, "value": value, **sides, **fields}


def task(*results, image="a.png", **fields):
    return {"data": {"image": image}, "annotations": [{"result": [*results]}], **fields}


def loaded(tmp_path, tasks, picture="a.png"):
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    return load_masks(tmp_path / "tasks.json", picture, SIZE)


SHAPES = {
    "rectangle": (result("rectanglelabels", RECTANGLE), 60 * 45),
    "a turned rectangle": (result("rectanglelabels", {**RECTANGLE, "x": 60, "rotation": 90}), 60 * 45),
    "ellipse": (
        result("ellipselabels", {"x": 50, "y": 50, "radiusX": 20, "radiusY": 20, "ellipselabels": ["cat"]}),
        np.pi * 24 * 18,
    ),
    "polygon": (
        result("polygonlabels", {"points": [[0, 0], [100, 0], [0, 100]], "polygonlabels": ["cat"]}),
        HEIGHT * WIDTH / 2,
    ),
    "shape and label apart": (
        [
            result("rectangle", {key: RECTANGLE[key] for key in ("x", "y", "width", "height")}),
            result("labels", {**RECTANGLE, "labels": ["cat"]}),
        ],
        60 * 45,
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_have_their_area_and_class(name, tmp_path):
    entries, area = SHAPES[name]
    read = loaded(tmp_path, [task(*(entries if isinstance(entries, list) else [entries]))])
    (found,) = read.objects
    assert found.label == "cat" and found.mask.area == pytest.approx(area, rel=0.05)


@pytest.mark.parametrize(
    "image",
    [
        "sub/a.png",
        "/data/upload/3/0a1b2c3d-a.png",
        "/data/local-files/?d=photos/a.png",
        "https://host/x/a.png?width=3",
        "s3://bucket/a.png",
    ],
)
def test_a_picture_is_found_by_the_address_of_its_task(image, tmp_path):
    other = task(result("rectanglelabels", {**RECTANGLE, "width": 5}), image="b.png")
    tasks = [other, task(result("rectanglelabels", RECTANGLE), image=image)]
    assert loaded(tmp_path, tasks).objects[0].mask.area > 2000
    with pytest.raises(MaskFileError, match=r"no picture 'c\.png'"):
        loaded(tmp_path, tasks, "c.png")
    assert picture_of({"data": {"text": "hello", "photo": "x/a.png"}}) == "x/a.png"


def test_a_prediction_is_read_without_an_annotation_and_further_annotations_are_told(tmp_path):
    box = result("rectanglelabels", RECTANGLE, score=0.75)
    read = loaded(tmp_path, [task(predictions=[{"result": [box]}])])
    assert read.objects[0].foreign == {"score": 0.75}
    two = {"data": {"image": "a.png"}, "annotations": [{"result": [box]}, {"result": [box]}]}
    assert "annotations of the picture in the file are left out: 1" in loaded(tmp_path, [two]).sentences[0]
    given_up = {"data": {"image": "a.png"}, "annotations": [{"result": [box], "was_cancelled": True}]}
    with pytest.raises(MaskFileError, match="0 objects"):
        loaded(tmp_path, [given_up])


GOOD = packed(np.eye(HEIGHT, WIDTH, dtype=bool)).tolist()
DAMAGED = {
    "too short": GOOD[: len(GOOD) // 2],
    "of another size": packed(np.ones((4, 4), bool)).tolist(),
    "no bytes": [*GOOD[:-1], 300],
    "text": "rle",
    "empty": [],
    "nested": [[1, 2], [3, 4]],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_brush_is_counted_and_the_others_are_read(name, tmp_path):
    brush = result("brushlabels", {"format": "rle", "rle": DAMAGED[name], "brushlabels": ["cat"]}, id="2")
    read = loaded(tmp_path, [task(result("rectanglelabels", RECTANGLE), brush)])
    assert len(read.objects) == 1 and read.sentences == [
        "Shapes that are damaged or have no area are left out: 1."
    ]


def brush_of(*runs):
    """A brush from (whether it repeats, values) each, of 8 bits, as Label Studio packs them."""
    header = [(HEIGHT * WIDTH * 4, 32), (7, 5), *[(15, 4)] * 4]
    bits = "".join(f"{number:0{width}b}" for number, width in header)
    for repeats, length, *values in runs:
        bits += f"{repeats:b}00{length - 1:016b}" + "".join(f"{value:08b}" for value in values)
    packed_bits = np.packbits(np.array([*bits], np.uint8)).tolist()
    return result("brushlabels", {"format": "rle", "rle": packed_bits, "brushlabels": ["cat"]})


def test_a_coloured_brush_is_read_by_its_opacity(tmp_path):
    begin = 4 * WIDTH + 2  # within the first pixel of the second row
    values = [0, 0, *(value for opacity in (255, 127, 128) for value in (9, 200, 90, opacity))]
    left = HEIGHT * WIDTH * 4 - begin - len(values)
    brush = brush_of((True, begin, 0), (False, len(values), *values), (True, left, 200))
    (found,) = loaded(tmp_path, [task(brush)]).objects
    expected = np.ones((HEIGHT, WIDTH), bool)
    expected[0] = False
    expected[1, [0, 2]] = False
    assert np.array_equal(found.mask.pixels, expected)


def test_brushes_that_take_too_long_together_are_refused(tmp_path, monkeypatch):
    brush = result("brushlabels", {"format": "rle", "rle": GOOD, "brushlabels": ["line"]})
    brushes = [{**brush, "id": str(number)} for number in range(4)]
    monkeypatch.setattr("cfr_icl.annotate.imports.label_studio.MOST_STEPS", 500)
    assert len(loaded(tmp_path, [task(*brushes[:1])]).objects) == 1
    with pytest.raises(MaskFileError, match="too many details"):
        loaded(tmp_path, [task(*brushes)])


def test_a_picture_of_another_size_is_refused(tmp_path):
    with pytest.raises(MaskFileError, match="Label Studio file the picture is 7 x 90"):
        loaded(tmp_path, [task(result("rectanglelabels", RECTANGLE, original_width=7))])


def test_the_tasks_of_a_file_fill_a_folder(picture, tmp_path):
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(picture).save(tmp_path / "images" / name)
    folder = Folder(tmp_path / "images", tmp_path / "work")
    brush = result("brushlabels", {"format": "rle", "rle": GOOD, "brushlabels": ["line"]})
    tasks = [task(brush), task(image="b.png"), task(brush, image="c.png"), task(brush, image="x.png")]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    source = Source(folder, {"tasks.json": tmp_path / "tasks.json"})
    assert list(source.pictures) == ["a.png", "c.png"] and source.unknown == 1
    assert fill(folder, source, "1").objects == 2
    (instance,) = folder.work.load("c.png").document.instances
    assert instance.label == "line" and instance.mask.area == HEIGHT
