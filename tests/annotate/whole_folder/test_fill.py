"""A folder is filled with the masks of one COCO file, or of files named as its pictures."""

import io
import json
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.exports import export
from cfr_icl.annotate.exports.archive import zipped
from cfr_icl.annotate.exports.splits import Split
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.imports import MaskFileError
from cfr_icl.annotate.imports.coco_images import CocoImages
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.document import ACCEPTED, Document, Instance, Label
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.whole_folder.fill import FILLED, Source, fill
from cfr_icl.annotate.whole_folder.mask_names import files_of_pictures, masks_of_objects
from cfr_icl.annotate.whole_folder.taking_back import FolderChange
from cfr_icl.cli.main import main
from cfr_icl.clicks import Click


@pytest.fixture
def folder(picture, tmp_path):
    (tmp_path / "images" / "sub").mkdir(parents=True)
    for name in ("a.png", "b.png", "sub/c.png"):
        Image.fromarray(picture).save(tmp_path / "images" / name)
    return Folder(tmp_path / "images", tmp_path / "work")


@pytest.fixture
def coco(tmp_path):
    square = [10, 20, 49, 20, 49, 59, 10, 59]
    entries = [
        {"image_id": 1, "category_id": 1, "segmentation": [square], "score": 0.9},
        {"image_id": 1, "category_id": 2, "segmentation": [square], "score": 0.3},
        {"image_id": 2, "category_id": 1, "segmentation": [square]},
        {"image_id": 3, "category_id": 1, "segmentation": [square]},
        {"image_id": 4, "category_id": 1, "segmentation": [square]},
    ]
    names = {1: "a.png", 2: "photos/sub/c.png", 3: "elsewhere.png"}
    images = [{"id": id, "file_name": name, "width": 120, "height": 90} for id, name in names.items()]
    images.append({"id": 4, "file_name": "b.png", "width": 5, "height": 5})
    categories = [{"id": 1, "name": "cup"}, {"id": 2, "name": "cat"}]
    path = tmp_path / "coco.json"
    path.write_text(json.dumps({"images": images, "annotations": entries, "categories": categories}))
    return path


def test_a_coco_file_fills_its_pictures_and_scores_order_them(folder, coco):
    source = Source(folder, {"coco.json": coco})
    assert list(source.pictures) == ["a.png", "b.png", "sub/c.png"] and source.unknown == 1
    filled = fill(folder, source, "1", "Ann")
    assert (filled.pictures, filled.objects, filled.unchanged) == (2, 3, 0)
    assert "b.png: In the COCO file the picture is 5 x 5" in filled.sentences[1]
    again = Folder(folder.images, folder.work.path)
    assert again.pictures.labels_of == {"a.png": ("cup", "cat"), "sub/c.png": ("cup",)}
    assert again.pictures.certainty_of == {"a.png": 0.3}
    instance = again.open("sub/c.png").document.instances[0]
    assert instance.mask.pixels[30, 30] and instance.certainty is None
    assert [(visit.who, visit.outcome) for visit in again.work.load("a.png").visits] == [("Ann", "filled")]


def changed(coco, **fields):
    coco.write_text(json.dumps({**json.loads(coco.read_text()), **fields}))


def test_a_file_that_is_listed_twice_has_the_objects_of_both_ids(folder, coco):
    images = json.loads(coco.read_text())["images"][:3]
    changed(coco, images=[*images, {"id": 4.0, "file_name": "./a.png"}])
    filled = fill(folder, Source(folder, {"coco.json": coco}), "1")
    assert (filled.pictures, filled.objects) == (2, 4)
    assert folder.pictures.labels_of == {"a.png": ("cup", "cat"), "sub/c.png": ("cup",)}


def test_objects_of_an_id_of_two_pictures_go_to_neither(folder, coco):
    images = json.loads(coco.read_text())["images"][:3]
    changed(coco, images=[*images, {"id": 1, "file_name": "b.png"}])
    source = Source(folder, {"coco.json": coco})
    filled = fill(folder, source, "1")
    assert (filled.pictures, filled.objects, source.unknown) == (1, 1, 2)
    assert folder.pictures.labels_of == {"sub/c.png": ("cup",)}
    for name in ("a.png", "b.png"):
        sentence = (
            f"{name}: The COCO file gives several pictures the id 1; their objects cannot be told apart."
        )
        assert sentence in filled.sentences


def test_objects_that_are_left_out_are_counted_over_all_pictures(folder, coco):
    data = json.loads(coco.read_text())
    boxes = [{"image_id": id, "category_id": 1, "bbox": [1, 1, 5, 5]} for id in (1, 1, 2)]
    categories = [*data["categories"], {"id": 1, "name": "mug"}]
    changed(coco, annotations=[*data["annotations"], *boxes], categories=categories)
    filled = fill(folder, Source(folder, {"coco.json": coco}), "1")
    named = "Categories of the COCO file have several names; the objects have the last one: mug."
    assert filled.sentences[:-1] == [
        "Masks were loaded; pictures: 2, objects: 3.",
        "Objects with a box alone are left out: 3.",
        f"a.png: {named}",
    ]


def test_work_that_is_there_stays_unless_it_is_to_be_added_to(folder, coco):
    source = Source(folder, {"coco.json": coco})
    fill(folder, source, "1")
    before = folder.work.sessions.path("a.png").read_bytes()
    filled = fill(folder, source, "1")
    assert (
        filled.unchanged == 2
        and filled.objects == 0
        and folder.work.sessions.path("a.png").read_bytes() == before
    )
    assert fill(folder, source, "1", add=True).objects == 3
    assert len(folder.work.load("a.png").document.instances) == 4


def test_a_picture_that_got_masks_is_accepted_no_longer(folder, coco):
    folder.save("a.png", Document(done=True, review=ACCEPTED), (90, 120), 0)
    fill(folder, Source(folder, {"coco.json": coco}), "1", add=True)
    document = folder.work.load("a.png").document
    assert len(document.instances) == 2 and document.done and document.review == ""
    assert "a.png" not in folder.pictures.review_of


def test_the_names_of_a_large_file_are_read_once(folder, coco, monkeypatch):
    folder.pictures.add([f"{number}.png" for number in range(300)])
    data = json.loads(coco.read_text())
    data["images"] = [{"id": number, "file_name": f"photos/{number}"} for number in range(300)]
    coco.write_text(json.dumps(data))
    read, normalize = [], unicodedata.normalize
    monkeypatch.setattr(
        unicodedata, "normalize", lambda form, name: read.append(name) or normalize(form, name)
    )
    Source(folder, {"coco.json": coco})
    assert len(read) < 20 * 600


def test_pictures_of_others_are_left_alone(folder, coco):
    folder.work.leases.take("a.png", "2", "Bob")
    filled = fill(folder, Source(folder, {"coco.json": coco}), "1")
    assert filled.pictures == 1 and "Bob is working on a.png" in filled.problems[0]
    assert "a.png" not in folder.pictures.labels_of


def test_files_find_the_pictures_of_their_names(folder, tmp_path):
    mask = np.zeros((90, 120), np.uint8)
    mask[20:60, 10:50] = 255
    files = {}
    for name in ("a_mask.png", "masks/sub/c.png", "b.txt", "stranger.png"):
        path = tmp_path / name.replace("/", "-")
        if name.endswith(".txt"):
            path.write_text("0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n")
        else:
            Image.fromarray(mask).save(path)
        files[name] = path
    source = Source(folder, files)
    assert list(source.pictures) == ["a.png", "b.png", "sub/c.png"] and source.unknown == 1
    assert fill(folder, source, "1").objects == 3
    assert folder.open("a.png").document.instances[0].mask.area == 1600


def test_of_several_files_of_a_picture_the_one_that_tells_most_is_read(folder, tmp_path):
    mask = Mask.of(np.pad(np.ones((40, 40), bool), ((20, 30), (10, 70))))
    document = Document((Instance(1, "cat", "#3b82f6", mask, mask),), next_id=2)
    picture = AnnotatedPicture("a.png", (90, 120), document, lambda: np.zeros((90, 120, 3), np.uint8))
    exported = export("everything", [picture])
    files = {}
    for number, (name, content) in enumerate(exported.items()):
        files[name] = tmp_path / f"{number}{Path(name).suffix}"
        files[name].write_bytes(content)
    fill(folder, Source(folder, files), "1")
    (instance,) = folder.work.load("a.png").document.instances
    assert instance.label == "cat" and instance.mask == mask


@pytest.mark.parametrize(
    ("pictures", "files", "read", "unknown"),
    [
        (["a/img.jpg"], ["a/img.png", "b/img.png"], {"a/img.jpg": "a/img.png"}, 1),
        (["img.jpg"], ["img.png", "other/img_label.png"], {"img.jpg": "img.png"}, 1),
        (["img.jpg", "a/img.jpg"], ["img.png"], {"img.jpg": "img.png"}, 0),
        (["1.jpg", "2.jpg"], ["train/1.png", "val/1.png", "val/2.png"], {"2.jpg": "val/2.png"}, 2),
        (["1.jpg"], ["images/1.jpg", "masks/1.png"], {"1.jpg": "masks/1.png"}, 0),
        (["a/1.jpg", "b/1.jpg"], ["m/a/1.png", "m/b/1_mask.png", "m/1.png"], {"a/1.jpg": "m/a/1.png"}, 1),
        (["1.jpg"], ["1_mask.png", "1.png", "1.txt", "1.xml"], {"1.jpg": "1.txt"}, 0),
    ],
)
def test_of_files_with_one_name_the_one_at_the_picture_s_path_is_read(pictures, files, read, unknown):
    tells = {".txt": 3, ".png": 2, ".jpg": 1, ".xml": 0}
    found, others = files_of_pictures(pictures, files, lambda path: tells[Path(path).suffix])
    assert read.items() <= found.items() and len(others) == unknown


def test_masks_of_two_folders_that_fit_one_picture_are_counted_and_not_read(folder, tmp_path):
    files = {}
    for number, name in enumerate(("train/a.png", "val/a.png", "val/b.png")):
        files[name] = tmp_path / f"{number}.png"
        Image.new("L", (120, 90), 255).save(files[name])
    source = Source(folder, files)
    assert list(source.pictures) == ["b.png"] and source.unknown == 2


@pytest.mark.parametrize("folders", ["our export", "labelme's converter"])
def test_objects_of_pascal_voc_have_their_classes(folders, folder, tmp_path):
    first, second = np.zeros((2, 90, 120), bool)
    first[20:60, 10:50], second[20:60, 60:90] = True, True
    cat, dog = (Mask.of(pixels) for pixels in (first, second))
    document = Document((Instance(1, "dog", "#3b82f6", dog, dog), Instance(2, "cat", "#ef4444", cat, cat)))
    picture = AnnotatedPicture("sub/c.png", (90, 120), document, lambda: np.zeros((90, 120, 3), np.uint8))
    files = {}
    for number, (name, content) in enumerate(export("voc", [picture]).items()):
        if folders != "our export":
            name = name.replace("Class/", "ClassPNG/").replace("Object/", "ObjectPNG/")
            name = name.replace("labels.txt", "class_names.txt")
        files[f"voc/{name}"] = tmp_path / f"{number}{Path(name).suffix}"
        files[f"voc/{name}"].write_bytes(content)
    source = Source(folder, files)
    assert list(source.pictures) == ["sub/c.png"] and source.unknown == 0
    fill(folder, source, "1")
    instances = folder.work.load("sub/c.png").document.instances
    assert {(each.label, each.mask.area) for each in instances} == {("cat", 1600), ("dog", 1200)}


def two_squares(name="a.png"):
    """A picture with a dog on the right and a cat on the left, in this order."""
    first, second = np.zeros((2, 90, 120), bool)
    first[20:60, 10:50], second[20:60, 60:90] = True, True
    cat, dog = (Mask.of(pixels) for pixels in (first, second))
    document = Document((Instance(1, "dog", "#3b82f6", dog, dog), Instance(2, "cat", "#ef4444", cat, cat)))
    return AnnotatedPicture(name, (90, 120), document, lambda: np.zeros((90, 120, 3), np.uint8))


def labels_and_areas(folder, name="a.png"):
    return {(each.label, each.mask.area) for each in folder.work.load(name).document.instances}


VOC_PALETTE = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)]


def voc_maps(kind, tmp_path):
    """Maps of two_squares, the cat as class 1 and the dog as class 2, as other tools write them."""
    first, second = (instance.mask.pixels for instance in two_squares().document.instances)
    classes, objects = (np.zeros((90, 120), np.uint8) for _ in range(2))
    classes[second], classes[first], objects[second], objects[first] = 1, 2, 2, 1
    classes[:5] = objects[:5] = 255  # void
    if kind == "labelmap.txt":  # colours of its own
        palette = [(0, 0, 0), (250, 50, 83), (50, 50, 250)]
        classes[:5] = objects[:5] = 0
    else:
        palette = [VOC_PALETTE[number] if number < 4 else (224, 224, 192) for number in range(256)]
    files = {}
    for name, values in (("SegmentationClass/a.png", classes), ("SegmentationObject/a.png", objects)):
        image = Image.fromarray(values)
        image.putpalette([channel for colour in palette for channel in colour])
        path = tmp_path / name.replace("/", "-")
        (image if kind == "palette" else image.convert("RGB")).save(path)
        files[name] = path
    if kind == "labelmap.txt":
        files[kind] = tmp_path / kind
        lines = [
            "# label:color_rgb:parts:actions",
            "background:0,0,0::",
            "cat:250,50,83::",
            "dog:50,50,250::",
        ]
        files[kind].write_text("\n".join(lines))
    return files


@pytest.mark.parametrize(
    ("kind", "classes", "labels", "said"),
    [
        ("palette", [], ("class 1", "class 2"), "are called by their numbers, such as class 1."),
        ("colours", [], ("class 1", "class 2"), "are called by their numbers, such as class 1."),
        ("palette", ["cat", "dog"], ("cat", "dog"), "are those of the folder's labels: 1 is cat."),
        ("colours", ["cat"], ("cat", "class 2"), "are those of the folder's labels: 1 is cat."),
        ("labelmap.txt", [], ("cat", "dog"), ""),
    ],
)
@pytest.mark.parametrize("alone", [False, True])
def test_maps_of_pascal_voc_need_no_list_of_classes(kind, classes, labels, said, alone, folder, tmp_path):
    folder.work.classes.set([Label(name, "#3b82f6") for name in classes])
    files = voc_maps(kind, tmp_path)
    if alone:  # the classes without the objects
        del files["SegmentationObject/a.png"]
    source = Source(folder, files)
    assert list(source.pictures) == ["a.png"] and source.unknown == 0
    filled = fill(folder, source, "1")
    assert labels_and_areas(folder) == {(labels[0], 1600), (labels[1], 1200)}
    assert said in filled.sentences[1] if said else len(filled.sentences) == 1


def test_pascal_voc_may_have_more_classes_than_a_byte(folder, tmp_path):
    square = two_squares()
    names = [f"number {number}" for number in range(1, 301)]
    first, second = square.document.instances
    instances = (replace(first, label="number 255"), replace(second, label="number 300"))
    picture = replace(square, document=replace(square.document, instances=instances))
    files = stored(export("voc", [picture], classes=names), tmp_path / "sent")
    fill(folder, Source(folder, files), "1")
    assert {label for label, _ in labels_and_areas(folder)} == {"number 255", "number 300"}


def test_labelmes_list_of_classes_begins_with_the_number_minus_1(folder, tmp_path):
    files = voc_maps("palette", tmp_path)
    files["labels.txt"] = tmp_path / "labels.txt"
    files["labels.txt"].write_text("__ignore__\n_background_\ncat\ndog\n")
    fill(folder, Source(folder, files), "1")
    assert labels_and_areas(folder) == {("cat", 1600), ("dog", 1200)}


def test_the_masks_of_single_objects_fill_a_folder_with_their_labels(folder, tmp_path):
    files = stored(export("masks", [two_squares(), two_squares("sub/c.png")]), tmp_path / "sent")
    source = Source(folder, files)
    assert list(source.pictures) == ["a.png", "sub/c.png"] and source.unknown == 0
    fill(folder, source, "1")
    assert labels_and_areas(folder) == {("dog", 1200), ("cat", 1600)} == labels_and_areas(folder, "sub/c.png")


@pytest.mark.parametrize(
    ("pictures", "files", "found", "others"),
    [
        (["cat.jpg"], ["cat_2.png", "cat_1_ear left.png"], {"cat.jpg": [(1, "ear left"), (2, "")]}, 0),
        (
            ["1.jpg", "1_2.jpg"],
            ["1_2_3_dog.png", "1_2_dog.png"],
            {"1_2.jpg": [(3, "dog")], "1.jpg": [(2, "dog")]},
            0,
        ),
        (["img.jpg"], ["img_2_1_car.png", "img_2.png", "img_3.png"], {"img.jpg": [(3, "")]}, 2),
        (["img.jpg"], ["a/img_1.png", "b/img_1.png"], {}, 2),
        (["img.jpg", "img_1.jpg"], ["other/img_1.png"], {}, 1),
        (["a/1.jpg", "b/1.jpg"], ["a/1_1_x.png", "1_1_x.png"], {"a/1.jpg": [(1, "x")]}, 1),
    ],
)
def test_masks_of_single_objects_find_their_picture_or_none(pictures, files, found, others):
    masks, left = masks_of_objects(pictures, files)
    assert {name: [each[1:] for each in of_picture] for name, of_picture in masks.items()} == found
    assert len(left) == others


def test_a_file_of_cvat_fills_its_pictures(folder, tmp_path):
    pictures = [two_squares(name) for name in ("a.png", "elsewhere.png", "sub/c.png")]
    files = stored(export("cvat", pictures), tmp_path / "sent")
    source = Source(folder, files)
    assert list(source.pictures) == ["a.png", "sub/c.png"] and source.unknown == 1
    fill(folder, source, "1")
    assert labels_and_areas(folder) == {("dog", 1200), ("cat", 1600)} == labels_and_areas(folder, "sub/c.png")
    others = {**files, "boxes.xml": tmp_path / "boxes.xml"}  # one of Pascal VOC among others
    others["boxes.xml"].write_text("<annotation><object/></annotation>")
    assert list(Source(folder, others).pictures) == ["a.png", "sub/c.png"]
    with pytest.raises(MaskFileError, match="Pascal VOC hold boxes alone"):
        Source(folder, {"boxes.xml": others["boxes.xml"]})


@pytest.mark.parametrize(
    "kind", ["masks", "indexed", "coco", "yolo", "labelme", "voc", "cvat", "label_studio"]
)
def test_each_export_in_a_zip_fills_a_folder_by_the_command(kind, folder, tmp_path, capsys):
    archive = tmp_path / "exported.zip"
    archive.write_bytes(zipped(export(kind, [two_squares()])))
    work = str(tmp_path / "work")
    assert main(["fill", str(archive), "--images", str(folder.images), "--work", work]) == 0
    assert "pictures: 1, objects: 2." in capsys.readouterr().out
    labels = {each.label for each in folder.work.load("a.png").document.instances}
    assert labels == {"cat", "dog"}


def _zip(name="a.png", content=b"mask" * 500) -> bytearray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return bytearray(buffer.getvalue())


def _changed(offset: int, value: int) -> bytes:
    """A zip whose central directory has another 16-bit value at this offset."""
    content = _zip()
    place = content.index(b"PK\x01\x02") + offset
    content[place : place + 2] = value.to_bytes(2, "little")
    content[offset - 2 : offset] = value.to_bytes(2, "little")  # in the entry's own header
    return bytes(content)


def _with_a_damaged_stream() -> bytes:
    content = _zip()
    content[35:40] = b"\xff" * 5
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [b"PK", _changed(8, 1), _changed(10, 99), _with_a_damaged_stream()],
    ids=["cut", "with a password", "unknown compression", "damaged stream"],
)
def test_a_damaged_zip_is_refused_by_the_command(content, folder, tmp_path, capsys):
    (tmp_path / "bad.zip").write_bytes(content)
    arguments = ["--images", str(folder.images), "--work", str(tmp_path / "work")]
    assert main(["fill", str(tmp_path / "bad.zip"), *arguments]) == 2
    assert "cannot be read; unpack it and give its folder." in capsys.readouterr().err


def test_a_zip_without_room_on_the_disk_is_refused_before_it_is_unpacked(
    folder, tmp_path, capsys, monkeypatch
):
    (tmp_path / "large.zip").write_bytes(_zip())
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=100))
    arguments = ["--images", str(folder.images), "--work", str(tmp_path / "work")]
    assert main(["fill", str(tmp_path / "large.zip"), *arguments]) == 2
    assert "There is no room to unpack the archive" in capsys.readouterr().err


def test_a_zip_with_a_name_that_the_disk_cannot_hold_is_refused(folder, tmp_path, capsys):
    (tmp_path / "long.zip").write_bytes(_zip("a" * 300 + ".png"))
    arguments = ["--images", str(folder.images), "--work", str(tmp_path / "work")]
    assert main(["fill", str(tmp_path / "long.zip"), *arguments]) == 2
    assert "cannot be unpacked (File name too long)." in capsys.readouterr().err


def test_one_image_of_a_coco_file_belongs_to_its_picture_alone(folder, coco):
    data = json.loads(coco.read_text())
    coco.write_text(json.dumps({**data, "images": data["images"][:1]}))
    assert list(Source(folder, {"coco.json": coco}).pictures) == ["a.png"]


def test_the_command_fills_a_folder_and_says_what_it_did(folder, coco, tmp_path, capsys):
    command = ["fill", str(coco), "--images", str(folder.images), "--work", str(folder.work.path)]
    assert main(command) == 1  # b.png is of another size
    said = capsys.readouterr()
    assert "pictures: 2, objects: 3" in said.out and "Without a picture of their name: 1." in said.err
    assert main([*command, "--add"]) == 1 and "objects: 3" in capsys.readouterr().out
    coco.write_text("{")
    assert main(command) != 0 and "damaged" in capsys.readouterr().err


def test_hidden_files_of_a_folder_of_masks_are_passed_over(folder, tmp_path, capsys):
    mask = np.zeros((90, 120), np.uint8)
    mask[20:60, 10:50] = 255
    for place in ("a.png", ".old/a.png", ".DS_Store"):
        (tmp_path / "masks" / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(tmp_path / "masks" / place, "PNG")
    folders = ["--images", str(folder.images), "--work", str(folder.work.path)]
    assert main(["fill", str(tmp_path / "masks"), *folders]) == 0
    said = capsys.readouterr()
    assert "pictures: 1, objects: 1" in said.out and not said.err


@pytest.mark.parametrize(
    ("picture", "found"),
    [
        ("a.png", "2 pictures"),  # x/a.png and y/a.png
        ("x/a.png", 0),
        ("photos/y/a.png", 1),
        ("ba.png", 2),  # no end of a path, but its name
        ("www/B.png", 3),
        ("c.jpg", 4),
        ("d.png", 5),
        ("e.png", "0 pictures"),
    ],
)
def test_pictures_are_found_by_the_nearest_of_their_names(picture, found):
    names = ("x/a.png", "y/a.png", "z/ba.png", "0a1b2c3d-B.png", "http://[/c.png", "d_png.rf.1.jpg")
    listed = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    listed[5]["extra"] = {"name": "d.png"}
    images = CocoImages(listed)
    if isinstance(found, int):
        assert images.find(picture)["id"] == found
    else:
        with pytest.raises(MaskFileError, match=found):
            images.find(picture)


def test_loaded_masks_are_taken_back_and_corrected_ones_stay(folder, coco):
    source = Source(folder, {"coco.json": coco})
    change = FolderChange(FILLED, fill(folder, source, "1").by_picture)
    work = folder.work.load("a.png")
    corrected = replace(work.document.instances[0], mask=work.document.instances[0].mask.inverted())
    folder.save("a.png", work.document.with_instance(corrected), work.size, work.revision)
    result = change.take_back(folder, "1", "Ann")
    assert (result.pictures, result.objects, result.changed_since) == (2, 2, 1)
    assert folder.pictures.labels_of == {"a.png": ("cup",), "sub/c.png": ()}
    assert folder.pictures.states["sub/c.png"] == "todo"
    assert folder.work.load("a.png").document.instances == (corrected,)
    # the next object of a picture has the number that it had had without the masks
    assert [folder.work.load(name).document.next_id for name in ("a.png", "sub/c.png")] == [3, 1]


def test_an_acceptance_comes_back_with_the_masks_before(folder, coco):
    source = Source(folder, {"coco.json": coco})
    fill(folder, source, "1")
    work = folder.work.load("a.png")
    accepted = replace(work.document, done=True, review=ACCEPTED)
    folder.save("a.png", accepted, work.size, work.revision)
    change = FolderChange(FILLED, fill(folder, source, "1", add=True).by_picture)
    assert folder.work.load("a.png").document.review == ""
    change.take_back(folder, "1", "")
    undone = folder.work.load("a.png").document
    assert (undone.review, undone.instances) == (ACCEPTED, accepted.instances)


@pytest.mark.parametrize(
    "change",
    [
        {"foreign": {"attributes": {"occluded": True}}},
        {"colour": "#123456"},
        {"visible": False},
        {"locked": True},
        {"clicks": (Click(30, 30),)},
        {"certainty": None},
        {"label": "dog"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_loaded_objects_of_which_a_person_changed_anything_stay(folder, coco, change):
    filled = FolderChange(FILLED, fill(folder, Source(folder, {"coco.json": coco}), "1").by_picture)
    work = folder.work.load("a.png")
    touched = replace(work.document.instances[0], **change)
    done = replace(work.document.with_instance(touched), done=True)
    folder.save("a.png", done, work.size, work.revision)
    assert filled.take_back(folder, "1", "Ann").changed_since == 1
    left = folder.work.load("a.png").document
    assert [each.id for each in left.instances] == [1] and left.done


@pytest.mark.parametrize("was_done", [False, True])
def test_a_picture_that_was_done_with_loaded_masks_is_to_be_done_again(folder, coco, was_done):
    folder.save("a.png", Document(done=was_done), (90, 120), 0)
    filled = FolderChange(FILLED, fill(folder, Source(folder, {"coco.json": coco}), "1", add=True).by_picture)
    work = folder.work.load("a.png")
    folder.save("a.png", replace(work.document, done=True, review=ACCEPTED), work.size, work.revision)
    filled.take_back(folder, "1", "Ann")
    left = folder.work.load("a.png").document
    assert not left.instances and left.done == was_done
    assert was_done or (left.review == "" and folder.pictures.states["a.png"] == "todo")


def stored(files, folder):
    """Files as a page keeps them, by their paths: under numbers, with their endings."""
    folder.mkdir(exist_ok=True)
    paths = {name: folder / f"{number}{Path(name).suffix}" for number, name in enumerate(files)}
    for name, content in files.items():
        paths[name].write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return paths


def test_a_coco_file_is_found_beside_its_pictures_and_other_files(folder, coco, tmp_path):
    photo = (folder.images / "a.png").read_bytes()
    captions = {**json.loads(coco.read_text()), "annotations": [{"image_id": 1, "caption": "a cup"}]}
    others = {"README.txt": b"Exported.", "captions.json": captions, "damaged.json": b'{"annotations"'}
    files = stored({**others, "images/a.png": photo, "coco.json": coco.read_bytes()}, tmp_path / "sent")
    source = Source(folder, files)
    assert list(source.pictures) == ["a.png", "b.png", "sub/c.png"] and source.unknown == 1
    fill(folder, source, "1")
    assert folder.pictures.labels_of["a.png"] == ("cup", "cat")


@pytest.mark.parametrize("names", [("x/a.png", "x/b.png", "sub/c.png"), ("a.png", "b.png", "a.png")])
def test_coco_files_of_several_parts_fill_the_folder_together(names, folder, coco, tmp_path):
    data = json.loads(coco.read_text())
    square = [10, 20, 49, 20, 49, 59, 10, 59]
    parts = {}
    for number, (part, name) in enumerate(zip(("train", "valid", "test"), names, strict=True)):
        parts[f"{part}/_annotations.coco.json"] = {
            **data,
            "images": [{"id": 1, "file_name": name}, {"id": 2, "file_name": f"{part}.png"}],
            "annotations": [{"image_id": 1, "category_id": 1, "segmentation": [square]}] * (number + 1),
        }
    source = Source(folder, stored(parts, tmp_path / "sent"))
    filled = fill(folder, source, "1")
    if names[0] == "a.png":  # of two different pictures, perhaps
        assert list(source.pictures) == ["b.png"] and source.unknown == 2 and filled.objects == 2
    else:
        assert filled.pictures == 3 and filled.objects == 6 and source.unknown == 0


def test_pictures_beside_their_masks_are_not_read_as_masks(folder, tmp_path):
    folder.images.joinpath("b.png").write_bytes((folder.images / "a.png").read_bytes() + b"\0")
    folder = Folder(folder.images, folder.work.path)
    mask = tmp_path / "mask.png"
    Image.new("L", (120, 90), 255).save(mask)
    photos = {name: (folder.images / name).read_bytes() for name in ("a.png", "b.png")}
    files = {**photos, "masks/a.png": mask.read_bytes()}
    source = Source(folder, stored(files, tmp_path / "sent"))
    assert list(source.pictures) == ["a.png"] and source.unknown == 0
    fill(folder, source, "1")
    assert folder.work.load("a.png").document.instances[0].mask.area == 90 * 120


@pytest.mark.parametrize("split", [None, Split((0.5, 0.5, 0.0))])
def test_our_own_yolo_files_come_back_with_their_classes(split, folder, tmp_path):
    mask = Mask.of(np.pad(np.ones((40, 40), bool), ((20, 30), (10, 70))))
    objects = {"a.png": "dog, wet", "b.png": "cat", "sub/c.png": "dog, wet"}
    pictures = [
        AnnotatedPicture(
            name,
            (90, 120),
            Document((Instance(1, label, "#3b82f6", mask, mask),)),
            lambda: np.zeros((90, 120, 3), np.uint8),
        )
        for name, label in objects.items()
    ]
    source = Source(folder, stored(export("yolo", pictures, split=split), tmp_path / "sent"))
    assert len(source.pictures) == 3 and source.unknown == 0
    fill(folder, source, "1")
    assert folder.pictures.labels_of == {name: (label,) for name, label in objects.items()}


def test_a_picture_may_have_the_name_of_a_list(picture, tmp_path):
    (tmp_path / "images").mkdir()
    for name in ("train.png", "a.png"):
        Image.fromarray(picture).save(tmp_path / "images" / name)
    folder = Folder(tmp_path / "images", tmp_path / "work")
    line = b"0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n"
    names = {"classes.txt": b"cup\n", "train.txt": b"images/a.png\n", "val.txt": b""}
    files = stored({**names, "labels/a.txt": line, "labels/train.txt": line}, tmp_path / "sent")
    source = Source(folder, files)
    assert fill(folder, source, "1").objects == 2 and source.unknown == 0
    assert folder.pictures.labels_of == {"a.png": ("cup",), "train.png": ("cup",)}
