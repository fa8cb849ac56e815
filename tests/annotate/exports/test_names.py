"""Names are left as they are: files open, folders work, and exports are named so that readers find them."""

import io
import json
import os
import unicodedata
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.exports import FORMATS, export, export_warnings
from cfr_icl.annotate.exports.archive import portable_names, zipped
from cfr_icl.annotate.exports.writing import write_files
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.document import Document, Instance, label_name
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.pictures.listing import MANIFEST, first_names, shown_name
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.session_files import session_file
from cfr_icl.ui.exporting import all_sessions

SQUARE = np.zeros((90, 120), bool)
SQUARE[10:40, 20:50] = True

NAMES = [
    "plain.png",
    "Screenshot 2024-05-01 at 9.41.00\u202fAM.png",
    "写真\u30001.png",
    "2024-05-01T12:30:00.png",
    "می\u200cخواهم.png",
    "👩\u200d🚀.png",
    "photo .png",
    " leading.png",
    "trailing dot..png",
    '100% *?<>|".png',
    "back\\slash.png",
    "with#hash&amp;[1].png",
    "ñ " + unicodedata.normalize("NFD", "Müller.png"),
    "two²digits³.png",
    "day 1/Straße (2).png",
    "A.B.C.tar.PNG",
    "漢" * 80 + ".png",
    "x" * 251 + ".png",
    "no character \uffff.png",
    "M\udcfcller.png",
    "\udcff\udcfe.png",
]


def work(folder, names, label="cat"):
    """A folder of pictures with an object each, saved."""
    for name in names:
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (120, 90), (90, 120, 60)).save(path, "PNG")
    opened = Folder(folder / "images", folder / "work")
    mask = Mask.of(SQUARE)
    document = Document((Instance(1, label, "#3b82f6", mask, mask),), next_id=2, done=True)
    for name in opened.pictures.names:
        opened.save(name, document, (90, 120), 0)
    return Folder(folder / "images", folder / "work")


UNPACKED = {
    "labels/12:30?.txt": "labels/12_30_~2.txt",
    "labels/12|30*.txt": "labels/12_30_~3.txt",
    "labels/12_30_.TXT": "labels/12_30_.TXT",
    'day 1. /"a".png': "day 1__/_a_.png",
    "back\\slash.png": "back_slash.png",
    "CON.txt": "CON_.txt",
    "nul": "nul_",
    "com1.tar.gz": "com1_.tar.gz",
    "aux .png": "aux_.png",
    "console.txt": "console.txt",
    "Müller (2).png": "Müller (2).png",
    "M\udcfcller.png": "Müller.png",
    "trailing dot..png": "trailing dot..png",
}


def test_a_message_names_the_first_files_and_tells_how_many_more_there_are():
    assert first_names(["a.png", "b.png", "\udce4.png"]) == "a.png, b.png, ä.png"
    assert first_names([f"{number}.png" for number in range(1, 6)]) == "1.png, 2.png, 3.png (+2)"


def test_a_zip_is_unpacked_on_every_system():
    names = portable_names(UNPACKED)
    assert names == UNPACKED
    packed = zipfile.ZipFile(io.BytesIO(zipped({name: name.encode("utf-8", "replace") for name in UNPACKED})))
    assert packed.namelist() == [*names.values()]
    assert packed.read("CON_.txt") == b"CON.txt"


def test_names_that_windows_takes_stay_as_they_are():
    names = ["a/b.png", "A/c.png", "ñ.png", "x.y.z", ".hidden"]
    assert portable_names(names) == {name: name for name in names}


def test_no_file_of_a_zip_replaces_another_one_where_capitals_do_not_count():
    names = {
        "A.png": "A.png",
        "a.png": "a~2.png",
        "dir:/a.png": "dir_~2/a.png",
        "dir_": "dir_",
        "dir?/b.png": "dir_~2/b.png",
        "dir?/A.png": "dir_~2/A~2.png",
        "x/y": "x/y",
        "X": "X~2",
    }
    assert portable_names(names) == names


def test_the_zip_of_saved_work_tells_which_names_it_changed(tmp_path):
    made = all_sessions(work(tmp_path, ["a.png", "12:30.png"]))
    assert zipfile.ZipFile(io.BytesIO(made.content)).namelist() == [
        "12_30.png.session.json",
        "a.png.session.json",
    ]
    assert ["12:30.png" in message for message in made.messages] == [True]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_of_any_name_is_worked_on_and_exported(name, tmp_path):
    folder = work(tmp_path, ["a.png", name])
    json.dumps(folder.pictures.names).encode("utf-8")  # a reply can be sent
    assert len(folder.pictures.names) == 2
    for each in folder.pictures.names:
        opened = folder.open(each)
        assert opened.document.instances and opened.picture.shape == (90, 120, 3)
    stem = name.rpartition(".")[0]
    for format, path in (("yolo", f"labels/{stem}.txt"), ("indexed", f"{stem}.png")):
        out = tmp_path / format
        write_files(out, export(format, folder.saved_work().pictures))
        assert os.path.isfile(os.fsencode(out) + b"/" + os.fsencode(path))
    (coco,) = export("coco", folder.saved_work().pictures).values()
    assert name in [image["file_name"] for image in json.loads(coco)["images"]]


@pytest.mark.parametrize("format", [*FORMATS, "everything"])
def test_all_names_at_once_in_every_format(format, tmp_path):
    folder = work(tmp_path, NAMES)
    pictures = folder.saved_work().pictures
    assert len(pictures) == len(NAMES)
    files = export(format, pictures)
    assert all(len(os.fsencode(part)) <= 255 for name in files for part in name.split("/"))
    write_files(tmp_path / "out", files)
    names = zipfile.ZipFile(io.BytesIO(zipped(files))).namelist()
    assert len(set(names)) == len(files)
    for name, content in files.items():
        if name.endswith(".xml"):
            ElementTree.fromstring(content)


CLASHES = {
    ("photo.jpg", "photo.png"): ("photo.jpg", "photo.png"),
    ("photo.jpg", "photo.png", "photo.jpg.png"): ("photo.jpg", "photo.jpg.png", "photo.png"),
    ("12:30.png", "12_30.png"): ("12:30", "12_30"),
    ("a.png", "b.png"): ("a", "b"),
    ("x/a.png", "y/a.png"): ("x/a", "y/a"),
    ("a.b.png", "a.png"): ("a", "a.b"),
}


@pytest.mark.parametrize("names", CLASHES)
def test_no_picture_takes_anothers_files(names, tmp_path):
    files = export("yolo", work(tmp_path, names).saved_work().pictures)
    labels = sorted(name[7:-4] for name in files if name.startswith("labels/"))
    assert labels == sorted(CLASHES[names])
    said = export_warnings("yolo", work(tmp_path, names).saved_work().pictures)
    assert any("ending alone" in sentence for sentence in said) == (names[0] == "photo.jpg")
    assert export_warnings("coco", work(tmp_path, names).saved_work().pictures) == []


@pytest.mark.parametrize(
    "names", [("A.png", "a.png"), ("Müller.png", unicodedata.normalize("NFD", "Müller.png"))]
)
def test_names_that_are_equal_on_other_systems_are_reported(names, tmp_path):
    folder = work(tmp_path, names)
    if len(folder.pictures.names) < 2:
        pytest.skip("this file system takes them for one itself")
    assert any(
        "capitals or accents" in text for text in export_warnings("yolo", folder.saved_work().pictures)
    )


def objects(*entries):
    mask = Mask.of(SQUARE)
    return Document(tuple(Instance(id, label, "#3b82f6", mask, mask) for id, label in entries))


def test_masks_of_different_objects_are_different_files():
    pictures = [
        AnnotatedPicture(
            "a.png", (90, 120), objects((1, "2_x"), (2, "x/y"), (3, "x\\y"), (4, "ü" * 200)), None
        ),
        AnnotatedPicture("a_1.png", (90, 120), objects((2, "x")), None),
    ]
    assert len(export("masks", pictures)) == 5


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.png", "/etc/passwd.png", "..\\..\\x.png", "C:\\x.png", "a/../b.png", ".."]
)
@pytest.mark.parametrize("format", FORMATS)
def test_names_cannot_leave_the_folder(name, format):
    picture = AnnotatedPicture(
        name, (90, 120), objects((1, "../up")), lambda: np.zeros((90, 120, 3), np.uint8)
    )
    for path in export(format, [picture]):
        parts = path.replace("\\", "/").split("/")
        assert ".." not in parts and not path.startswith("/") and ":\\" not in path


def test_names_that_are_not_utf_8_are_shown_as_text():
    assert shown_name("M\udcfcller") == "Müller"
    assert shown_name("\udc81\ud800") == "\ufffd\ufffd"


LABELS = {
    "猫\u3000犬": "猫\u3000犬",
    "می\u200cخواهم": "می\u200cخواهم",
    "👩\u200d🚀": "👩\u200d🚀",
    "big\ncat": "big cat",
    "tab\there": "tab here",
    "\x00bell\x07": "bell",
    "  spaces  ": "spaces",
    "x" * 100: "x" * 60,
    "\ud800": "",
    "": "",
}


@pytest.mark.parametrize("text", LABELS)
def test_labels_of_other_scripts_stay(text):
    assert label_name(text) == LABELS[text]


def test_files_of_earlier_exports_are_reported_and_pictures_are_never_replaced(tmp_path):
    folder = work(tmp_path, ["a.png", "a_1_cat.png"])
    pictures = folder.saved_work().pictures
    files = export("masks", pictures)
    assert write_files(tmp_path / "out", files) == []
    (sentence,) = write_files(tmp_path / "out", {"b.png": b""})
    assert not (tmp_path / "out" / MANIFEST).exists()
    assert "a_1_cat.png" in sentence
    before = {path: path.read_bytes() for path in (tmp_path / "images").iterdir()}
    with pytest.raises(ValueError, match="would replace a picture"):
        write_files(tmp_path / "images", files, map(folder.files.path, folder.pictures.names))
    assert {path: path.read_bytes() for path in (tmp_path / "images").iterdir()} == before
    write_files(
        tmp_path / "images/masks", files, map(folder.files.path, folder.pictures.names), folder.images
    )
    assert Folder(tmp_path / "images", tmp_path / "work").pictures.names == folder.pictures.names


def test_long_names_have_session_files_of_their_own(tmp_path):
    long = ["漢" * 80 + f"{number}.png" for number in range(3)]
    folder = work(tmp_path, long)
    assert len({session_file(name) for name in folder.pictures.names}) == 3
    assert session_file("a/b.png") == "a/b.png.session.json"
    assert all(
        store.read_json(folder.work.sessions.path(name))["picture"] == name for name in folder.pictures.names
    )
