"""A folder of files that somebody sent: pictures are taken, and everything else is told."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder import own_folder
from cfr_icl.annotate.folder.own_folder import OwnFolder, safe_path
from cfr_icl.annotate.objects.document import Document, Label
from cfr_icl.annotate.saved.store import file_digest, save


@pytest.fixture
def sent(tmp_path):
    """A function that makes a file as an upload leaves it: somewhere, under any name."""
    numbers = iter(range(10_000))

    def send(name, content=None):
        path = tmp_path / "uploads" / str(next(numbers)) / "file"
        path.parent.mkdir(parents=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pixels = np.full((20, 30, 3), content or 0, np.uint8)
            Image.fromarray(pixels).save(path, "PNG")
        return path, name

    return send


@pytest.fixture
def own(tmp_path):
    return OwnFolder(tmp_path / "page", labels=[Label("cat", "#3b82f6")])


def test_pictures_are_taken_in_their_order_and_other_files_are_reported(own, sent):
    own.add(
        [sent("b10.png"), sent("b9.png", 1), sent("x.png", b""), sent("y.png", b"hello"), sent("z.txt", 2)]
    )
    assert (
        own.folder.pictures.names == ["b9.png", "b10.png"] and own.folder.work.classes.labels[0].name == "cat"
    )
    own.add([sent("sub/a.png", 3)])
    assert own.folder.pictures.names == ["b9.png", "b10.png", "sub/a.png"]
    told = own.take_messages()
    assert (
        told[0] == "x.png: The file is empty." and "not a picture" in told[1] and told[2].startswith("z.txt")
    )
    assert own.take_messages() == []


def test_no_name_leads_out_of_the_folder(own, sent, tmp_path):
    names = [
        "../../up.png",
        "/etc/passwd.png",
        "C:\\back\\slash.png",
        "a//./b.png",
        "\ud800\n.png",
        "é" * 300 + ".png",
    ]
    own.add([sent(name, number) for number, name in enumerate(names)])
    assert len(own.folder.pictures.names) == len(names)
    inside = {path for path in (tmp_path / "page" / "pictures").rglob("*") if path.is_file()}
    assert len(inside) == len(names) and all(
        own.folder.files.path(name) in inside for name in own.folder.pictures.names
    )
    assert not (tmp_path / "up.png").exists()


@pytest.mark.parametrize("name", [".hidden.png", "__MACOSX/a.png", "a/._b.png", "..", "/", "", "\x00"])
def test_files_of_operating_systems_are_no_pictures(name):
    assert safe_path(name) == ""


def test_the_same_file_is_taken_once_and_another_of_its_name_gets_a_number(own, sent):
    own.add([sent("a.png", 1), sent("a.png", 1), sent("a.png", 2), sent("a.png/b.png", 3)])
    assert sorted(own.folder.pictures.names) == ["a.png", "a.png_b.png", "a~2.png"]
    assert own.take_messages() == [
        "Files that are here already were left out: 1.",
        "Files of one name with different contents got a number: a~2.png, a.png_b.png.",
    ]


def test_a_folder_has_bounds(own, sent, monkeypatch):
    files = [sent(f"{number}.png", number) for number in range(4)]
    monkeypatch.setattr(own_folder, "MOST_PICTURES", 2)
    own.add(files[:3])
    monkeypatch.setattr(own_folder, "MOST_PICTURES", 10)
    monkeypatch.setattr(own_folder, "MOST_BYTES", own.bytes + 10)
    own.add(files[3:])
    assert own.folder.pictures.names == ["0.png", "1.png"]
    assert own.take_messages()[0].endswith("left out: 2.png, 3.png.")
    monkeypatch.setattr(own_folder, "MOST_BYTES", 10**9)
    monkeypatch.setattr(own_folder, "SPARE_BYTES", 10**18)
    own.add(files[3:])
    assert own.folder.pictures.names == ["0.png", "1.png"] and "disk is full" in own.take_messages()[0]


def test_saved_work_comes_with_its_picture_and_replaces_none(own, sent, tmp_path):
    def work(name, size, done):
        file = tmp_path / "work"
        save(file, Document(done=done), "a.png", size)
        return sent(f"{name}.session.json", file.read_bytes())

    own.add([work("a.png", (20, 30), True), sent("a.png"), sent("b.png", 1), work("b.png", (9, 9), True)])
    own.add([work("a.png", (20, 30), False), work("c.png", (20, 30), True), sent("b.png.session.json", b"{")])
    assert own.folder.pictures.states == {"a.png": "done", "b.png": "todo"}
    told = " ".join(own.take_messages())
    assert "taken in for pictures: 1" in told and "belongs to a picture of 9 x 9" in told
    assert "c.png.session.json: There is no picture" in told and "here already were left out: 1" in told


def test_work_goes_to_the_picture_that_it_was_saved_of(own, sent, tmp_path):
    def work(picture, name, done=True):
        size = picture[0].stat().st_size
        save(tmp_path / "work", Document(done=done), name, (20, 30), file_bytes=size)
        return sent(f"{name}.session.json", (tmp_path / "work").read_bytes())

    first, second, long = sent("frame.png", 1), sent("frame.png", b"?"), sent("é" * 97 + ".png", 2)
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(noise).save(second[0], "PNG")
    of_second = work(second, "frame.png")
    assert own.add([first]) == {first[0]: "frame.png"}
    own.add([sent("frame.png.session.json", of_second[0].read_bytes())])
    assert own.folder.pictures.states == {"frame.png": "todo"}
    assert "belongs to another file of this name" in own.take_messages(restored=True)[0]
    held = own.bytes
    assert own.add([second, of_second, long, work(long, long[1])]) == {
        second[0]: "frame~2.png",
        long[0]: long[1],
    }
    assert own.folder.pictures.states == {"frame.png": "todo", "frame~2.png": "done", long[1]: "done"}
    files = [path for path in (tmp_path / "page").rglob("*.png*") if path.name != "frame.png"]
    assert own.bytes - held == sum(path.stat().st_size for path in files)


@pytest.fixture
def work_of(sent, tmp_path):
    """A function that makes saved work of a sent picture, with its digest, under any name."""

    def make(picture, name, picture_name="picture.bmp"):
        file = picture[0]
        facts = {"file_bytes": file.stat().st_size, "digest": file_digest(file)}
        save(tmp_path / "work", Document(done=True), picture_name, (20, 30), **facts)
        return sent(name, (tmp_path / "work").read_bytes())

    return make


def bitmap(value):
    """The content of a picture without compression: all of them have equally many bytes."""
    content = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), value, np.uint8)).save(content, "BMP")
    return content.getvalue()


def test_work_finds_its_picture_under_any_name(own, sent, work_of):
    cat, dog, fox = sent("Cat.BMP", bitmap(1)), sent("sub/dog.bmp", bitmap(2)), sent("fox.bmp", bitmap(3))
    works = [
        work_of(cat, "cat.bmp.session.json"),
        work_of(dog, "elsewhere/DOG.SESSION.JSON"),
        work_of(fox, "renamed (1).session.json"),
    ]
    own.add([cat, dog, fox, sent("owl.bmp", bitmap(4))])
    own.add(works)
    states = own.folder.pictures.states
    assert states == {"Cat.BMP": "done", "fox.bmp": "done", "owl.bmp": "todo", "sub/dog.bmp": "done"}
    assert own.take_messages()[-1] == "Saved work was taken in for pictures: 3."


def test_work_never_goes_to_another_picture_of_its_name_and_size(own, sent, work_of):
    elsewhere = sent("day1/0001.bmp", bitmap(1))
    works = [work_of(elsewhere, "0001.bmp.session.json"), work_of(elsewhere, "day1/0001.bmp.session.json")]
    own.add([sent("0001.bmp", bitmap(2)), sent("0002.bmp", bitmap(3))])
    own.add(works)
    assert set(own.folder.pictures.states.values()) == {"todo"}
    assert own.take_messages() == [
        "0001.bmp.session.json: The saved work belongs to another file of this name.",
        "day1/0001.bmp.session.json: There is no picture of this name.",
    ]


def test_work_waits_for_its_picture_among_files_that_follow(own, sent, work_of):
    pictures = {number: sent(f"{number}.bmp", bitmap(10 + number)) for number in (1, 2, 3, 4)}
    works = {number: work_of(pictures[number + 1], f"{number}.bmp.session.json") for number in (1, 2, 3)}
    own.add([pictures[1], works[1]], more=True)
    own.add([pictures[2], works[2]], more=True)
    assert own.take_messages() == [] and set(own.folder.pictures.states.values()) <= {"todo", "done"}
    own.add([pictures[3], works[3], pictures[4], work_of(sent("x.bmp"), "4.bmp.session.json")], more=True)
    own.add([])
    assert own.take_messages() == [
        "4.bmp.session.json: The saved work belongs to another file of this name.",
        "Saved work was taken in for pictures: 3.",
    ]
    states = own.folder.pictures.states
    assert states == {"1.bmp": "todo", "2.bmp": "done", "3.bmp": "done", "4.bmp": "done"}
    content = own.folder.images.parent
    assert own.bytes == sum(path.stat().st_size for path in content.rglob("*.bmp*"))


def test_a_name_that_is_no_name_is_not_looked_for(own, sent):
    own.add([sent("a.png")])
    long = b'{"picture": "' + b"x/" * 1000 + b'a.png"}'
    own.add([sent("a.session.json", long)])
    assert own.take_messages() == ["a.session.json: There is no picture of this name."]


def test_of_equal_files_work_takes_the_one_of_its_name(own, sent, work_of):
    first, second = sent("a/x.bmp", bitmap(1)), sent("b/y.bmp", bitmap(1))
    work = work_of(second, "c/Y.bmp.session.json")
    own.add([first, second, work])
    assert own.folder.pictures.states == {"a/x.bmp": "todo", "b/y.bmp": "done"}


def test_older_work_finds_its_picture_by_name_alone(own, sent, tmp_path):
    def work(name, picture):
        save(tmp_path / "work", Document(done=True), picture, (20, 30))
        return sent(name, (tmp_path / "work").read_bytes())

    own.add([sent("Cat.png", 1), sent("dog.png", 2), sent("fox.png", 3), sent("sub/owl.png", 4)])
    own.add(
        [
            work("cat.PNG.session.json", "cat.PNG"),
            work("dog.session.json", "dog.png"),
            work("fox.session.json", "fox.jpg"),
            work("owl.png.session.json", "owl.png"),
        ]
    )
    states = own.folder.pictures.states
    assert states == {"Cat.png": "done", "dog.png": "done", "fox.png": "todo", "sub/owl.png": "todo"}
    assert "fox.session.json: There is no picture" in own.take_messages()[0]


def test_saved_work_counts_within_the_bounds(own, sent, tmp_path, monkeypatch):
    save(tmp_path / "work", Document(done=True), "a.png", (20, 30))
    work = sent("a.png.session.json", (tmp_path / "work").read_bytes())
    own.add([sent("a.png")])
    monkeypatch.setattr(own_folder, "MOST_BYTES", own.bytes + 10)
    own.add([work])
    assert own.folder.pictures.states == {"a.png": "todo"} and own.take_messages()[0].endswith(
        "a.png.session.json."
    )


def test_nothing_is_left_of_the_uploads(own, sent):
    files = [sent("a.png"), sent("b.png", 1)]
    own.add(files)
    assert not any(Path(file).exists() for file, _ in files)
