"""Batches that are stopped, divided, joined, begun with boxes and masks, and opened by the page."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.session.session import Session
from cfr_icl.cli import batch as command
from cfr_icl.cli.main import main
from cfr_icl.prediction import PredictionError
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel

ROWS = "".join(f"{n}.png,20,30,1,red,one\n{n}.png,90,50,1,blue,two\n" for n in range(5))


@pytest.fixture
def images(picture, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(5):
        Image.fromarray(np.roll(picture, number, axis=1)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def predicted(monkeypatch):
    """Pictures that the network got, the last run's last."""
    pictures = []

    class Counting(Segmenter):
        def set_image(self, image):
            pictures.append(image)
            super().set_image(image)

    monkeypatch.setattr(command, "new_segmenter", lambda options: Counting(ColourModel()))
    return pictures


def run(images, out, *options, rows=ROWS, heading="picture,x,y,positive,object,label"):
    path = images.parent / "clicks.csv"
    path.write_text(f"{heading}\n{rows}")
    return main(["batch", str(path), "--images", str(images), "--out", str(out), "--steps", "1", *options])


def masks(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.png")}


def coco(path):
    data = json.loads(path.read_text())
    names = {image["id"]: image["file_name"] for image in data["images"]}
    labels = {category["id"]: category["name"] for category in data["categories"]}
    return {
        (names[entry["image_id"]], entry["object"]): (labels[entry["category_id"]], entry["segmentation"])
        for entry in data["annotations"]
    }


def test_no_picture_is_predicted_twice(images, tmp_path, predicted, capsys):
    out = tmp_path / "out"
    assert run(images, out) == 0 and len(predicted) == 5
    before = masks(out)
    assert len(before) == 10
    (out / "3_red.png").unlink()
    assert run(images, out) == 0 and len(predicted) == 6
    assert masks(out) == before
    assert "4 of 5 pictures need not be predicted again" in capsys.readouterr().err
    assert run(images, out, rows=ROWS.replace("2.png,20,30", "2.png,25,31")) == 0 and len(predicted) == 7
    assert run(images, out, "--steps", "0") == 0 and len(predicted) == 12
    assert "differ from those of the last run" in capsys.readouterr().err


@pytest.mark.parametrize("format", ["masks", "coco", "work"])
def test_a_killed_run_resumes(format, images, tmp_path, predicted, monkeypatch):
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert run(images, whole, "--format", format) == 0

    class Dying(Segmenter):
        def set_image(self, image):
            if len(predicted) == 8:
                raise PredictionError("killed")
            predicted.append(image)
            super().set_image(image)

    with monkeypatch.context() as patch:
        patch.setattr(command, "new_segmenter", lambda options: Dying(ColourModel()))
        assert run(images, out, "--format", format) == 2
    log = out / "batch.jsonl"
    log.write_text(log.read_text() + '{"picture": "4.p')  # a line that was being written
    assert run(images, out, "--format", format) == 0
    assert len(predicted) == 5 + 3 + 2
    if format == "masks":
        assert masks(out) == masks(whole)
    elif format == "coco":
        assert (out / "annotations.json").read_bytes() == (whole / "annotations.json").read_bytes()
    else:
        assert {path.name for path in out.iterdir()} == {path.name for path in whole.iterdir()}


@pytest.mark.parametrize("format", ["masks", "coco", "work"])
@pytest.mark.parametrize("shared", [False, True])
def test_shards_joined_are_the_whole(format, shared, images, tmp_path, predicted):
    whole, out = tmp_path / "whole", tmp_path / "joined"
    assert run(images, whole, "--format", format, rows=ROWS + "none.png,1,1,1,,\n") == 1
    parts = [tmp_path / "part" if shared else tmp_path / f"part-{n}" for n in (1, 2, 3)]
    for number, part in enumerate(parts, 1):
        run(images, part, "--format", format, "--shard", f"{number}/3", rows=ROWS + "none.png,1,1,1,,\n")
    assert len(predicted) == 10
    target = parts[0] if shared else out
    assert main(["join", *map(str, dict.fromkeys(parts)), "--out", str(target)]) == 1
    assert masks(target) == masks(whole)
    if format == "coco":
        assert coco(target / "annotations.json") == coco(whole / "annotations.json")
    assert (target / "failed.csv").read_bytes() == (whole / "failed.csv").read_bytes()
    assert run(images, target, "--format", format) == 0 and len(predicted) == 10
    assert not (target / "failed.csv").exists()


def test_incomplete_or_mixed_parts_are_refused(images, tmp_path, capsys):
    parts = [str(tmp_path / f"part-{n}") for n in (1, 2)]
    run(images, tmp_path / "part-1", "--shard", "1/2")
    out = str(tmp_path / "out")
    assert main(["join", parts[0], "--out", out]) == 2
    assert "Parts are missing: 2/2." in capsys.readouterr().err
    run(images, tmp_path / "part-2", "--shard", "2/2", "--steps", "0")
    assert main(["join", *parts, "--out", out]) == 2
    assert "other settings" in capsys.readouterr().err
    run(images, tmp_path / "part-2", "--shard", "2/2")
    next((tmp_path / "part-2").glob("*.png")).unlink()
    assert main(["join", *parts, "--out", out]) == 2
    assert "is missing; run part 2/2 again" in capsys.readouterr().err and not Path(out).exists()
    run(images, tmp_path / "part-2", "--shard", "2/2")
    log = tmp_path / "part-2" / "batch-2-of-2.jsonl"
    log.write_text(log.read_text().replace('{"finished": true}\n', ""))
    assert main(["join", *parts, "--out", out]) == 2
    assert "Part 2/2 was stopped before its end" in capsys.readouterr().err
    assert main(["join", parts[0], parts[0], "--out", out]) == 2
    log.write_text(log.read_text().replace('"2_red.png"', '"../clicks.csv"') + '{"finished": true}\n')
    for path in (tmp_path / "part-2").glob("*_red.png"):
        log.write_text(log.read_text().replace(f'"{path.name}"', '"../clicks.csv"'))
    assert main(["join", *parts, "--out", out]) == 2
    assert "outside of its folder" in capsys.readouterr().err
    assert main(["join", str(tmp_path), "--out", out]) == 2
    assert main(["join", str(tmp_path / "nowhere"), "--out", out]) == 2


def test_failed_pictures_are_listed_and_tried_again(images, tmp_path, predicted):
    content = (images / "1.png").read_bytes()
    (images / "1.png").write_bytes(content[:60] + bytes(10) + content[70:])
    out = tmp_path / "out"
    assert run(images, out, rows=ROWS + "2.png,x,1,1,,\n") == 1
    with (out / "failed.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = [(row["picture"], row["reason"]) for row in csv.DictReader(file)]
    assert [picture for picture, _ in listed] == ["2.png", "1.png"]
    assert "x must be a number" in listed[0][1] and "damaged" in listed[1][1]
    (images / "1.png").write_bytes(content)
    before = len(predicted)
    assert run(images, out) == 0 and len(predicted) == before + 1
    assert not (out / "failed.csv").exists()


def test_a_box_is_predicted_as_on_the_page(images, tmp_path):
    heading, row = "picture,left,top,right,bottom,label", "0.png,8,18,52,62,cup\n"
    assert run(images, tmp_path / "work", "--format", "work", rows=row, heading=heading) == 0
    folder = Folder(images, tmp_path / "work")
    session = Session(Segmenter(ColourModel()))
    opened = folder.open("0.png")
    session.open(opened.picture, "0.png", opened.document)
    (instance,) = session.document.instances
    session.delete(instance.id)
    session.box(8, 18, 52, 62)
    (drawn,) = session.document.instances
    assert (instance.label, instance.clicks, instance.box) == ("cup", drawn.clicks, drawn.box)
    assert instance.network_mask.area and folder.pictures.states["0.png"] == "work"
    assert [label.name for label in folder.work.classes.labels] == ["cup"]


def test_a_mask_is_refined_from_a_click_in_its_middle_or_from_those_of_the_list(images, tmp_path):
    mask = np.zeros((90, 120), np.uint8)
    mask[30:50, 20:40] = 255
    Image.fromarray(mask).save(tmp_path / "start.png")
    heading, rows = "picture,object,mask,x,y", "0.png,a,start.png,,\n0.png,b,start.png,22,33\n"
    assert run(images, tmp_path / "work", "--format", "work", rows=rows, heading=heading) == 0
    folder = Folder(images, tmp_path / "work")
    first, second = folder.open("0.png").document.instances
    assert folder.pictures.certainty_of == {"0.png": min(first.certainty, second.certainty)}
    assert len(first.clicks) == 1 and mask[int(first.clicks[0].y), int(first.clicks[0].x)]
    assert [(click.x, click.y) for click in second.clicks] == [(22, 33)]
    assert np.array_equal(first.initial_mask.pixels, mask > 0) and second.overlap


@pytest.mark.parametrize(
    ("heading", "row", "sentence"),
    [
        ("picture,left,top,right,bottom", "0.png,8,18,9,62", "at least 5 pixels"),
        ("picture,left,top,right,bottom", "0.png,500,18,600,62", "at least 5 pixels"),
        ("picture,left,top,right,bottom", "0.png,8,18,,62", "right must be a number"),
        ("picture,left,top,right,bottom", "0.png,8,18,inf,62", "finite"),
        ("picture,mask", "0.png,none.png", "no mask 'none.png'"),
        ("picture,mask", "0.png,../../etc/passwd", "no mask"),
        ("picture,mask", "0.png,clicks.csv", "0.png: mask clicks.csv: This is not a picture"),
        ("picture,x,y,label", "0.png,1,1,a\n0.png,1,1,b", "another label already"),
        ("picture,y", "0.png,1", "needs a heading"),
    ],
)
def test_wrong_boxes_and_masks_are_reported_in_a_sentence(heading, row, sentence, images, tmp_path, capsys):
    assert run(images, tmp_path / "out", rows=row + "\n", heading=heading) in (1, 2)
    assert sentence in capsys.readouterr().err and masks(tmp_path / "out") == {}


def test_saved_work_is_never_replaced(images, tmp_path, predicted, capsys):
    work = tmp_path / "work"
    assert run(images, work, "--format", "work") == 0
    folder = Folder(images, work)
    session = Session(Segmenter(ColourModel()))
    opened = folder.open("2.png")
    session.open(opened.picture, "2.png", opened.document)
    session.delete(1)
    folder.save("2.png", session.document, session.size, opened.revision)
    before = folder.work.sessions.path("2.png").read_bytes()
    for options in ((), ("--steps", "0")):
        run(images, work, "--format", "work", *options)
        assert folder.work.sessions.path("2.png").read_bytes() == before
    assert "2.png: There is saved work on it already" in capsys.readouterr().err
    assert len(predicted) == 5


def test_lists_in_parquet_and_json_have_the_same_objects(images, tmp_path):
    rows = [
        {"picture": "0.png", "x": 20, "y": 30.0, "box": None, "label": None},
        {"picture": "1.png", "x": None, "y": None, "box": [8, 18, 52, 62], "label": "cup"},
    ]
    (tmp_path / "list.json").write_text(json.dumps(rows))
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "list.parquet")
    for kind in ("json", "parquet"):
        arguments = ["batch", str(tmp_path / f"list.{kind}"), "--images", str(images), "--steps", "0"]
        assert main([*arguments, "--out", str(tmp_path / kind), "--format", "coco"]) == 0
    found = coco(tmp_path / "json" / "annotations.json")
    assert found == coco(tmp_path / "parquet" / "annotations.json")
    assert [label for label, _ in found.values()] == ["object", "cup"]
    (tmp_path / "list.parquet").write_bytes(b"PAR1 and more")
    assert main(["batch", str(tmp_path / "list.parquet"), "--images", str(images), "--out", "x"]) == 2


class Rating(ColourModel):
    """Predicts the same IoU for each mask."""

    def rated_logits(self, features, prompt, previous, with_choices, first=False):
        return super().rated_logits(features, prompt, previous, with_choices, first)[0], 0.7431, None


def test_predicted_ious_are_in_coco_and_mark_masks_for_the_page(images, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "new_segmenter", lambda options: Segmenter(Rating()))
    assert run(images, tmp_path / "coco", "--format", "coco") == 0
    entries = json.loads((tmp_path / "coco" / "annotations.json").read_text())["annotations"]
    assert {entry["predicted_iou"] for entry in entries} == {0.74}
    assert run(images, tmp_path / "work", "--format", "work") == 0
    document = Folder(images, tmp_path / "work").open("0.png").document
    assert [instance.certainty for instance in document.instances] == pytest.approx([0.7431] * 2)
    assert all(instance.unsure for instance in document.instances)
