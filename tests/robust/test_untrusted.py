"""Whatever somebody else hands over is used or refused with a sentence, and never half."""

import copy
import json
import os
from xml.etree import ElementTree

import gradio as gr
import numpy as np
import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cfr_icl.annotate.batch.click_lists import read_click_list
from cfr_icl.annotate.exports import FORMATS, export
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.imports import MaskFileError, load_json, load_masks
from cfr_icl.annotate.imports.shapes import MAX_OUTLINE
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.objects.packed_mask import packed
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.cli.main import main
from cfr_icl.clicks import Click
from cfr_icl.pictures.decoding import PictureError
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui.api import segment_endpoint
from cfr_icl.ui.protocol import ACTIONS
from cfr_icl.ui.server import Server
from cfr_icl.ui.session_reply import describe
from cfr_icl.ui.settings import Settings
from tests.loaded import add_masks, coco_objects, read_objects
from tests.stand_in import ColourModel
from tests.ui.parcels import send

HOSTILE = {
    "null": None,
    "truth": True,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "far": 1e308,
    "negative": -1,
    "fraction": 0.3,
    "googol": 10**100,
    "no float": 10**400,
    "text": "12",
    "markup": "<img src=x onerror=alert(1)>",
    "way up": "../../etc/passwd",
    "drive": "C:\\Windows\\win.ini",
    "nothing": "",
    "control": "a\x00\x1b[2J\ud800\n",
    "10 MB": "a" * 10_000_000,
    "list": [],
    "nested": [[[[[]]]]],
    "mapping": {"x": {"y": []}},
}
VALID = [
    {"kind": "click", "x": 30, "y": 40, "positive": True},
    {"kind": "box", "left": 5, "top": 15, "right": 55, "bottom": 65},
    {"kind": "paint", "points": [[5, 5], [9, 9]], "diameter": 3, "add": True},
    {"kind": "lasso", "points": [[5, 5], [9, 9], [2, 9]], "add": True},
    {"kind": "reshape", "points": [[5, 5], [9, 9], [2, 9]]},
    {"kind": "fill_hole", "x": 5, "y": 5},
    {"kind": "select", "id": 1},
    {"kind": "delete", "id": 1},
    {"kind": "duplicate", "id": 1},
    {"kind": "overlap_clicked", "id": 1},
    {
        **{"kind": "edit", "id": 1, "colour": "#123456", "threshold": 0.4, "visible": False},
        **{"locked": False, "overlap": True, "keep_largest": True, "fill_holes": True},
    },
    {"kind": "delete_objects", "ids": [1]},
    {"kind": "label_objects", "ids": [1], "name": "cup"},
    {"kind": "edit_objects", "ids": [1], "colour": "#123456", "visible": True, "locked": False},
    {"kind": "merge_objects", "ids": [1, 2]},
    {"kind": "order_objects", "ids": [1], "front": True},
    {"kind": "attribute", "name": "occluded", "value": True, "ids": [1]},
    {"kind": "label", "name": "cup", "id": 1},
    {"kind": "labels", "labels": ["cup", {"name": "mug", "colour": "#123456"}], "attributes": ["asleep"]},
    {"kind": "rename_label", "name": "cup", "new": "mug"},
    {"kind": "remove_label", "name": "cup"},
    {"kind": "done", "done": True},
    {"kind": "keep_pass", "pass": 0},
    {"kind": "choose", "index": 0},
    {"kind": "choose_or_label", "index": 0},
    {"kind": "go_to_unsure"},
    {"kind": "choices"},
    {"kind": "prepare"},
    {
        **{"kind": "cascade", "steps": 2},
        **{
            "adaptive": True,
            "min_change_ratio": 0.02,
            "cf_clicks": None,
            "best_pass": True,
            "close_ups": True,
        },
    },
    {"kind": "open", "path": "x.png", "name": "x.png"},
    {"kind": "import", "path": "x.json", "name": "x.json", "reading": "mask", "replace": True},
    {"kind": "import", "path": "x.json", "name": "x.json", "more": ["y.png"], "class_list": "data.yaml"},
    {"kind": "example", "index": 0},
    {"kind": "goto", "index": 0, "name": "x.png", "step": 1},
    {"kind": "take_over", "follow": True},
    {"kind": "view", "page": 0, "low": 1, "high": 99},
    {"kind": "download", "what": "mask"},
    {"kind": "export", "format": "coco", "detail": 1, "whole_folder": False, "split": "80,20"},
    {"kind": "polygons", "detail": 1},
    {"kind": "model", "name": "x"},
    {"kind": "review", "accepted": False, "note": "look again"},
    {
        "kind": "add_files",
        "files": [{"path": "x.png", "name": "x.png"}],
        "more": False,
        "open": True,
        "back": True,
    },
    {"kind": "offer_masks", "files": [{"path": "x.png", "name": "x.png"}]},
    {"kind": "fill_folder", "add": True},
    {"kind": "relabel_folder", "name": "cup", "new": "mug", "colour": "#123456", "sure": True},
    {"kind": "restore", "name": "x.png", "path": "x.png", "example": 0, "session": {"objects": []}},
    *(
        {"kind": kind}
        for kind in (
            "hello",
            "undo",
            "redo",
            "clear",
            "finish",
            "inspect",
            "cancel_job",
            "take_back_in_folder",
        )
    ),
    *({"kind": kind} for kind in ("introduce", "learn", "stop_learning", "forget_learnt", "leave_folder")),
]


def opened(picture, **options):
    session = Session(Segmenter(ColourModel()), CascadeForward(**options))
    session.open(picture, "squares.png")
    return session


def hostile_variants():
    for action in VALID:
        for field in action:
            if field != "kind":
                for name, value in HOSTILE.items():
                    yield f"{action['kind']} {field} {name}", {**action, field: value}
            yield f"{action['kind']} without {field}", {k: v for k, v in action.items() if k != field}
    for place in (0, 1):
        for name, value in HOSTILE.items():
            point = [5, 5]
            point[place] = value
            yield f"point {place} {name}", {**VALID[2], "points": [[5, 5], point]}
    for name, value in HOSTILE.items():
        for label in (value, {"name": value}, {"name": "cup", "colour": value}):
            yield f"label {name}", {"kind": "labels", "labels": [label]}


def test_every_field_of_every_action_with_every_hostile_value(picture_file, warnings, caplog):
    shared = Server(Settings(ColourModel(), steps=1, examples=[picture_file]))
    page, _ = send(shared, None, {"number": 1, "kind": "example", "index": 0}, {**VALID[0], "number": 2})
    assert set(ACTIONS) <= {action["kind"] for action in VALID}
    start, refused = page.session.document, 0
    for number, (what, action) in enumerate(hostile_variants(), start=3):
        warnings.clear()
        before = page.session.document
        _, reply = send(shared, page, {**action, "number": number})
        orjson.dumps(reply)
        assert reply["applied"] == number
        refusals = [text for text in warnings if "no pixels" not in text and "all pixels" not in text]
        if refusals:
            refused += 1
            (sentence,) = refusals
            assert page.session.document is before, what
            assert "Something went wrong" not in sentence and len(sentence) < 400 and "\n" not in sentence, (
                what
            )
        page.session.open(page.session.picture, "squares.png", start)
    assert not caplog.records
    assert refused > 500
    page.close()


def test_the_endpoint_refuses_hostile_values_in_one_sentence(picture_file, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    segment = segment_endpoint(Server(Settings(ColourModel(), steps=1)))
    file, taken = {"path": str(picture_file)}, []
    for name, value in HOSTILE.items():
        calls = {
            "x": (file, [[value, 5]]),
            "clicks": (file, value),
            "steps": (file, [[5, 5]], value),
            "picture": (value, [[5, 5]]),
            "path": ({"path": value}, [[5, 5]]),
        }
        for what, arguments in calls.items():
            try:
                segment(*arguments)
                taken.append((what, name))
            except gr.Error as refusal:
                assert refusal.message.endswith(".") and len(refusal.message) < 200, (what, name)
    assert taken == [("x", "fraction")]


def test_a_label_that_is_too_long_is_refused_and_not_cut(picture_file, warnings):
    shared = Server(Settings(ColourModel(), examples=[picture_file]))
    page, _ = send(shared, None, {"number": 1, "kind": "example", "index": 0})
    for number, size in enumerate((61, 10_000_000), start=2):
        send(shared, page, {"number": number, "kind": "label", "name": "a" * size})
    assert warnings == ["A label has at most 60 characters."] * 2
    assert page.session.document.label == "object"
    page.close()


def test_a_label_of_10_mb_in_a_file_is_cut(session_data):
    long, short = HOSTILE["10 MB"], "a" * 60
    (label, _), *_ = coco_objects(replaced(COCO, ("categories", 0, "name"), long), "squares.png", (90, 120))
    content = session_data[1]
    for path in (("label",), ("objects", 0, "label"), ("labels", 0, "name")):
        content = replaced(content, path, long)
    document = store.from_json(content, (90, 120))
    assert {label, document.label, document.instances[0].label, document.labels[0].name} == {short}


# ---- files


def use(session):
    """What a person may do next with what came out of a file."""
    orjson.dumps(describe(session))
    content = store.encode(store.to_json(session.document, session.name, session.size))
    assert store.from_json(json.loads(content), session.size) == session.document
    annotated = AnnotatedPicture(session.name, session.size, session.document, lambda: session.picture)
    for format in FORMATS:
        for name in export(format, [annotated]):
            assert not name.startswith("/") and ".." not in name.split("/") and "\\" not in name
    for act in (
        lambda: session.click(Click(30, 40)),
        lambda: [session.edit(i.id, threshold=0.6) for i in session.document.instances],
        lambda: session.set_label("cup"),
        session.finish,
    ):
        try:
            act()
        except ActionError as refusal:
            assert str(refusal)


def paths_of(data, path=()):
    yield path
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield from paths_of(value, (*path, key))


def replaced(data, path, value):
    if not path:
        return value
    data = copy.deepcopy(data)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


def changed(content, data):
    """The content with one to three of its values replaced."""
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(paths_of(content))))
        content = replaced(content, path, data.draw(VALUES))
    return content


SMALL_HOSTILE = [value for name, value in HOSTILE.items() if name != "10 MB"]
VALUES = st.sampled_from(
    [*SMALL_HOSTILE, 0, 1, 2, -5, 0.5, 70_000, 2**63, "#12345", "a" * 5000, "`" * 9, "0" * 9]
)


def saved_session(picture):
    session = opened(picture, steps=1)
    session.click(Click(30, 40))
    session.set_label("cup", 1)
    session.paint([(60, 80), (80, 80)], 5, add=True)
    session.finish()
    session.click(Click(90, 50))
    return store.to_json(session.document, "squares.png", session.size)


@pytest.fixture(scope="module")
def session_data():
    picture = np.full((90, 120, 3), 128, np.uint8)
    picture[20:60, 10:50] = (220, 30, 30)
    return picture, json.loads(store.encode(saved_session(picture)))


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_changed_session_file_is_refused_or_works(session_data, data):
    picture, content = session_data
    content = changed(content, data)
    try:
        document = store.from_json(content, (90, 120))
    except StoreError as refusal:
        assert str(refusal).endswith(".") and len(str(refusal)) < 200
        return
    session = opened(picture, steps=1)
    session.restore(document)
    use(session)


COCO = {
    "images": [{"id": 1, "file_name": "squares.png", "height": 90, "width": 120}],
    "categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "mug"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[10, 10, 50, 10, 50, 40, 10, 40]]},
        {
            "id": 2,
            "image_id": 1,
            "category_id": 2,
            "segmentation": {"size": [90, 120], "counts": [100, 50, 90 * 120 - 150]},
        },
        {
            "id": 3,
            "image_id": 1,
            "category_id": 2,
            "segmentation": Mask.of(np.eye(90, 120, dtype=bool)).coco,
        },
    ],
}


@pytest.mark.parametrize("side", [10**400, "a" * 10_000_000, True, [[[]]]])
def test_a_coco_file_of_an_impossible_size_is_refused_in_one_sentence(side):
    with pytest.raises(MaskFileError) as refusal:
        coco_objects(replaced(COCO, ("images", 0, "height"), side), "squares.png", (90, 120))
    assert str(refusal.value).endswith("they must be equal.") and len(str(refusal.value)) < 120


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_changed_coco_file_is_refused_or_works(session_data, data):
    content = changed(COCO, data)
    try:
        objects = coco_objects(content, "squares.png", (90, 120))
    except MaskFileError as refusal:
        assert str(refusal).endswith(".") and len(str(refusal)) < 300
        return
    session = opened(session_data[0], steps=1)
    add_masks(session, objects)
    use(session)


SIDES = {"original_width": 120, "original_height": 90, "image_rotation": 0}
BRUSH = {"format": "rle", "rle": packed(np.ones((90, 120), bool)).tolist(), "brushlabels": ["cat"]}
BOX = {"x": 10, "y": 10, "width": 50, "height": 50, "rotation": 30, "rectanglelabels": ["cat"]}
RING = {"points": [[0, 0], [100, 0], [0, 100]], "polygonlabels": ["cat"]}
LABEL_STUDIO = [
    {
        "data": {"image": "/data/local-files/?d=squares.png", "text": "x"},
        "annotations": [
            {
                "was_cancelled": False,
                "result": [
                    {"id": "1", "type": "brushlabels", "value": BRUSH, **SIDES},
                    {"id": "2", "type": "rectanglelabels", "value": BOX, **SIDES},
                    {"id": "3", "type": "polygonlabels", "value": RING, "score": 0.5, **SIDES},
                ],
            }
        ],
        "predictions": [],
    }
]


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_changed_label_studio_file_is_refused_or_works(session_data, data):
    content = changed(LABEL_STUDIO, data)
    try:
        objects = load_json(content, "squares.png", (90, 120)).objects
    except MaskFileError as refusal:
        assert str(refusal).endswith(".") and len(str(refusal)) < 300
        return
    assert 0 < len(objects) <= 3 and all(entry.mask.area for entry in objects)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"NaN", b"\xff\xfe", b""]
)
def test_json_that_exhausts_readers_is_refused(content, tmp_path, picture):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|not a session"):
        store.load(path, (90, 120))
    with pytest.raises(MaskFileError, match=r"damaged|not a COCO"):
        read_objects(path, "x.png", (90, 120))
    out = tmp_path / "out"
    out.mkdir()
    Image.fromarray(picture).save(tmp_path / "a.png")
    (out / "a.png.session.json").write_bytes(content)
    folder = Folder(tmp_path, out)
    assert folder.pictures.states["a.png"] == "work" and folder.work.latest() is None
    with pytest.raises(StoreError):
        folder.open("a.png")


def test_a_json_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    path.write_text("[1, 2, 3]")
    monkeypatch.setattr(store, "MAX_JSON_BYTES", 5)
    with pytest.raises(MaskFileError, match="too large"):
        read_objects(path, "x.png", (90, 120))


def test_a_text_file_that_is_too_large_is_not_read(tmp_path):
    """A line of numbers takes some fifty times its bytes in memory."""
    path = tmp_path / "x.txt"
    path.write_text("0 " + "0.5 " * 2_000_000)
    with pytest.raises(MaskFileError, match="at most 8 MB"):
        load_masks(path, "x.png", (90, 120))


def test_polygons_cost_no_more_than_their_bound():
    """Rasterising takes memory for each pixel along the edges; some kilobytes could ask for gigabytes."""
    there_and_back = [0, 0, 8000, 6000] * (MAX_OUTLINE // 8000)
    entry = {**COCO["annotations"][0], "segmentation": [there_and_back]}
    image = {**COCO["images"][0], "height": 6000, "width": 8000}
    with pytest.raises(MaskFileError, match="too many corners"):
        coco_objects({**COCO, "images": [image], "annotations": [entry]}, "squares.png", (6000, 8000))


def test_masks_of_another_size_are_refused_and_nothing_changes(picture_file, warnings, tmp_path):
    shared = Server(Settings(ColourModel(), examples=[picture_file]))
    page, _ = send(shared, None, {"number": 1, "kind": "example", "index": 0}, {**VALID[0], "number": 2})
    before = page.session.document
    Image.new("L", (119, 90), 255).save(page.files.uploads / "mask.png")
    (page.files.uploads / "coco.json").write_text(json.dumps(replaced(COCO, ("images", 0, "width"), 119)))
    other = saved_session(np.full((91, 120, 3), 99, np.uint8))
    (page.files.uploads / "other.session.json").write_bytes(store.encode(other))
    for number, name in enumerate(("mask.png", "coco.json", "other.session.json"), start=3):
        path = str(page.files.uploads / name)
        send(shared, page, {"number": number, "kind": "import", "path": path, "name": name})
        assert "120 x 90" in warnings[-1]
    assert len(warnings) == 3 and page.session.document is before
    page.close()


NAMES = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "../../../etc/passwd",
    "C:\\Windows\\x",
    "a/b",
    "NUL",
    ".",
    "..",
    "-rf",
    "%s{0}${x}`id`",
    "a: [b, *c] # d",
    'O\'Brien "x" & <y>',
    "emoji 🎯 עברית",
    "line\nbreak\ttab\x00null\ud800",
]


def test_exports_with_hostile_label_names_stay_readable_and_inside(picture):
    session = opened(picture)
    for name in NAMES:
        content = replaced(COCO, ("categories", 0, "name"), name)
        content["annotations"] = content["annotations"][:1]
        add_masks(session, coco_objects(content, "squares.png", (90, 120)))
    labels = [instance.label for instance in session.document.instances]
    assert len(labels) == len(NAMES) and all(label.isprintable() and label for label in labels)
    annotated = [AnnotatedPicture("squares.png", session.size, session.document, lambda: picture)]
    yolo = yaml.safe_load(export("yolo", annotated)["data.yaml"])
    assert set(yolo["names"].values()) == set(labels)
    voc = export("voc", annotated)
    assert (
        voc["labels.txt"].decode().splitlines()[1:]
        == list(dict.fromkeys(["cup", *labels]))[-len(set(labels)) :]
    )
    root = ElementTree.fromstring(voc["Annotations/squares.xml"])
    assert [node.text for node in root.findall("object/name")] == labels
    use(session)


# ---- paths


def test_links_lead_neither_pictures_nor_work_out_of_their_folders(picture, tmp_path, session_data):
    images, outside, out = (tmp_path / name for name in ("images", "outside", "out"))
    for folder in (images / "sub", outside, out):
        folder.mkdir(parents=True)
    for path in (images / "a.png", images / "sub" / "b.png", outside / "secret.png"):
        Image.fromarray(picture).save(path)
    (images / "link.png").symlink_to(outside / "secret.png")
    (images / "linked").symlink_to(outside)
    (images / "alias.png").symlink_to(images / "a.png")
    (out / "sub").symlink_to(outside)
    folder = Folder(images, out)
    assert folder.pictures.names == ["a.png", "alias.png", "sub/b.png"]
    session = opened(picture)
    with pytest.raises(StoreError, match="out of its folder"):
        folder.save("sub/b.png", session.document, session.size, 0)
    (out / "a.png.session.json").symlink_to(outside / "stolen.json")
    (outside / "stolen.json").write_bytes(store.encode(session_data[1]))
    with pytest.raises(StoreError, match="out of its folder"):
        folder.open("a.png")
    assert sorted(path.name for path in outside.iterdir()) == ["secret.png", "stolen.json"]
    only_links = tmp_path / "only"
    only_links.mkdir()
    (only_links / "x.png").symlink_to(outside / "secret.png")
    with pytest.raises(ValueError, match="links that lead out"):
        Folder(only_links, out)


@pytest.mark.parametrize(
    "name",
    ["../outside.png", "sub/../../outside.png", "{outside}", "link.png", "C:\\outside.png", "", ".", "\0"],
)
def test_a_list_of_clicks_names_no_picture_outside(name, picture, tmp_path):
    images = tmp_path / "images"
    (images / "sub").mkdir(parents=True)
    outside = tmp_path / "outside.png"
    Image.fromarray(picture).save(outside)
    (images / "link.png").symlink_to(outside)
    clicks = tmp_path / "clicks.json"
    clicks.write_text(json.dumps([{"picture": name.format(outside=outside), "x": 1, "y": 1}]))
    (problem,) = read_click_list(clicks, images).problems
    assert "there is no picture" in str(problem)


@pytest.mark.parametrize("object", ["../x", "/x", "a/b", "C:x", "a\\b", "..\\x", "a\nb", "\0"])
def test_names_of_objects_stay_in_their_folder(object, picture_file, tmp_path):
    clicks = tmp_path / "clicks.json"
    clicks.write_text(json.dumps([{"picture": "squares.png", "x": 1, "y": 1, "object": object}]))
    (problem,) = read_click_list(clicks, tmp_path).problems
    assert "cannot be part of a file name" in str(problem)


@pytest.mark.parametrize("x", ["NaN", "1e999", "-1", "1" * 400, "<b>", "[]"])
def test_a_list_of_clicks_with_impossible_coordinates(x, picture_file, tmp_path, capsys):
    clicks = tmp_path / "clicks.csv"
    clicks.write_text(f"picture,x,y\nsquares.png,{x},5\n")
    out = tmp_path / "out"
    assert main(["batch", str(clicks), "--images", str(tmp_path), "--out", str(out), "--steps", "0"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and not out.exists()


def test_a_page_opens_only_what_was_uploaded(picture_file, warnings, tmp_path):
    shared = Server(Settings(ColourModel(), examples=[picture_file]))
    page, _ = send(shared, None, {"number": 1, "kind": "hello"})
    secret = tmp_path / "secret.png"
    Image.new("RGB", (20, 20)).save(secret)
    link = page.files.uploads / f"{page.token}.png"
    link.symlink_to(secret)
    paths = [
        secret,
        link,
        f"{page.files.uploads}/../{secret.name}",
        f"{page.files.uploads}/../../../../../../../../..{secret}",
        "C:\\secret.png",
        "file:///etc/passwd",
        "http://127.0.0.1/x.png",
        f"{page.files.uploads}/{'a' * 300}",
        str(page.files.uploads),
        "/proc/self/environ",
    ]
    for number, path in enumerate(paths, start=2):
        for kind in ("open", "import"):
            send(shared, page, {"number": 2 * number, "kind": kind, "path": str(path), "name": "x.png"})
            assert warnings[-1].startswith("The file did not arrive")
        assert page.picture is None
    link.unlink()
    page.close()


def test_opened_uploads_are_removed_in_time(picture_file, warnings):
    shared = Server(Settings(ColourModel()))
    page, _ = send(shared, None, {"number": 1, "kind": "hello"})
    folders = []
    for number in range(2, 60):
        folder = page.files.uploads / f"{page.token}-{number}"
        folder.mkdir()
        folders.append(folder)
        (folder / "x.png").write_bytes(picture_file.read_bytes())
        send(shared, page, {"number": number, "kind": "open", "path": str(folder / "x.png"), "name": "x.png"})
    assert warnings == []
    assert sum(folder.exists() for folder in folders) <= 16
    page.close()
    assert not any(folder.exists() for folder in folders)


def test_a_disguised_upload_is_refused_and_the_picture_stays(picture_file, warnings):
    shared = Server(Settings(ColourModel(), examples=[picture_file]))
    page, _ = send(shared, None, {"number": 1, "kind": "example", "index": 0}, {**VALID[0], "number": 2})
    before, shown = page.session.document, page.picture
    path = page.files.uploads / f"{page.token}.png"
    for number, content in enumerate((b"<svg onload=alert(1)/>", b"<html>", b"", os.urandom(999)), start=3):
        path.write_bytes(content)
        send(shared, page, {"number": number, "kind": "open", "path": str(path), "name": "x.png"})
        assert "not a picture" in warnings[-1]
        with pytest.raises(MaskFileError):
            read_objects(path, "x", page.session.size)
    assert page.session.document is before and page.picture is shown
    page.close()


def test_errors_of_reading_are_sentences_for_the_person():
    assert all(
        issubclass(kind, ValueError) for kind in (ActionError, PictureError, StoreError, MaskFileError)
    )
