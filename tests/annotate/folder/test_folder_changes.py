"""A folder that changes while it is worked through: nothing stops, nothing is lost or exported unseen."""

import io
import os
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder import folder as folder_module
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.pictures.listing import MANIFEST, list_pictures
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.pictures.decoding import PictureError
from tests.opened import opened_below


def picture(path, size=(120, 90), colour=(90, 120, 60), format="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, format)
    return path


def document(done=False, objects=1):
    mask = Mask.of(np.eye(90, 120, dtype=bool))
    instances = tuple(Instance(id, "cat", "#3b82f6", mask, mask) for id in range(1, objects + 1))
    return Document(instances, next_id=objects + 1, done=done)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_module, "REFRESH_SECONDS", 0)
    for name in ("a.png", "b.png", "c.png"):
        picture(tmp_path / "images" / name)
    opened = Folder(tmp_path / "images", tmp_path / "work")
    for name in opened.pictures.names:
        opened.save(name, document(), (90, 120), 0)
    return Folder(tmp_path / "images", tmp_path / "work")


UNREADABLE = {
    "garbage": lambda path: path.write_bytes(b"broken"),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "too small": lambda path: picture(path, (3, 3)),
    "another size than its work": lambda path: picture(path, (240, 180)),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_pictures_that_cannot_be_opened_are_named_and_skipped(folder, kind):
    UNREADABLE[kind](folder.files.path("b.png"))
    with pytest.raises((PictureError, StoreError), match=r"^b\.png: "):
        folder.open("b.png")
    assert folder.pictures.states["b.png"] == "unreadable"
    assert folder.pictures.next("a.png") == "c.png" and folder.pictures.next("c.png", -1) == "a.png"
    folder.refresh()
    assert folder.pictures.states == {"a.png": "work", "b.png": "unreadable", "c.png": "work"}
    picture(folder.files.path("b.png"))
    assert folder.refresh() and folder.pictures.states["b.png"] == "work"
    assert folder.open("b.png").document.instances
    assert folder.pictures.next("a.png") == "b.png"


def test_a_removed_picture_is_gone_and_may_come_back(folder):
    folder.files.path("b.png").rename(folder.work.path / "b.png")
    assert folder.refresh() and folder.pictures.states["b.png"] == "gone"
    assert folder.pictures.next("a.png") == "c.png"
    with pytest.raises(PictureError, match=r"^b\.png: The file is not there any more\.$"):
        folder.open("b.png")
    (folder.work.path / "b.png").rename(folder.files.path("b.png"))
    folder.refresh()
    assert folder.pictures.states["b.png"] == "work" and folder.open("b.png").document.instances


NO_FILES = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a link to nothing": lambda path: os.symlink("nowhere", path),
    "a link to itself": lambda path: os.symlink(path.name, path),
    "a link out of the folder": lambda path: os.symlink(picture(path.parents[1] / "secret.png"), path),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_something_other_than_a_file_in_a_pictures_place_is_not_opened(folder, kind):
    path = folder.files.path("b.png")
    path.unlink()
    NO_FILES[kind](path)
    with pytest.raises(PictureError, match=r"^b\.png: The file is not there any more\.$"):
        folder.open("b.png")
    folder.read_ahead("b.png")
    assert folder.pictures.states["b.png"] == "gone" and folder.pictures.next("a.png") == "c.png"
    assert [each.name for each in folder.saved_work().pictures] == ["a.png", "c.png"]


def test_work_that_somebody_deletes_is_gone_and_the_picture_opens(folder):
    (folder.work.path / "b.png.session.json").unlink()
    opened = folder.open("b.png")
    assert opened.document is None and folder.pictures.states["b.png"] == "todo"
    assert (
        folder.save("b.png", document(), (90, 120), opened.revision)
        and folder.pictures.states["b.png"] == "work"
    )


@pytest.mark.parametrize(
    ("content", "sentence"), [("{", "damaged"), ('{"cfr_icl_session": 99}', "session file of this version")]
)
def test_damaged_work_is_reported_and_not_overwritten(folder, content, sentence):
    path = folder.work.path / "b.png.session.json"
    path.write_text(content)
    with pytest.raises(StoreError, match=sentence):
        folder.open("b.png")
    assert folder.pictures.states["b.png"] == "unreadable" and path.read_text() == content
    (said,) = folder.saved_work().left_out
    assert sentence in said and said.startswith("b.png: ")


def test_added_pictures_join_in_order(folder):
    assert not folder.refresh()
    picture(folder.images / "bb.png")
    picture(folder.images / "sub/d.jpg", format="JPEG")
    assert folder.refresh()
    assert folder.pictures.names == ["a.png", "b.png", "bb.png", "c.png", "sub/d.jpg"]
    assert folder.pictures.states["bb.png"] == "todo" and folder.pictures.first_open() == 0
    opened = folder.open("bb.png")
    assert folder.save("bb.png", document(done=True), (90, 120), opened.revision) == 1
    assert folder.pictures.states["bb.png"] == "done"


def test_a_replaced_picture_is_read_again_and_reported(folder):
    read = Event()
    folder.read_ahead("b.png", lambda pixels: read.set())
    assert read.wait(30)
    old = folder.files.path("b.png").stat().st_mtime_ns
    picture(folder.files.path("b.png"), colour=(250, 1, 2))
    assert folder.open("b.png").picture[0, 0, 0] == 250
    os.utime(folder.files.path("b.png"), ns=(old, old))
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 255, (90, 120, 3), np.uint8)).save(folder.files.path("b.png"))
    (sentence,) = folder.open("b.png").sentences
    assert sentence.startswith("b.png was changed")
    assert not folder.open("a.png").sentences


def test_states_of_saved_work_are_right_at_the_next_start(folder, tmp_path):
    UNREADABLE["garbage"](folder.files.path("a.png"))
    again = Folder(tmp_path / "images", tmp_path / "work")
    with pytest.raises(PictureError):
        again.open("a.png")
    assert again.pictures.names[again.pictures.first_open()] == "b.png"


CHANGES = {
    "renamed": (lambda d: (d / "b.png").rename(d / "z.png"), 2, "b.png"),
    "moved to a sub-folder": (
        lambda d: (picture(d / "s/x.png"), (d / "b.png").rename(d / "s/b.png")),
        2,
        "b.png",
    ),
    "another format": (lambda d: picture((d / "b.png").rename(d / "b.jpg"), format="JPEG"), 2, "b.png"),
    "another size": (lambda d: picture(d / "b.png", (240, 180)), 2, "b.png is 240 x 180"),
    "removed": (lambda d: (d / "b.png").unlink(), 2, "b.png"),
    "as it was": (lambda d: None, 3, None),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_work_that_cannot_be_exported_is_reported(folder, tmp_path, kind):
    change, count, sentence = CHANGES[kind]
    change(tmp_path / "images")
    saved = Folder(tmp_path / "images", tmp_path / "work").saved_work()
    assert len(saved.pictures) == count
    assert len(saved.left_out) == (sentence is not None)
    assert sentence is None or sentence in saved.left_out[0]


def test_a_picture_that_vanished_from_the_open_folder_is_reported(folder):
    folder.files.path("b.png").unlink()
    (sentence,) = folder.saved_work().left_out
    assert sentence == "b.png is not there any more; its work is not exported."


def test_damaged_work_is_reported_and_the_rest_exported(folder):
    folder.work.sessions.path("b.png").write_text("{")
    saved = folder.saved_work()
    assert [each.name for each in saved.pictures] == ["a.png", "c.png"]
    assert "b.png" in saved.left_out[0] and "damaged" in saved.left_out[0]


def test_only_work_is_exported(folder):
    folder.save("a.png", Document(), (90, 120), 0)
    folder.save("b.png", Document(done=True), (90, 120), 0)
    assert [each.name for each in folder.saved_work().pictures] == ["b.png", "c.png"]


# ---- which files are listed

LISTED = ("a.jpg", "b.jfif", "c.jpe", "d.mpo", "e.avif", "f.jp2", "g.pbm", "h.TIFF", "i.dib", "sub/j.png")
NOT_LISTED = (
    *("._a.jpg", "@eaDir/a.jpg", "__MACOSX/._a.jpg", "__MACOSX/a.jpg", ".thumbnails/a.jpg", ".git/a.png"),
    *("notes.txt", "Thumbs.db", "$RECYCLE.BIN/x.jpg", "masks/a_1_cat.png", "out/b.png"),
)


def test_which_files_are_pictures(tmp_path):
    images = tmp_path / "images"
    for name in (*LISTED, *NOT_LISTED, "masks/own.png", "raw.cr2", "p.psd", "q.psd"):
        picture(images / name, format="JPEG")
    (images / "masks" / MANIFEST).write_text('{"files": ["a_1_cat.png"]}')
    picture(tmp_path / "other/x.jpg")
    os.symlink(tmp_path / "other", images / "linked")
    os.symlink(tmp_path / "other/x.jpg", images / "out.jpg")
    os.symlink(images / "a.jpg", images / "inside.jpg")
    os.symlink(images / "nothing.jpg", images / "broken.jpg")
    listing = list_pictures(images, images / "out")
    assert set(listing.names) == {*LISTED, "masks/own.png", "inside.jpg"}
    assert listing.sentences == [
        "Files that cannot be read are left out: 1 .cr2, 2 .psd.",
        "Links that lead out of the folder or to other folders are left out: linked/, out.jpg.",
    ]


def test_files_are_listed_without_being_opened(tmp_path):
    picture(tmp_path / "whole.png")
    (tmp_path / "empty.png").touch()
    with opened_below(tmp_path) as opened:
        assert list_pictures(tmp_path).names == ["empty.png", "whole.png"]
    assert not opened


@pytest.mark.parametrize(
    "way",
    [open, io.FileIO, io.open_code, Path.read_bytes, Image.open, lambda file: os.open(file, os.O_RDONLY)],
)
def test_every_way_to_open_a_file_is_noticed(tmp_path, way):
    file = picture(tmp_path / "whole.png")
    with opened_below(tmp_path) as opened:
        result = way(str(file) if way is io.open_code else file)
    assert opened == [file]
    if isinstance(result, int):
        os.close(result)
    elif hasattr(result, "close"):
        result.close()
