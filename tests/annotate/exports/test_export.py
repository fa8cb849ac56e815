"""What is exported is read back by the field's own readers as the same masks."""

import io
import json
import re
import sys
import zipfile
from dataclasses import replace
from unittest.mock import MagicMock, patch
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from cfr_icl.annotate.exports import FORMATS, export, export_warnings
from cfr_icl.annotate.exports.archive import zipped
from cfr_icl.annotate.exports.png import indexed_png
from cfr_icl.annotate.imports import MaskFileError, load_masks
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.clicks import Click
from cfr_icl.evaluation.metrics import iou
from tests.loaded import add_masks, coco_objects, read_objects

HEIGHT, WIDTH = 120, 160
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]
DISK = np.hypot(ROWS - 40, COLUMNS - 40) < 30
RING = (np.hypot(ROWS - 70, COLUMNS - 110) < 40) & ~(np.hypot(ROWS - 70, COLUMNS - 110) < 15)
PARTS = ((ROWS > 100) & (ROWS < 117) & (COLUMNS > 5) & (COLUMNS < 30)) | (
    (ROWS > 85) & (ROWS < 110) & (COLUMNS > 45) & (COLUMNS < 65)
)
MASKS = {"disk": DISK, "ring": RING, "parts": PARTS}


@pytest.fixture
def annotated(session):
    session.open(np.zeros((HEIGHT, WIDTH, 3), np.uint8) + np.uint8(90), "photo.jpg")
    add_masks(session, [(label, Mask.of(mask)) for label, mask in MASKS.items()])
    return AnnotatedPicture("photo.jpg", session.size, session.document, lambda: session.picture)


def opened(content):
    return np.array(Image.open(io.BytesIO(content)))


def through_pycocotools(content, tmp_path):
    path = tmp_path / "coco.json"
    path.write_bytes(content)
    coco = COCO(str(path))
    names = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
    return {names[a["category_id"]]: coco.annToMask(a).astype(bool) for a in coco.loadAnns(coco.getAnnIds())}


def test_coco_run_lengths_are_exact_with_holes_and_parts(annotated, tmp_path):
    read = through_pycocotools(export("coco", [annotated])["annotations.json"], tmp_path)
    assert all(np.array_equal(read[name], mask) for name, mask in MASKS.items())


@pytest.mark.parametrize(("detail", "at_least"), [(0, 1.0), (1, 0.98)])
def test_coco_polygons_hold_holes_and_parts(annotated, tmp_path, detail, at_least):
    content = export("coco-polygons", [annotated], detail)["annotations.json"]
    read = through_pycocotools(content, tmp_path)
    assert all(iou(read[name], mask) >= at_least for name, mask in MASKS.items())


def test_fewer_vertices_with_less_detail(annotated):
    sizes = [len(export("coco-polygons", [annotated], detail)["annotations.json"]) for detail in (0, 1, 4)]
    assert sizes[0] > sizes[1] > sizes[2]


def test_a_coco_file_imported_exported_and_imported_again_is_unchanged(annotated, session):
    first = export("coco", [annotated])["annotations.json"]
    objects = coco_objects(json.loads(first), "photo.jpg", session.size)
    session.open(session.picture, "photo.jpg")
    add_masks(session, objects)
    again = AnnotatedPicture("photo.jpg", session.size, session.document, lambda: session.picture)
    second = export("coco", [again])["annotations.json"]
    assert coco_objects(json.loads(second), "photo.jpg", session.size) == objects
    one, two = json.loads(first), json.loads(second)
    assert one["annotations"] == two["annotations"] and one["images"] == two["images"]


def test_yolo_files_give_the_masks_by_ultralytics_rules(annotated):
    """The rules of ultralytics.data.utils.verify_image_label and polygon2mask, told again here."""
    files = export("yolo", [annotated])
    described = files["data.yaml"].decode()
    names = dict(re.findall(r'^  (\d+): "(.+)"$', described, re.MULTILINE))
    assert described.startswith("train: images\nval: images\nnames:\n")  # no path: beside the file
    rows = [line.split() for line in files["labels/photo.txt"].decode().splitlines()]
    assert len(rows) == len({" ".join(row) for row in rows}) == len(MASKS)
    for label, *numbers in rows:
        assert len(numbers) >= 6 and len(numbers) % 2 == 0  # else it is taken for a box
        points = np.array(numbers, np.float32).reshape(-1, 2)
        assert points.min() >= 0 and points.max() <= 1
        canvas = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.fillPoly(canvas, [np.asarray(points * [WIDTH, HEIGHT], dtype=np.int32)], 1)
        assert iou(canvas.astype(bool), MASKS[names[label]]) >= 0.98


def test_a_yolo_export_tells_of_parts_that_it_joins_by_lines_where_masks_change(annotated, session):
    """Two specks far apart become mostly the line between them; large parts and rings hardly change."""
    said = []
    export("yolo", [annotated], sentences=said)
    assert said == []
    specks = np.zeros((HEIGHT, WIDTH), bool)
    specks[10:13, 20:23] = specks[10:13, 60:63] = True
    add_masks(session, [("specks", Mask.of(specks))])
    files = export("yolo", [replace(annotated, document=session.document)], sentences=said)
    *_, line = files["labels/photo.txt"].decode().splitlines()
    points = np.array(line.split()[1:], np.float32).reshape(-1, 2)
    canvas = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(canvas, [np.asarray(points * [WIDTH, HEIGHT], dtype=np.int32)], 1)
    (sentence,) = said
    assert "joins the parts" in sentence and "0.9 with their mask: 1;" in sentence
    assert f"{iou(canvas.astype(bool), specks):.2f}, in photo.jpg" in sentence


@pytest.mark.parametrize("format", ["coco", "coco-polygons", "labelme"])
def test_formats_that_keep_parts_apart_tell_of_none(format, session):
    specks = np.zeros((HEIGHT, WIDTH), bool)
    specks[10:13, 20:23] = specks[10:13, 60:63] = True
    session.open(np.zeros((HEIGHT, WIDTH, 3), np.uint8), "photo.jpg")
    add_masks(session, [("specks", Mask.of(specks))])
    said = []
    picture = AnnotatedPicture("photo.jpg", session.size, session.document, lambda: session.picture)
    export(format, [picture], sentences=said)
    assert said == []


@pytest.fixture(scope="module")
def labelme():
    """labelme's own reader; what only its windows and networks need is left out."""
    unused = "PyQt5 PyQt5.QtCore PyQt5.QtGui PyQt5.QtWidgets onnxruntime imgviz imgviz.io loguru tifffile"
    with patch.dict(sys.modules, {name: MagicMock() for name in unused.split()}):
        import labelme  # pip install --no-deps -r tests/readers.txt

        yield labelme


def test_labelme_reads_the_masks_with_holes_and_parts(labelme, annotated, tmp_path):
    annotated = replace(annotated, name="day 1/photo.jpg")
    files = export("labelme", [annotated])
    (name,) = files
    path = tmp_path / name
    path.parent.mkdir()
    path.write_bytes(files[name])
    Image.fromarray(annotated.read()).save(tmp_path / annotated.name)
    file = labelme.LabelFile(str(path))
    values = {label: value for value, label in enumerate(MASKS, start=1)}
    classes, ids = labelme.utils.shapes_to_label((HEIGHT, WIDTH), file.shapes, values)
    for label, mask in MASKS.items():
        assert iou(classes == values[label], mask) >= 0.98
    assert np.array_equal(classes == values["ring"], RING)  # what has holes is stored exactly
    assert np.array_equal(ids, classes)  # the two parts are one object


def test_pascal_voc_files_agree(annotated):
    files = export("voc", [annotated])
    labels = files["labels.txt"].decode().split()
    classes = opened(files["SegmentationClass/photo.png"])
    for name, mask in MASKS.items():
        assert np.array_equal(classes == labels.index(name), mask)
    root = ElementTree.fromstring(files["Annotations/photo.xml"])
    box = {node.tag: int(node.text) for node in root.find("object/bndbox")}
    assert box["xmin"] == 12 and box["xmax"] == 70
    assert [node.text for node in root.findall("object/name")] == list(MASKS)


def test_indexed_png_holds_the_ids_whatever_their_number(annotated):
    ids = opened(export("indexed", [annotated])["photo.png"])
    for instance in annotated.instances:
        assert (ids[instance.mask.pixels] > 0).all()
    assert (ids[DISK & ~RING & ~PARTS] == 1).all()
    many = opened(indexed_png((4, 4), [(1000, "#ff0000", np.eye(4, dtype=bool))]))
    assert many.max() == 1000


@pytest.mark.parametrize("first_id", [1, 300])
@pytest.mark.parametrize("number", [1, 3])
def test_a_label_map_is_loaded_with_its_labels(annotated, tmp_path, first_id, number):
    instances = [
        replace(each, id=each.id - 1 + first_id, label=f"{each.label} 猫")
        for each in annotated.instances[:number]
    ]
    document = replace(annotated.document, instances=tuple(instances))
    content = export("indexed", [replace(annotated, document=document)])["photo.png"]
    (tmp_path / "photo.png").write_bytes(content)
    loaded = load_masks(tmp_path / "photo.png", "photo.jpg", (HEIGHT, WIDTH))
    assert [each.label for each in loaded.objects] == ["disk 猫", "ring 猫", "parts 猫"][:number]
    assert "colours" not in loaded.readings  # the file says what its values are


@pytest.mark.parametrize("format", ["coco-polygons", "labelme", "yolo"])
@pytest.mark.parametrize("side", [3, 6, 12, 24, 40])
def test_polygons_of_small_and_thin_objects_keep_their_shape(session, tmp_path, format, side):
    small = np.hypot(ROWS - 40, COLUMNS - 40) < side / 2
    thin = (abs(ROWS - 60 - 10 * np.sin(COLUMNS / 9)) < side / 6 + 0.5) & (COLUMNS > 20) & (COLUMNS < 150)
    for mask in (small, thin):
        session.open(np.zeros((HEIGHT, WIDTH, 3), np.uint8), "photo.png")
        add_masks(session, [("cat", Mask.of(mask))])
        picture = AnnotatedPicture("photo.png", session.size, session.document, lambda: session.picture)
        files = export(format, [picture])
        path = next(path for path in files if path.endswith((".json", ".txt")))
        target = tmp_path / path.replace("/", "_")
        target.write_bytes(files[path])
        ((_, read),) = read_objects(target, "photo.png", session.size)
        assert iou(read.pixels, mask) > 0.94


def test_binary_masks_and_cutouts_have_the_pictures_size(annotated):
    masks = export("masks", [annotated])
    assert np.array_equal(opened(masks["photo_2_ring.png"]) == 255, RING)
    cutout = opened(export("cutouts", [annotated])["photo_1_disk.png"])
    assert np.array_equal(cutout[..., 3] == 255, DISK) and (cutout[DISK][:, :3] == 90).all()
    assert (cutout[~DISK] == 0).all()


def test_everything_is_one_zip_with_a_folder_a_format(annotated):
    archive = zipfile.ZipFile(io.BytesIO(zipped(export("everything", [annotated]))))
    assert {name.split("/")[0] for name in archive.namelist()} == set(FORMATS)


@pytest.mark.parametrize("format", [*FORMATS, "everything"])
def test_an_export_reports_its_progress_and_can_be_cancelled(format, annotated):
    pictures = [replace(annotated, name=f"{number}.jpg") for number in range(3)]
    told = []
    export(format, pictures, progress=lambda *progress: told.append(progress))
    assert told == sorted(told) and told[-1] == (3, 3) and {done for done, _ in told} >= {1, 2, 3}

    def end(done, total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        export(format, pictures, progress=end)


def test_pictures_whose_names_differ_by_their_ending_keep_apart(annotated):
    other = AnnotatedPicture("photo.png", annotated.size, annotated.document, annotated.read)
    assert set(export("indexed", [annotated, other])) == {"photo.jpg.png", "photo.png.png"}


def test_files_are_named_like_their_picture(annotated):
    other = replace(annotated, name="Tag 1/Straße (2), 北京.jpg")
    assert next(iter(export("yolo", [other]))) == "labels/Tag 1/Straße (2), 北京.txt"
    assert list(export("labelme", [other])) == ["Tag 1/Straße (2), 北京.json"]


def test_names_cannot_leave_the_folder(annotated):
    bad = AnnotatedPicture("../../etc/pass wd.png", annotated.size, annotated.document, annotated.read)
    assert all(".." not in name.split("/") for name in export("masks", [bad]))


def test_png_masks_become_objects_that_clicks_correct(session, tmp_path):
    mask = np.zeros((90, 120), np.uint8)
    mask[22:58, 12:48] = 255
    path = tmp_path / "mask.png"
    Image.fromarray(mask).save(path)
    add_masks(session, read_objects(path, "squares.png", session.size))
    (instance,) = session.document.instances
    assert np.array_equal(instance.mask.pixels, mask > 0)
    session.select(instance.id)
    session.click(Click(30, 40))
    expected = session.predictor.predict(
        [Click(30, 40)], previous_mask=mask > 0, cfr=session.document.cfr
    ).mask
    assert np.array_equal(session.mask, expected)


def test_label_maps_give_an_object_a_value(session, tmp_path):
    ids = np.zeros((90, 120), np.uint16)
    ids[:10], ids[20:30] = 7, 300
    path = tmp_path / "ids.png"
    Image.fromarray(ids).save(path)
    assert [mask.area for _, mask in read_objects(path, "x", session.size)] == [1200, 1200]


COCO_FILE = {
    "images": [{"id": 1, "file_name": "a.png", "height": 90, "width": 120}],
    "categories": [{"id": 1, "name": "cat"}],
    "annotations": [{"image_id": 1, "category_id": 1, "segmentation": [[10, 10, 50, 10, 50, 40, 10, 40]]}],
}


def test_coco_polygons_and_plain_run_lengths_are_read():
    ((label, mask),) = coco_objects(COCO_FILE, "other.png", (90, 120))
    assert label == "cat" and mask.area == 40 * 30
    plain = {"size": [90, 120], "counts": [100, 50, 90 * 120 - 150]}
    entry = {**COCO_FILE["annotations"][0], "segmentation": plain}
    ((_, mask),) = coco_objects({**COCO_FILE, "annotations": [entry]}, "a.png", (90, 120))
    assert mask.area == 50


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [90, 120], "counts": "oooo"},
        {"size": [90, 120], "counts": [10, 10**9]},
        {"size": [1, 1], "counts": [1]},
        [[1, 2, 3]],
        [[1, 2, 3, float("nan"), 5, 6]],
        "text",
        None,
    ],
)
def test_damaged_coco_files_are_refused(segmentation):
    entry = {**COCO_FILE["annotations"][0], "segmentation": segmentation}
    with pytest.raises(MaskFileError, match="damaged"):
        coco_objects({**COCO_FILE, "annotations": [entry]}, "a.png", (90, 120))


def test_files_of_other_pictures_are_named(tmp_path):
    with pytest.raises(MaskFileError, match="120 x 90"):
        coco_objects(COCO_FILE, "a.png", (50, 50))
    two = {**COCO_FILE, "images": [{**COCO_FILE["images"][0], "file_name": f"{n}/a.png"} for n in (1, 2)]}
    with pytest.raises(MaskFileError, match="2 pictures named"):
        coco_objects(two, "a.png", (90, 120))
    with pytest.raises(MaskFileError, match="not a COCO file"):
        coco_objects([], "a.png", (90, 120))
    (tmp_path / "x.json").write_text("[")
    with pytest.raises(MaskFileError, match="damaged"):
        read_objects(tmp_path / "x.json", "a.png", (90, 120))


def test_content_that_a_format_cannot_hold_is_reported(annotated, session):
    assert export_warnings("everything", [annotated]) == []
    add_masks(session, [(None, Mask.of(DISK)), (None, Mask.empty(HEIGHT, WIDTH))])
    more = replace(annotated, document=session.document)
    assert export_warnings("coco", [more]) == ["Objects without pixels are not in the export: 1."]
    assert "overlap" in export_warnings("indexed", [more])[1]
