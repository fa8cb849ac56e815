"""Several uploaded pictures are a folder of the page that sent them, and of no other."""

import io
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder import own_folder
from cfr_icl.ui import open_pages
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel
from tests.ui.parcels import Browser, click


@pytest.fixture
def server(tmp_path):
    return Server(Settings(ColourModel()), uploads=tmp_path / "uploads")


@pytest.fixture
def browser(server, picture):
    browser = Browser(server)
    browser.do({"kind": "hello"})
    browser.do(files(server, picture, "a.png", "b.png", "broken.png", "note.txt"))
    return browser


def files(server, picture, *names, **more):
    sent = []
    for number, name in enumerate(names):
        path = server.uploads / f"{name.replace('/', '')}-{number}" / "x"
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.startswith("broken"):
            path.write_bytes(b"")
        else:
            Image.fromarray(np.roll(picture, number, axis=1)).save(path, "PNG")
        sent.append({"path": str(path), "name": name})
    return {"kind": "add_files", "files": sent, **more}


def exported(browser, **action):
    reply = browser.do(action)
    while "job" in reply:
        reply = browser.do()
    with open(reply["downloads"][0]["path"], "rb") as file:
        return zipfile.ZipFile(io.BytesIO(file.read())).namelist()


def test_pictures_are_worked_through_saved_and_exported(browser, server):
    assert browser.picture["name"] == "a.png"
    browser.do(click(30, 40), {"kind": "done", "done": True})
    reply = browser.do({"kind": "goto", "name": "b.png"})
    assert reply["folder"]["index"] == 1 and reply["folder"]["own"] is True
    browser.do(click(30, 40))
    reply = browser.do({"kind": "goto", "name": "a.png"})
    assert len(reply["session"]["objects"]) == 1 and reply["session"]["done"]
    whole = {"kind": "export", "detail": 1.0, "whole_folder": True}
    for format in ("yolo", "everything"):
        assert len(exported(browser, format=format, **whole)) >= 2
    assert exported(browser, kind="download", what="sessions") == ["a.png.session.json", "b.png.session.json"]


def test_files_that_are_left_out_are_told_once_at_the_end(server, picture):
    browser = Browser(server)
    reply = browser.do(files(server, picture, "a.png", "broken.png", more=True))
    assert "messages" not in reply and reply["picture"]["name"] == "a.png"
    assert [name for _, name in reply["added_pictures"]] == ["a.png"]
    assert browser.do({"kind": "add_files", "files": []})["messages"] == ["broken.png: The file is empty."]


def test_a_picture_that_is_added_alone_is_opened_and_saved_work_comes_back(browser, server, picture):
    browser.do(click(30, 40))
    work = server.saved_work({"page": browser.page, "names": ["a.png", "b.png", 7, "../a"]})
    assert list(work) == ["a.png"]
    reply = browser.do(files(server, picture, "c.png", open=True))
    assert reply["picture"]["name"] == "c.png" and reply["folder"]["names"] == ["a.png", "b.png", "c.png"]
    again = Browser(server)
    action = files(server, picture, "a.png", "b.png")
    (server.uploads / "w").mkdir()
    (server.uploads / "w" / "x").write_text(work["a.png"])
    action["files"].append({"path": str(server.uploads / "w" / "x"), "name": "a.png.session.json"})
    reply = again.do(action)
    assert reply["folder"]["saved"] == ["a.png"] and len(reply["session"]["objects"]) == 1


def with_open_picture(server, picture):
    """A page that has opened a single picture, cat.png."""
    page = Browser(server)
    page.do({"kind": "hello"})
    path = server.uploads / "single" / "cat.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(picture).save(path, "PNG")
    page.do({"kind": "open", "path": str(path), "name": "cat.png", "picture": None})
    return page


def test_a_session_file_of_a_single_picture_finds_it_in_a_folder(browser, server, picture):
    single = with_open_picture(server, picture)
    saved = single.do(click(30, 40), {"kind": "download", "what": "session"})["downloads"][0]
    assert saved["orig_name"] == "cat.session.json"

    action = files(server, picture, "holidays/cat.png", open=False)
    action["files"].append({"path": saved["path"], "name": "cat.session.json"})
    fresh = Browser(server)
    fresh.do({"kind": "hello"})
    reply = fresh.do(action)
    assert fresh.picture["name"] == "holidays/cat.png" and len(reply["session"]["objects"]) == 1


def test_the_open_picture_stays_however_many_files_are_downloaded(server, picture):
    page = with_open_picture(server, picture)
    page.do(click(30, 40))
    for what in (*["mask"] * 20, "session"):
        reply = page.do({"kind": "download", "what": what})
        assert "messages" not in reply and os.path.isfile(reply["downloads"][0]["path"])
    with open(reply["downloads"][0]["path"]) as file:
        assert json.load(file)["file_bytes"] == os.path.getsize(page.picture["file"]["path"])
    assert sum(path.is_file() for path in server.uploads.rglob("*")) < 30


def test_a_session_file_is_not_loaded_onto_another_picture_of_its_size(server, picture):
    def opened(name, pixels):
        browser = Browser(server)
        browser.do({"kind": "hello"})
        path = server.uploads / f"single-{len(list(server.uploads.iterdir()))}" / name
        path.parent.mkdir(parents=True)
        Image.fromarray(pixels).save(path, "PNG")
        browser.do({"kind": "open", "path": str(path), "name": name, "picture": None})
        return browser

    def load(browser):
        shutil.copy(saved["path"], server.uploads / "work.json")
        action = {"kind": "import", "path": str(server.uploads / "work.json"), "name": "cat.session.json"}
        return browser.do({**action, "picture": browser.picture["token"]})

    cat = opened("cat.png", picture)
    saved = cat.do(click(30, 40), {"kind": "download", "what": "session"})["downloads"][0]
    changed = np.roll(picture, 1, axis=1)
    dog, cat, same = opened("dog.png", changed), opened("cat.png", changed), opened("kitten.png", picture)
    assert load(dog)["messages"] == ["This is the work on another picture, 'cat.png'."]
    assert dog.document.instances == ()
    assert "cat.png was changed since" in load(cat)["messages"][0] and len(cat.document.instances) == 1
    assert "messages" not in load(same) and len(same.document.instances) == 1


def test_another_page_neither_sees_nor_reaches_the_folder_of_a_page(browser, server):
    other = Browser(server)
    reply = other.do({"kind": "hello"})
    assert "folder" not in reply
    assert "no such picture" in other.do({"kind": "goto", "name": "a.png"})["messages"][0]
    for page in (other.page, "guess", None, 7):
        assert server.small_pictures({"page": page, "names": ["a.png"]}) == {}
        assert server.saved_work({"page": page, "names": ["a.png"]}) == {}
    assert server.small_pictures({"page": browser.page, "names": ["a.png"]})["a.png"].startswith("data:image")


def test_a_folder_is_given_back_with_its_page(browser, server):
    folder = server.pages.find(browser.page).place.folder
    assert folder.images.is_dir()
    assert browser.do({"kind": "leave_folder"})["left_folder"] is True
    assert not folder.images.exists() and server.pages.find(browser.page) is None
    other = Browser(server)
    assert "no folder of its own" in other.do({"kind": "leave_folder"})["messages"][0]


def test_pictures_do_not_stay_on_the_disk_after_their_server(browser, server):
    folder = server.pages.find(browser.page).place.folder
    pages = list(server.uploads.glob("page-*"))
    for days in (1, 2):  # it was killed one day ago, and then three
        for path in (pages[0], *pages[0].rglob("*")):
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - days * 86_400))
        assert folder.images.exists()
        Server(Settings(ColourModel()), uploads=server.uploads)
    assert not pages[0].exists()


def test_a_server_that_ends_takes_its_pages_along(browser, server):
    Browser(server).do({"kind": "hello"})
    assert len(server.pages) == 2
    server.pages.close_all()
    assert len(server.pages) == 0 and not list(server.uploads.glob("page-*"))


def test_the_bytes_of_resting_pages_on_the_disk_are_bounded(browser, server, monkeypatch):
    folder = server.pages.find(browser.page).place.folder
    monkeypatch.setattr(open_pages, "RESTING_BYTES", 10)
    monkeypatch.setattr(open_pages, "RESTS_AFTER", 0)
    monkeypatch.setattr(open_pages, "TIDIED_AFTER", 0)
    server.pages.tidy()
    assert not folder.images.exists() and len(server.pages) == 0


def test_a_file_that_did_not_arrive_is_asked_for_again(browser, server, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"")
    sent = [
        {"path": str(server.uploads / "gone"), "name": "c.png"},
        {"path": str(tmp_path / "secret.png"), "name": "d.png"},
    ]
    assert browser.do({"kind": "add_files", "files": sent})["missing_uploads"] == [
        each["path"] for each in sent
    ]
    assert (tmp_path / "secret.png").exists()


def test_the_browser_is_told_the_names_of_its_files_until_it_knows(server, picture):
    browser = Browser(server)
    first, second = files(server, picture, "2023frame.png", "2024frame.png")["files"]
    sent = [{**first, "name": "frame.png"}, {**second, "name": "frame.png"}]
    named = [[first["path"], "frame.png"], [second["path"], "frame~2.png"]]
    assert browser.do({"kind": "add_files", "files": sent})["added_pictures"] == named
    browser.reply = 0  # the reply was lost
    assert [missed["added_pictures"] for missed in browser.do()["earlier"]] == [named]
    assert "earlier" not in browser.do()


def test_a_damaged_first_picture_keeps_the_others_from_nothing(server, picture):
    browser = Browser(server)
    damaged = files(server, picture, "a.png", more=True)
    path = server.uploads / "a.png-0" / "x"
    path.write_bytes(path.read_bytes()[:60])
    reply = browser.do(damaged)
    assert reply["messages"][0].startswith("a.png: ") and reply["folder"]["names"] == ["a.png"]
    assert browser.do(files(server, picture, "b.png"))["picture"]["name"] == "b.png"


def test_the_page_of_a_folder_takes_no_files(tmp_path, picture):
    (tmp_path / "images").mkdir()
    Image.fromarray(picture).save(tmp_path / "images" / "a.png")
    folder = own_folder.Folder(tmp_path / "images", tmp_path / "out")
    server = Server(Settings(ColourModel(), folder=folder), uploads=tmp_path / "uploads")
    browser = Browser(server)
    browser.do({"kind": "hello"})
    reply = browser.do(files(server, picture, "b.png"))
    assert "add pictures to the folder instead" in reply["messages"][0] and folder.pictures.names == ["a.png"]


def test_masks_of_files_fill_the_folder_after_an_offer(browser, server):
    browser.do(click(30, 40), {"kind": "finish"})
    mask = np.zeros((90, 120), np.uint8)
    mask[20:60, 10:50] = 255
    sent = []
    for name in ("a.png", "b_mask.png", "c.png"):
        path = server.uploads / f"mask-{name}" / "x.png"
        path.parent.mkdir()
        Image.fromarray(mask).save(path)
        sent.append({"path": str(path), "name": name})
    offer = browser.do({"kind": "offer_masks", "files": sent})["fill"]
    assert offer == {"pictures": 2, "with_work": 1, "unknown": 1}
    reply = browser.do({"kind": "fill_folder"})
    assert reply["messages"][0] == "Masks were loaded; pictures: 1, objects: 1."
    assert len(browser.document.instances) == 1 and reply["folder"]["labels"]["b.png"] == ["object"]
    assert "Choose the files" in browser.do({"kind": "fill_folder", "add": True})["messages"][0]
    assert "None of these files has masks" in browser.do({"kind": "offer_masks", "files": []})["messages"][0]


def test_equal_files_of_one_name_in_two_folders_both_arrive(browser, server):
    mask = np.zeros((90, 120), np.uint8)
    mask[20:60, 10:50] = 1  # class 1 and object 1: Pascal VOC's two maps are equal
    sent = []
    for kind in ("Class", "Object"):
        path = server.uploads / kind / "a.png"
        path.parent.mkdir()
        Image.fromarray(mask).save(path)
        sent.append({"path": str(path), "name": f"Segmentation{kind}/a.png"})
    assert browser.do({"kind": "offer_masks", "files": sent})["fill"]["pictures"] == 1
    assert browser.do({"kind": "fill_folder"})["folder"]["labels"]["a.png"] == ["class 1"]


def test_masks_of_many_objects_of_one_picture_come_in_one_step(server, picture):
    page = with_open_picture(server, picture)
    paths = []
    for number in range(40):
        mask = np.zeros((90, 120), np.uint8)
        mask[2 * number : 2 * number + 2, 10:50] = 255
        path = server.uploads / f"mask-{number}" / f"{number:016x}-cat_{number}_ear.png"
        path.parent.mkdir()
        Image.fromarray(mask).save(path)
        paths.append(str(path))
    page.do({"kind": "import", "path": paths[0], "more": paths[1:]})
    assert [instance.label for instance in page.document.instances] == 40 * ["ear"]


def test_an_unused_page_does_not_keep_offered_masks_in_memory(browser, server, picture):
    offered = files(server, 255 - picture, "m/a.png")["files"]
    assert browser.do({"kind": "offer_masks", "files": offered})["fill"]["pictures"] == 1
    server.pages.find(browser.page).rest()
    assert "Choose the files" in browser.do({"kind": "fill_folder"})["messages"][0]
