"""Pictures are divided into training, validation and test, and added pictures do not move others."""

import numpy as np
import pytest
import yaml

from cfr_icl.annotate.exports import export
from cfr_icl.annotate.exports.splits import NAMES, Split, divided, read_shares, read_split_list
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.masks import Mask
from tests.loaded import add_masks

PICTURES = [f"folder/picture {number}.png" for number in range(1000)]


def test_shares_are_about_as_asked_and_no_picture_moves_when_others_are_added():
    split = Split(read_shares("80,10,10"))
    parts = divided(PICTURES, split)
    for name, share in zip(NAMES, split.shares, strict=True):
        assert len(parts[name]) / 1000 == pytest.approx(share, abs=0.03)
    fewer = divided(PICTURES[::3], split)
    for part, indices in fewer.items():
        assert {PICTURES[::3][index] for index in indices} <= {PICTURES[index] for index in parts[part]}
    assert divided(PICTURES, Split(read_shares("70,30"))).keys() == {"train", "val"}


@pytest.mark.parametrize("text", ["", "80", "a,b", "-1,2", "0,0,0", "1,2,3,4", "nan,1", "inf,1"])
def test_shares_that_do_not_divide_a_whole_are_refused(text):
    with pytest.raises(ValueError, match="no split such as 80,10,10"):
        read_shares(text)


def test_a_list_names_the_parts_of_pictures(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("picture,split\na.png,valid\nb.png,TEST\n\n", encoding="utf-8-sig")
    listed = read_split_list(path)
    assert listed == {"a.png": "val", "b.png": "test"}
    assert [Split(listed=listed).part(name) for name in ("a.png", "b.png", "c.png")] == [
        "val",
        "test",
        "train",
    ]
    path.write_text("a.png,val\nb.png,holiday\n")
    with pytest.raises(ValueError, match=r"Row 2 of split\.csv"):
        read_split_list(path)
    for content, sentence in (
        ("a.png,holiday\n", r"Row 1 of split\.csv names 'holiday'"),
        ("picture,split\na.png\n", r"Row 2 of split\.csv"),
        ("hello\n", r"^split\.csv names no part of a picture; a row is such as a\.png,train\.$"),
        ("", "names no part"),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=sentence):
            read_split_list(path)
    for content in (b"a.png,tr\xffain\n", b"a" * 200_000 + b",train\n"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"^split\.csv is no CSV file in UTF-8\.$"):
            read_split_list(path)


@pytest.fixture
def pictures(session):
    session.open(np.full((40, 60, 3), 90, np.uint8), "a.png")
    mask = np.zeros((40, 60), bool)
    mask[5:20, 5:30] = True
    add_masks(session, [("cup", Mask.of(mask))])
    made = [
        AnnotatedPicture(name, session.size, session.document, lambda: session.picture)
        for name in ("a.png", "b.png", "c.png")
    ]
    return made


def test_each_part_is_exported_into_its_folder_with_one_numbering_of_classes(pictures):
    split = Split(listed={"b.png": "val", "c.png": "test"})
    files = export("yolo", pictures, classes=["dog", "cup"], split=split)
    assert sorted(files) == [
        "data.yaml",
        *(f"{p}/labels/{n}.txt" for p, n in zip(("test", "train", "val"), "cab", strict=True)),
    ]
    assert all(files[name].startswith(b"1 ") for name in files if name.endswith(".txt"))
    said = yaml.safe_load(files["data.yaml"])
    assert said == {
        "train": "train/images",
        "val": "val/images",
        "test": "test/images",
        "names": {0: "dog", 1: "cup"},
    }
    assert sorted(export("coco", pictures, split=split)) == [
        f"{part}/annotations.json" for part in sorted(NAMES)
    ]
    everything = export("everything", pictures, split=split)
    assert {"coco/val/annotations.json", "yolo/data.yaml", "voc/test/labels.txt"} <= everything.keys()
