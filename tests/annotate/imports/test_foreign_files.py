"""COCO, labelme and YOLO files of other tools: good entries are read, odd ones reported, none lost."""

import base64
import copy
import io
import json
import unicodedata
import zipfile

import numpy as np
import orjson
import pytest
from PIL import Image
from pycocotools import mask as coco

from cfr_icl.annotate.exports import export
from cfr_icl.annotate.imports import LoadedMasks, LoadedObject, MaskFileError, load_masks
from cfr_icl.annotate.imports.additions import with_loaded
from cfr_icl.annotate.imports.shapes import clipped, filled_areas
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.document import Document
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.saved import store
from tests.loaded import add_masks, read_objects

SIZE = HEIGHT, WIDTH = 90, 120
BASE = {
    "images": [{"id": 1, "file_name": "a.png", "height": 90, "width": 120}],
    "categories": [{"id": 1, "name": "cat"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[10, 10, 50, 10, 50, 40, 10, 40]]}
    ],
}
CAT, TWO_CATS = [("cat", 1200)], [("cat", 1200), ("cat", 400)]
SMALL = [60, 20, 80, 20, 80, 40, 60, 40]


def more(**fields):
    entry = {"id": 2, "image_id": 1, "category_id": 1, "bbox": [60, 20, 20, 20], **fields}
    return lambda data: data["annotations"].append(entry)


def images(*names):
    entries = [{"id": n, "file_name": name, "height": 90, "width": 120} for n, name in enumerate(names, 1)]
    return lambda data: data.update(images=entries)


def image(**fields):
    return lambda data: data["images"][0].update(fields)


def without(*keys):
    return lambda data: [data["images"][0].pop(key) for key in keys]


def entry(**fields):
    return lambda data: data["annotations"][0].update(fields)


RUNS = [100, 50, 90 * 120 - 150]
CHANGES = {
    "as it is": (lambda data: None, CAT),
    "a box alone": (more(segmentation=[]), CAT),
    "a box without the key": (more(), CAT),
    "null": (more(segmentation=None), CAT),
    "two points": (more(segmentation=[[60, 20, 80, 40]]), CAT),
    "a crumb beside a polygon": (more(segmentation=[SMALL, [61, 21, 62, 22]]), TWO_CATS),
    "a flat polygon": (more(segmentation=SMALL), TWO_CATS),
    "points": (more(segmentation=[[60, 20], [80, 20], [80, 40], [60, 40]]), TWO_CATS),
    "points in a list": (more(segmentation=[[[60, 20], [80, 20], [80, 40], [60, 40]]]), TWO_CATS),
    "an odd number": (more(segmentation=[[60, 20, 80, 20, 80, 40, 60]]), CAT),
    "text for numbers": (more(segmentation=[["a", 20, 80, 20, 80, 40]]), CAT),
    "a text": (more(segmentation="polygon"), CAT),
    "NaN in a polygon": (more(segmentation=[[60, 20, float("nan"), 20, 80, 40]]), CAT),
    "run lengths": (more(segmentation={"size": [90, 120], "counts": RUNS}), [*CAT, ("cat", 50)]),
    "run lengths as text": (more(segmentation={"size": ["90", "120"], "counts": RUNS}), [*CAT, ("cat", 50)]),
    "run lengths of another size": (more(segmentation={"size": [9, 12], "counts": RUNS}), CAT),
    "run lengths too long": (more(segmentation={"size": [90, 120], "counts": [1, 10**9]}), CAT),
    "run lengths that break off": (more(segmentation={"size": [90, 120], "counts": "oooo"}), CAT),
    "run lengths in a list": (
        more(segmentation=[{"size": [90, 120], "counts": RUNS}]),
        [*CAT, ("cat", 50)],
    ),
    "points with names": (
        more(segmentation=[[{"x": x, "y": y} for x, y in ((60, 20), (80, 20), (80, 40), (60, 40))]]),
        TWO_CATS,
    ),
    "closed": (more(segmentation=[SMALL + SMALL[:2]]), TWO_CATS),
    "numbers as text": (more(segmentation=[list(map(str, SMALL))]), TWO_CATS),
    "no pictures": (lambda data: data.pop("images"), CAT),
    "an address": (images("https://host/x/a.png?sig=1", "https://host/b.png"), CAT),
    "an escaped name": (images("%61.png", "b.png"), CAT),
    "Roboflow": (
        lambda data: (
            images("a_png.rf.0123456789abcdef.jpg", "b_png.rf.0123456789abcdef.jpg")(data),
            image(extra={"name": "a.png"})(data),
        ),
        CAT,
    ),
    "outside the picture": (more(segmentation=[[200, 200, 300, 200, 300, 300]]), CAT),
    "another picture's": (more(image_id=2, segmentation=[SMALL]), CAT),
    "ids as text": (more(image_id="1", category_id="1", segmentation=[SMALL]), TWO_CATS),
    "ids as floats": (
        lambda data: (image(id=1.0)(data), more(category_id=1.0, segmentation=[SMALL])(data)),
        TWO_CATS,
    ),
    "a picture listed twice": (images("a.png", "a.png", "b.png"), CAT),
    "no entry": (lambda data: data["annotations"].extend([None, 7, "x", []]), CAT),
    "an unknown category": (more(category_id=9, segmentation=[SMALL]), [*CAT, (None, 400)]),
    "a category without name": (lambda data: data["categories"].append({"id": 2}), CAT),
    "categories that are none": (
        lambda data: data.update(categories=[None, 1, {"name": "x"}]),
        [(None, 1200)],
    ),
    "no categories": (lambda data: data.pop("categories"), [(None, 1200)]),
    "a category's line break": (
        lambda data: data["categories"][0].update(name="big\ncat"),
        [("big cat", 1200)],
    ),
    "no sizes": (without("height", "width"), CAT),
    "sizes as text": (image(height="90", width="120"), CAT),
    "sizes as floats": (image(height=90.0, width=120.0), CAT),
    "area NaN": (entry(area=float("nan")), CAT),
    "infinity": (entry(area=float("inf")), CAT),
    "images that are none": (lambda data: data["images"].extend([None, 5]), CAT),
    "another name": (image(file_name="b.png"), CAT),
    "no name": (without("file_name"), CAT),
    "Windows paths": (images("images\\a.png", "images\\b.png"), CAT),
    "sub-folders": (images("train/a.png", "train/b.png"), CAT),
    "a dot": (images("./a.png", "./b.png"), CAT),
    "capitals": (images("A.PNG", "b.png"), CAT),
    "another ending": (images("a.jpg", "b.jpg"), CAT),
    "Label Studio": (
        images("../../label-studio/data/media/upload/1/0a1b2c3d-a.png", "x/4e5f6a7b-b.png"),
        CAT,
    ),
    "CVAT": (
        lambda data: (
            images("default/a.png", "default/b.png")(data),
            entry(attributes={"occluded": False})(data),
        ),
        CAT,
    ),
}


def stored(folder, data, encoding="utf-8"):
    path = folder / "x.json"
    path.write_text(json.dumps(data, ensure_ascii=False), encoding=encoding)
    return path


def test_an_id_of_two_pictures_is_refused(tmp_path):
    data = copy.deepcopy(BASE)
    data["images"].append({"id": 1, "file_name": "b.png"})
    with pytest.raises(MaskFileError, match="gives several pictures the id 1"):
        load_masks(stored(tmp_path, data), "a.png", SIZE)


@pytest.mark.parametrize("kind", CHANGES)
def test_odd_coco_files_are_read(kind, tmp_path):
    change, expected = CHANGES[kind]
    data = copy.deepcopy(BASE)
    change(data)
    loaded = load_masks(stored(tmp_path, data), "a.png", SIZE)
    assert [(each.label, each.mask.area) for each in loaded.objects] == expected
    good = len(expected)
    entries = [
        each for each in data["annotations"] if isinstance(each, dict) and str(each["image_id"]) == "1"
    ]
    assert bool(loaded.sentences) == (len(entries) > good)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_files_with_a_byte_order_mark_are_read(encoding, tmp_path):
    assert len(read_objects(stored(tmp_path, BASE, encoding), "a.png", SIZE)) == 1


@pytest.mark.parametrize(("name", "forms"), [("Müller.png", ("NFC", "NFD")), ("が.png", ("NFD", "NFC"))])
def test_composed_and_decomposed_names_are_equal(name, forms, tmp_path):
    data = copy.deepcopy(BASE)
    images(unicodedata.normalize(forms[0], name), "b.png")(data)
    assert len(read_objects(stored(tmp_path, data), unicodedata.normalize(forms[1], name), SIZE)) == 1


def test_equal_names_in_sub_folders_are_distinguished(tmp_path):
    data = copy.deepcopy(BASE)
    images("x/a.png", "y/a.png")(data)
    more(image_id=2, segmentation=[SMALL])(data)
    path = stored(tmp_path, data)
    assert [mask.area for _, mask in read_objects(path, "x/a.png", SIZE)] == [1200]
    assert [mask.area for _, mask in read_objects(path, "y/a.png", SIZE)] == [400]
    assert [mask.area for _, mask in read_objects(path, "photos/y/a.png", SIZE)] == [400]
    with pytest.raises(MaskFileError, match=r"2 pictures named 'a\.png'"):
        read_objects(path, "a.png", SIZE)


def test_a_detectors_results_are_those_of_this_picture_if_they_are_of_one(tmp_path):
    results = [{**BASE["annotations"][0], "image_id": 7, "score": 0.9}]
    assert len(read_objects(stored(tmp_path, results), "a.png", SIZE)) == 1
    with pytest.raises(MaskFileError, match="0 pictures"):
        read_objects(stored(tmp_path, [*results, {**results[0], "image_id": 8}]), "a.png", SIZE)


def test_entries_that_are_left_out_are_counted(tmp_path):
    data = copy.deepcopy(BASE)
    for change in (
        more(),
        more(segmentation=[]),
        more(segmentation="x"),
        more(segmentation=[[100, 10, 160, 45, 100, 80]]),
    ):
        change(data)
    loaded = load_masks(stored(tmp_path, data), "a.png", SIZE)
    assert loaded.sentences == [
        "Objects with a box alone are left out: 2.",
        "Objects whose mask is damaged or empty are left out: 1.",
        "Objects that leave the picture are cut at its border: 1.",
    ]


@pytest.mark.parametrize(
    ("categories", "label", "sentences"),
    [
        ([{"id": 1, "name": "dog"}], "dog", ["have several names; the objects have the last one: dog."]),
        ([{"id": 1.0, "name": "cat"}, {"id": 5, "name": "a"}, {"id": 5, "name": "b"}], "cat", []),
    ],
)
def test_a_category_of_two_names_is_told_if_an_object_has_it(categories, label, sentences, tmp_path):
    data = copy.deepcopy(BASE)
    data["categories"] += categories
    loaded = load_masks(stored(tmp_path, data), "a.png", SIZE)
    assert [each.label for each in loaded.objects] == [label]
    assert [each[-len(end) :] for each, end in zip(loaded.sentences, sentences, strict=True)] == sentences


POLYGONS = {
    "triangle": [-50, 10, 50, 60, -50, 80],
    "diamond": [100, 10, 160, 45, 100, 80, 60, 45],
    "all around": [-100, -100, 300, -100, 300, 300, -100, 300],
    "a corner": [-30, 40, 40, -30, 60, 60],
    "a spike from far": [60, 45, 100000, 44, 100000, 46],
    "a comb": [100, 10, 140, 10, 140, 20, 110, 20, 110, 30, 140, 30, 140, 40, 100, 40],
    "just outside": [20, 20, 120.4, 20, 120.4, 60, 20, 60],
}


@pytest.mark.parametrize("kind", POLYGONS)
def test_polygons_that_leave_the_picture_are_clipped_as_areas(kind):
    ring = np.array(POLYGONS[kind], float).reshape(-1, 2)
    wide = np.clip(ring, -2000, 2000) + 2000
    whole = coco.decode(coco.frPyObjects([wide.reshape(-1).tolist()], 4090, 4120)[0])
    expected = whole[2000:2090, 2000:2120].astype(bool)
    found = filled_areas([ring], SIZE).pixels
    difference = (found ^ expected).sum()
    assert difference <= (200 if kind == "a spike from far" else 3)


def test_clipping_keeps_what_is_inside():
    ring = np.array([[10, 10], [50, 10], [50, 40]], float)
    assert np.array_equal(clipped(ring, SIZE), ring)
    assert len(clipped(ring + 1000, SIZE)) == 0


def test_ids_and_attributes_are_kept_through_a_round_trip(session, tmp_path):
    data = {
        "images": [{"id": 42, "file_name": "squares.png", "height": 90, "width": 120, "license": 3}],
        "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}, {"id": 3, "name": "car"}],
        "annotations": [
            {
                **{
                    "id": 501,
                    "image_id": 42,
                    "category_id": 18,
                    "iscrowd": 1,
                    "attributes": {"occluded": True},
                },
                "segmentation": {"size": [90, 120], "counts": RUNS},
            },
            {"id": 7, "image_id": 42, "category_id": 3, "segmentation": [SMALL], "score": 0.5},
        ],
    }
    session.add_loaded(load_masks(stored(tmp_path, data), "squares.png", SIZE))
    session.paint([(5, 5), (9, 5)], 3, add=True)
    for format in ("coco", "coco-polygons"):
        picture = AnnotatedPicture("squares.png", SIZE, session.document, lambda: session.picture)
        (content,) = export(format, [picture]).values()
        again = json.loads(content)
        one, two, three = again["annotations"]
        assert again["images"][0]["id"] == 42 and again["images"][0]["license"] == 3
        assert {key: one[key] for key in ("id", "image_id", "category_id", "iscrowd", "attributes")} == {
            **{"id": 501, "image_id": 42, "category_id": 18, "iscrowd": 1, "attributes": {"occluded": True}}
        }
        assert (two["id"], two["category_id"], two["score"], two["iscrowd"]) == (7, 3, 0.5, 0)
        assert three["id"] not in (501, 7) and three["image_id"] == 42
        assert again["categories"][0] == {"id": 18, "name": "dog", "supercategory": "animal"}
        assert one["segmentation"]["size"] == [90, 120]
        assert len(read_objects(stored(tmp_path, again), "squares.png", SIZE)) == 3


def test_loaded_objects_are_marked_where_they_overlap_earlier_ones():
    def loaded(*places):
        masks = np.zeros((len(places), *SIZE), bool)
        for mask, place in zip(masks, places, strict=True):
            mask[place] = True
        return LoadedMasks([LoadedObject(Mask.of(mask)) for mask in masks])

    first, over, apart, empty = np.s_[0:9, 0:9], np.s_[8:20, 8:20], np.s_[40:50, 0:90], np.s_[0:0, 0:0]
    document = with_loaded(Document(), loaded(first, over, apart, empty), SIZE)
    document = with_loaded(document, loaded(np.s_[30:41, 89:100], np.s_[60:70, 0:90]), SIZE)
    assert [each.overlap for each in document.instances] == [False, True, False, False, True, False]


def test_clashing_ids_are_replaced():
    def picture(name, id):
        mask = Mask.of(np.eye(90, 120, dtype=bool))
        from cfr_icl.annotate.objects.document import Instance

        instance = Instance(1, "cat", "#3b82f6", mask, mask, foreign={"id": 5})
        return AnnotatedPicture(name, SIZE, Document((instance,), foreign={"id": id}), None)

    (content,) = export("coco", [picture("a.png", 1), picture("b.png", 1), picture("c.png", 9)]).values()
    data = json.loads(content)
    assert len({each["id"] for each in data["images"]}) == 3 and data["images"][2]["id"] == 9
    assert len({each["id"] for each in data["annotations"]}) == 3


def test_large_foreign_entries_do_not_grow_the_session(tmp_path):
    data = copy.deepcopy(BASE)
    entry(note="x" * 100_000, attributes={"occluded": True})(data)
    (loaded,) = load_masks(stored(tmp_path, data), "a.png", SIZE).objects
    assert loaded.foreign == {"id": 1, "attributes": {"occluded": True}}


def test_hostile_foreign_entries_stay_harmless(session, tmp_path):
    deep = {"a": None}
    for _ in range(100):
        deep = {"a": deep}
    data = copy.deepcopy(BASE)
    entry(id=10**30, note="half \ud800", score=float("inf"), deep=deep, attributes={"ok": [1, "é", None]})(
        data
    )
    path = tmp_path / "x.json"
    path.write_text(json.dumps(data))
    session.add_loaded(load_masks(path, "a.png", SIZE))
    (instance,) = session.document.instances
    assert instance.foreign == {"id": None, "note": "half ?", "attributes": {"ok": [1, "é", None]}}
    orjson.dumps(store.to_json(session.document, "a.png", SIZE))
    again = store.from_json(json.loads(store.encode(store.to_json(session.document, "a.png", SIZE))), SIZE)
    assert again == session.document
    picture = AnnotatedPicture("a.png", SIZE, again, lambda: session.picture)
    (content,) = export("coco", [picture]).values()
    assert json.loads(content)["annotations"][0]["id"] == 1


# ---- labelme


def png(mask):
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def shape(points, kind="polygon", label="cat", **fields):
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}, **fields}


SQUARE = [[10, 10], [49, 10], [49, 39], [10, 39]]
SHAPES = {
    "a polygon": ([shape(SQUARE)], [("cat", 1200)]),
    "without a type": ([{"label": "cat", "points": SQUARE}], [("cat", 1200)]),
    "a rectangle": ([shape([[10, 10], [49, 39]], "rectangle")], [("cat", 1200)]),
    "a rectangle from below": ([shape([[49, 39], [10, 10]], "rectangle")], [("cat", 1200)]),
    "a circle": ([shape([[60, 45], [60, 65]], "circle")], [("cat", 1300)]),
    "a mask": ([shape([[10, 10], [19, 14]], "mask", mask=png(np.ones((5, 10)) * 255))], [("cat", 50)]),
    "a mask of one pixel": ([shape([[10, 10], [10, 10]], "mask", mask=png(np.ones((1, 1))))], [("cat", 1)]),
    "a group": (
        [shape(SQUARE, group_id=1), shape([[60, 10], [79, 10], [79, 29], [60, 29]], group_id=1)],
        [("cat", 1600)],
    ),
    "two groups": ([shape(SQUARE, group_id=1), shape(SQUARE, group_id=2)], [("cat", 1200)] * 2),
    "one number, two labels": (
        [shape(SQUARE, group_id=1), shape(SQUARE, label="dog", group_id=1)],
        [("cat", 1200), ("dog", 1200)],
    ),
    "over the border": ([shape([[-50, 10], [49, 10], [49, 39], [-50, 39]])], [("cat", 1500)]),
    "a line and a point beside it": (
        [shape(SQUARE), shape([[1, 1], [9, 9]], "line"), shape([[1, 1]], "point")],
        [("cat", 1200)],
    ),
    "damaged ones beside it": (
        [shape(SQUARE), None, {}, shape("x"), shape([[1, None]] * 3), shape([[0, 0]], "mask", mask="?")],
        [("cat", 1200)],
    ),
    "X-AnyLabeling, a turned rectangle": ([shape(SQUARE, "rotation", direction=0.3)], [("cat", 1200)]),
    "no label": ([shape(SQUARE, label=None)], [(None, 1200)]),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_labelme_files_are_read(kind, tmp_path):
    shapes, expected = SHAPES[kind]
    path = stored(tmp_path, {"shapes": shapes, "imagePath": "a.png", "imageHeight": 90, "imageWidth": 120})
    loaded = load_masks(path, "a.png", SIZE)
    for found, (label, area) in zip(loaded.objects, expected, strict=True):
        assert found.label == label and abs(found.mask.area - area) <= area * 0.04
    assert bool(loaded.sentences) == ("beside it" in kind)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"shapes": []}, "0 objects"),
        ({"shapes": [shape(SQUARE)], "imageHeight": 9, "imageWidth": 9}, "9 x 9"),
    ],
)
def test_other_labelme_files_are_refused(data, sentence, tmp_path):
    with pytest.raises(MaskFileError, match=sentence):
        load_masks(stored(tmp_path, data), "a.png", SIZE)


# ---- YOLO

CORNERS = "0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5"
LINES = {
    "a polygon": (f"0 {CORNERS}\n", [("cat", 48 * 36)], False),
    "names by number": (f"1 {CORNERS}\n7 {CORNERS}\n", [("dog", 48 * 36), ("class 7", 48 * 36)], False),
    "Windows lines, empty ones": (f"\ufeff0 {CORNERS}\r\n\r\n", [("cat", 48 * 36)], False),
    "a float class": (f"0.0 {CORNERS}\n", [("cat", 48 * 36)], False),
    "a class by its name": (f"dog {CORNERS}\n", [("dog", 48 * 36)], False),
    "commas": (f"0,{CORNERS.replace(' ', ',')}\n", [("cat", 48 * 36)], False),
    "decimal commas": (f"0 {CORNERS.replace('.', ',')}\n", [("cat", 48 * 36)], False),
    "a detector's": (f"0 {CORNERS} 0.93\n", [("cat", 48 * 36)], False),
    "a box": (f"0 {CORNERS}\n0 0.5 0.5 0.2 0.2\n", [("cat", 48 * 36)], True),
    "damaged ones": (
        f"0 {CORNERS}\nx {CORNERS}\n0 0.1 0.2 0.3\n0 nan 0 0 0 1 1\n-1 {CORNERS}\n",
        [("cat", 48 * 36)],
        True,
    ),
    "pixels": (f"0 {CORNERS}\n0 10 10 50 10 50 50\n", [("cat", 48 * 36)], True),
    "over the border": ("0 0.5 0.5 1.5 0.5 1.5 0.75 0.5 0.75\n", [("cat", 60 * 23)], True),
    "outside": (f"0 {CORNERS}\n0 1.5 0.5 1.9 0.5 1.9 0.9\n", [("cat", 48 * 36)], True),
}


@pytest.mark.parametrize("kind", LINES)
def test_yolo_files_are_read(kind, tmp_path):
    text, expected, told = LINES[kind]
    path = tmp_path / "a.txt"
    path.write_text(text)
    loaded = load_masks(path, "a.png", SIZE, classes=["cat", "dog"])
    for found, (label, area) in zip(loaded.objects, expected, strict=True):
        assert found.label == label and abs(found.mask.area - area) <= area * 0.06
    assert bool(loaded.sentences) == told


@pytest.mark.parametrize("text", ["", "hello\n", "0 0.5 0.5 0.2 0.2\n", "\0\0"])
def test_other_text_files_are_refused(text, tmp_path):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(MaskFileError):
        load_masks(tmp_path / "a.txt", "a.png", SIZE)


# ---- CVAT

POLYGON = '<polygon label="cat" occluded="1" points="10,10;50,10;50,40;10,40"/>'
OF_CVAT = {
    "a polygon": (POLYGON, [("cat", 1200)]),
    "a box": ('<box label="cat" xtl="10" ytl="10" xbr="50" ybr="40"/>', [("cat", 1200)]),
    "a mask": (
        '<mask label="dog" rle="1, 3, 2" left="7" top="8" width="3" height="2">'
        '<attribute name="age">3</attribute></mask>',
        [("dog", 3)],
    ),
    "a turned box": (
        '<box label="cat" xtl="10" ytl="20" xbr="50" ybr="40" rotation="90.0"/>',
        [("cat", 800)],
    ),
    "an ellipse": ('<ellipse label="cat" cx="60" cy="45" rx="30" ry="20"/>', [("cat", 1890)]),
    "a turned ellipse": (
        '<ellipse label="cat" cx="60" cy="45" rx="40" ry="10" rotation="90"/>',
        [("cat", 1262)],
    ),
    "tags": (POLYGON + '<tag label="good"/>', [("cat", 1200)]),
    "a line and a point beside it": (
        POLYGON + '<polyline label="cat" points="1,1;9,9"/><points label="cat" points="1,1"/>',
        [("cat", 1200)],
    ),
    "damaged ones beside it": (
        POLYGON + '<polygon label="cat" points="1,1;x,3"/><polygon points="1,nan;1,2;3,3"/><box xtl="1"/>'
        '<mask rle="1, 9999999999999999999" left="0" top="0" width="9" height="9"/>'
        '<mask rle="-1, 7" left="0" top="0" width="2" height="3"/>'
        '<mask rle="6" left="119" top="0" width="2" height="3"/>',
        [("cat", 1200)],
    ),
}


def cvat_file(folder, shapes, name="a.png", before="", width=120):
    path = folder / "annotations.xml"
    path.write_text(
        f"{before}<annotations><meta><task><labels><label><name>bird</name></label></labels></task></meta>"
        f'<image id="0" name="{name}" width="{width}" height="90">{shapes}</image>'
        '<image id="1" name="other.png" width="9" height="9"/></annotations>'
    )
    return path


@pytest.mark.parametrize("kind", OF_CVAT)
def test_cvat_files_are_read(kind, tmp_path):
    shapes, expected = OF_CVAT[kind]
    loaded = load_masks(cvat_file(tmp_path, shapes), "x/a.png", SIZE)
    for found, (label, area) in zip(loaded.objects, expected, strict=True):
        assert found.label == label and found.mask.area == area
    assert bool(loaded.sentences) == ("beside it" in kind)
    assert [label.name for label in loaded.labels] == ["bird"]
    told = {"cat": {"occluded": True}, "dog": {"age": "3"}}[loaded.objects[0].label]
    tells = "occluded" in shapes or "attribute" in shapes
    assert loaded.objects[0].foreign == ({"attributes": told} if tells else None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"shapes": ""}, "0 objects"),
        ({"width": 9}, "9 x 90"),
        ({"name": "b.png"}, "no picture 'a.png'"),
        ({"before": '<!DOCTYPE x [<!ENTITY y "z">]>'}, "damaged"),
        ({"before": "<"}, "damaged"),
        ({"shapes": POLYGON * 1001}, "more than 1000"),
    ],
)
def test_other_cvat_files_are_refused(changes, sentence, tmp_path):
    with pytest.raises(MaskFileError, match=sentence):
        load_masks(cvat_file(tmp_path, **{"shapes": POLYGON, **changes}), "a.png", SIZE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_entities_are_refused_in_every_encoding(encoding, tmp_path):
    before = f'<?xml version="1.0" encoding="{encoding[:6].rstrip("-")}"?>\n'
    path = cvat_file(tmp_path, POLYGON, before=before)
    plain = path.read_text()
    path.write_text(plain, encoding=encoding)
    assert load_masks(path, "a.png", SIZE).objects
    grown = plain.replace("<annotations>", '<!DOCTYPE x [<!ENTITY y "cat">]><annotations>', 1)
    path.write_text(grown.replace("bird", "&y;"), encoding=encoding)
    with pytest.raises(MaskFileError, match="damaged"):
        load_masks(path, "a.png", SIZE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("<annotation><object/></annotation>", "Pascal VOC"), ("<svg/>", "not one of CVAT")],
)
def test_other_xml_files_are_refused(content, sentence, tmp_path):
    (tmp_path / "a.xml").write_text(content)
    with pytest.raises(MaskFileError, match=sentence):
        load_masks(tmp_path / "a.xml", "a.png", SIZE)


@pytest.mark.parametrize("name", ["a.png", "x/a.png", "Müller.png"])
@pytest.mark.parametrize(
    "format",
    ["coco", "coco-polygons", "labelme", "yolo", "cvat", "label_studio", "indexed", "masks", "cutouts"],
)
def test_our_own_exports_are_loaded_again(format, name, session, tmp_path):
    ring = np.hypot(*(np.mgrid[:90, :120] - np.array([45, 60])[:, None, None]))
    masks = (
        [(ring < 40) & (ring > 20), ring < 15]
        if format not in ("masks", "cutouts")
        else [(ring < 40) & (ring > 20)]
    )
    session.open(np.zeros((90, 120, 3), np.uint8), name)
    add_masks(session, [("cat", Mask.of(mask)) for mask in masks])
    pictures = [
        AnnotatedPicture(each, SIZE, session.document, lambda: session.picture) for each in (name, "b/a.png")
    ]
    files = export(format, pictures, detail=0)
    stem = name.rsplit(".", 1)[0]
    path = next(
        path
        for path in files
        if path.endswith(
            (f"{stem}.json", f"{stem}.txt", f"{stem}.png", "annotations.json", "tasks.json", ".xml")
        )
        or f"{stem}_1_" in path
    )
    target = tmp_path / path.replace("/", "_")
    target.write_bytes(files[path])
    loaded = load_masks(target, name, SIZE)
    assert len(loaded.objects) == len(masks)
    for found, mask in zip(loaded.objects, masks, strict=True):
        pixels = found.mask.pixels
        assert (pixels & mask).sum() / (pixels | mask).sum() > 0.97


def test_a_zip_is_to_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "masks.zip", "w") as archive:
        archive.writestr("mask.png", b"")
    with pytest.raises(MaskFileError, match="Unpack this zip"):
        load_masks(tmp_path / "masks.zip", "a.png", SIZE)
