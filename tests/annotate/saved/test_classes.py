"""Class numbers: the order of one list, which never changes."""

import re
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.exports import export
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.imports.loaded import LoadedMasks, LoadedObject
from cfr_icl.annotate.objects.document import Document, Instance, Label
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.saved import classes
from cfr_icl.annotate.saved.classes import names_by_number, read_classes
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.cli.main import main
from cfr_icl.clicks import Click

MASK = Mask.of(np.eye(90, 120, dtype=bool))

LISTS = {
    "lines": (".txt", "cat\ndog\n\n  bird  \n"),
    "lines of Windows with a mark": (".txt", "\ufeffcat\r\ndog\r\nbird\r\n"),
    "labels.txt of VOC": (".txt", "background\ncat\ndog\nbird\n"),
    "labels.txt of labelme": (".txt", "__ignore__\n_background_\ncat\ndog\nbird\n"),
    "twice": (".txt", "cat\ndog\ncat\nbird\n"),
    "a JSON list": (".json", '["cat", "dog", "bird"]'),
    "a JSON list of objects": (".json", '[{"name": "cat"}, {"name": "dog"}, {"name": "bird"}]'),
    "COCO": (
        ".json",
        '{"categories": [{"id": 7, "name": "cat"}, {"id": 3, "name": "dog"}, {"name": "bird"}]}',
    ),
    "YOLO, by numbers": (".yaml", "path: x\nnames:\n  0: cat\n  2: bird\n  1: 'dog'\nnc: 3\n"),
    "YOLO, a list": (".yml", 'names:\n- cat\n- "dog"  \n# no class\n- bird\ntrain: x\n'),
    "YOLO, in one line": (".yaml", "nc: 3\nnames: [cat, 'dog', \"bird\"]  # three\n"),
    "YOLO, in several lines": (".yaml", "names: [cat,\n  'dog',\n  bird]\nnc: 3\n"),
    "YOLO, a mapping in one line": (".yaml", "names: {0: cat, 1: dog, 2: bird}\n"),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_classes_are_read(kind, tmp_path):
    suffix, text = LISTS[kind]
    path = tmp_path / f"classes{suffix}"
    path.write_text(text, encoding="utf-8")
    assert [label.name for label in read_classes(path)] == ["cat", "dog", "bird"]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".txt", b""),
        (".txt", b"\xff\xfe\x00"),
        (".json", b"{}"),
        (".json", b"[1]"),
        (".yaml", b"nc: 3"),
        (".yaml", b"cat"),
        (".yaml", b"names:"),
        (".yaml", b"names: {0: [cat]}"),
        (".yaml", b"names: {cat: 0}"),
        (".yaml", b"names: {100000: cat}"),
        (".yaml", b"names: " + b"[" * 100_000),
        (".yaml", b"names: " + b"{a: " * 2000),
        (".yaml", b"names: &a [*a]"),
        (".yaml", b"names: [cat" + b", dog" * 200_000 + b"]"),
        (".txt", None),
    ],
)
def test_other_files_are_no_lists_of_classes(suffix, content, tmp_path):
    path = tmp_path / f"classes{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=rf"classes\{suffix} is no list of classes"):
        read_classes(path)


def test_masks_keep_numbers_as_classes_where_the_list_beside_them_cannot_be_read(tmp_path):
    for content in ("cat", "names: [", "names: {0: [cat]}", ""):
        (tmp_path / "data.yaml").write_text(content)
        assert names_by_number(tmp_path / "data.yaml") == []
    (tmp_path / "data.yaml").write_text("names: {2: no, 0: 'null'}")
    assert names_by_number(tmp_path / "data.yaml") == ["null", "class 1", "no"]


class Work:
    """A folder that is labelled and exported."""

    def __init__(self, folder, *names):
        self.folder = folder
        for name in names:
            self.add(name)

    def add(self, name):
        (self.folder / "images").mkdir(exist_ok=True)
        Image.new("RGB", (120, 90)).save(self.folder / "images" / name)

    def save(self, name, *labels, listed=()):
        instances = tuple(Instance(n, label, "#3b82f6", MASK, MASK) for n, label in enumerate(labels, 1))
        names = tuple(Label(each, "#3b82f6") for each in listed)
        document = Document(instances, labels=names, next_id=len(labels) + 1)
        Folder(self.folder / "images", self.folder / "work").save(name, document, (90, 120), 0)

    def numbers(self, *options):
        out = self.folder / "out"
        arguments = ["export", "--images", self.folder / "images", "--work", self.folder / "work"]
        assert main([*map(str, arguments), "--format", "yolo", "--out", str(out), *map(str, options)]) == 0
        return re.findall(r'^  \d+: "(.+)"$', (out / "data.yaml").read_text(), re.MULTILINE)


def test_numbers_stay_when_labels_pictures_and_lists_change(tmp_path, capsys):
    work = Work(tmp_path, "b.png", "c.png")
    work.save("b.png", "object")
    assert work.numbers() == ["object"]
    work.save("c.png", "cat", listed=["cat"])
    assert work.numbers() == ["object", "cat"]
    work.add("a.png")
    work.save("a.png", "dog", "ant", listed=["dog"])
    assert work.numbers() == ["object", "cat", "dog", "ant"]
    work.save("b.png", "ant", listed=["zebra", "cat"])
    assert work.numbers() == ["object", "cat", "dog", "ant", "zebra"]


def test_numbers_of_an_export_beside_an_open_page_stay(tmp_path, capsys):
    work = Work(tmp_path, "b.png")
    page = Folder(tmp_path / "images", tmp_path / "work")
    page.work.claim()
    work.save("b.png", "dog")
    assert work.numbers() == ["dog"]
    work.add("a.png")
    work.save("a.png", "cat")
    refreshed = Folder(tmp_path / "images", tmp_path / "work").saved_work().pictures
    assert page.work.classes.number(refreshed) == ["dog", "cat"] == work.numbers()


def test_two_exports_at_a_time_give_each_class_one_number(tmp_path, monkeypatch):
    """The second one begins while the first has read the list and not written it yet."""
    work = Work(tmp_path, "a.png", "b.png")
    work.save("a.png", "dog")
    first, second = (Folder(tmp_path / "images", tmp_path / "work") for _ in range(2))
    of_first = first.saved_work().pictures
    work.save("b.png", "ant")
    of_second = second.saved_work().pictures[1:]
    write, numbers = classes.write_classes, {}
    other = Thread(target=lambda: numbers.update(second=second.work.classes.number(of_second)))

    def interrupted(path, labels):
        if other.ident is None:
            other.start()
            other.join(0.3)  # it waits for the first one, or it is done
        write(path, labels)

    monkeypatch.setattr(classes, "write_classes", interrupted)
    numbers["first"] = first.work.classes.number(of_first)
    other.join()
    assert numbers == {"first": ["dog"], "second": ["dog", "ant"]}
    listed = Folder(tmp_path / "images", tmp_path / "work").work.classes.labels
    assert [label.name for label in listed] == ["dog", "ant"]


def test_the_command_line_gives_the_order(tmp_path, capsys):
    work = Work(tmp_path, "a.png")
    work.save("a.png", "dog", "cow")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert work.numbers("--classes", tmp_path / "classes.txt") == ["cat", "dog", "cow"]
    assert work.numbers() == ["cat", "dog", "cow"]


def test_the_folders_classes_are_every_pictures_list(tmp_path):
    work = Work(tmp_path, "a.png", "b.png")
    work.save("a.png", "dog", listed=["dog", "cow"])
    folder = Folder(tmp_path / "images", tmp_path / "work")
    folder.work.classes.set([Label("cat", "#000000")])
    assert [label.name for label in folder.open("a.png").document.labels] == ["cat", "dog", "cow"]
    again = Folder(tmp_path / "images", tmp_path / "work")
    assert [label.name for label in again.work.latest().labels] == ["cat", "dog", "cow"]
    assert [label.name for label in again.work.classes.labels] == ["cat"]


def test_labels_of_loaded_masks_join_the_list(session):
    session.click(Click(30, 40))
    session.set_label("cat", 1)
    square = np.zeros((90, 120), bool)
    square[60:70, 60:70] = True
    objects = [
        LoadedObject(Mask.of(square), "dog", 18, "animal"),
        LoadedObject(MASK, "cat"),
        LoadedObject(MASK),
    ]
    session.add_loaded(LoadedMasks(objects))
    assert session.document.labels[1] == Label("dog", session.document.labels[1].colour, 18, "animal")
    assert [label.name for label in session.document.labels] == ["cat", "dog"]
    assert [each.label for each in session.document.instances] == ["cat", "dog", "cat", "cat"]
    session.undo()
    assert len(session.document.instances) == 1


def test_a_session_keeps_its_numbers(session):
    from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture

    def numbers():
        pictures = [AnnotatedPicture("a.png", session.size, session.document, lambda: session.picture)]
        return export("yolo", pictures, classes=session.number_classes(pictures))["data.yaml"].decode()

    session.click(Click(30, 40))
    assert '0: "object"' in numbers()
    session.set_label("cat")
    assert '0: "object"' in numbers() and '1: "cat"' in numbers()


def test_a_damaged_list_of_classes_is_reported_and_not_overwritten(tmp_path, caplog, capsys):
    work = Work(tmp_path, "a.png")
    work.save("a.png", "dog")
    (tmp_path / "work/classes.json").write_text("{")
    assert Folder(tmp_path / "images", tmp_path / "work").work.classes.labels == []
    assert "classes.json is no list of classes" in caplog.text
    assert work.numbers() == ["dog"] and (tmp_path / "work/classes.json").read_text() == "{"
    assert "The order of the classes is not saved: classes.json is no list of classes" in caplog.text


def test_a_list_given_at_the_start_is_every_pictures_list(picture):
    from cfr_icl.annotate.session.session import Session
    from cfr_icl.segmenter import Segmenter
    from tests.stand_in import ColourModel

    session = Session(Segmenter(ColourModel()), labels=[Label("cat", "#112233"), Label("dog", "#445566")])
    session.open(picture, "a.png")
    session.click(Click(30, 40))
    assert session.active.label == "cat" and session.active.colour == "#112233"
    assert [label.name for label in session.document.labels] == ["cat", "dog"]
    assert session.number_classes([]) == ["cat", "dog"]
