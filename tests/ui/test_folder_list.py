"""What the list of a folder is told: labels, small pictures, time at work, and who worked when."""

import base64
import io
import json
import time
import zipfile
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.saved.visits import MAX_VISITS, Visit, visits_from_json, visits_to_json
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui import page
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.ui.thumbnails import MOST, SIDE, small_pictures
from tests.stand_in import ColourModel
from tests.ui.parcels import Browser, click


@pytest.fixture
def images(tmp_path, picture):
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(picture).save(images / name)
    (images / "c.png").write_bytes(b"broken")
    return images


@pytest.fixture
def folder(images, tmp_path):
    return Folder(images, tmp_path / "out")


@pytest.fixture
def browser(folder):
    browser = Browser(Server(Settings(ColourModel(), folder=folder)))
    browser.do({"kind": "hello"})
    return browser


def test_labels_of_pictures_are_told_when_they_change_and_after_a_new_start(browser, folder):
    reply = browser.do(click(30, 40), {"kind": "label", "name": "cup", "active": True})
    assert reply["folder"]["labels"] == {"a.png": ["cup"]}
    assert "labels" not in browser.do({"kind": "finish"})["folder"]
    assert browser.do({"kind": "undo"}, {"kind": "undo"})["folder"]["labels"] == {"a.png": []}
    browser.do({"kind": "redo"}, {"kind": "redo"})
    assert Folder(folder.images, folder.work.path).pictures.labels_of == {"a.png": ("cup",)}


def test_thumbnails_are_made_of_pictures_of_the_folder_alone(folder, images):
    made = small_pictures(folder, ["a.png", "c.png", "../a.png", "/etc/passwd", 7, None])
    assert set(made) == {"a.png", "c.png"} and made["c.png"] == ""
    image = Image.open(io.BytesIO(base64.b64decode(made["a.png"].partition(",")[2])))
    assert max(image.size) == SIDE
    assert small_pictures(None, ["a.png"]) == small_pictures(folder, "a.png") == {}
    assert len(small_pictures(folder, ["a.png"] * 5 * MOST)) == 1


def test_time_at_work_is_counted_without_pauses_and_saved(folder, monkeypatch):
    seconds = [100.0]
    monkeypatch.setattr(page, "FolderPlace", partial(FolderPlace, clock=lambda: seconds[0]))
    browser = Browser(Server(Settings(ColourModel(), folder=folder)))
    browser.do({"kind": "hello"})
    place = browser.server.pages.find(browser.page).place
    for passed, action in ((5, click(30, 40)), (400, click(35, 45)), (7, {"kind": "finish"})):
        seconds[0] += passed
        browser.do(action)
    assert place.log.pace == [12, 1]
    (visit,) = json.loads((folder.work.path / "a.png.session.json").read_text())["visits"]
    assert visit["seconds"] == 12 and visit["objects"] == 1 and visit["began"].endswith("+00:00")
    browser.do({"kind": "goto", "name": "b.png"})
    browser.do({"kind": "goto", "name": "a.png"})
    seconds[0] += 3
    browser.do({"kind": "undo"})
    assert [visit.objects for visit in folder.open("a.png").visits] == [1, 0] and place.log.pace == [15, 1]


def test_visits_that_are_damaged_are_left_out():
    visits = (Visit("2026-01-01T00:00:00+00:00", 3.5, 2, "Ann"), Visit("2026-01-02T00:00:00+00:00"))
    entries = visits_to_json(visits)
    assert visits_from_json(entries) == visits
    bad = [None, 1, {"began": 5}, {"began": "x", "seconds": -1}, {"began": "x", "objects": 1.5}]
    bad += [{"began": "x", "who": "y" * 10_000}, {"began": "x", "seconds": float("nan")}]
    assert visits_from_json([*bad, *entries]) == visits
    assert visits_from_json("visits") == visits_from_json(None) == ()
    assert len(visits_from_json(entries[:1] * 3 * MAX_VISITS)) == MAX_VISITS


def test_the_doubt_of_a_picture_is_told_until_its_masks_were_looked_at(folder, picture):
    session = Session(Segmenter(ColourModel()), CascadeForward(steps=1))
    session.open(picture, "b.png")
    session.click(Click(30, 40))
    session.finish()
    session.click(Click(90, 50))
    figures = {1: 0.4, 2: 0.9}
    sure = [replace(instance, certainty=figures[instance.id]) for instance in session.document.instances]
    folder.save("b.png", replace(session.document, instances=tuple(sure), active=None), session.size, 0)
    browser = Browser(Server(Settings(ColourModel(), folder=Folder(folder.images, folder.work.path))))
    assert browser.do({"kind": "hello"})["folder"]["certainties"] == {"b.png": 0.4}
    assert "certainties" not in browser.do({"kind": "goto", "name": "b.png"})["folder"]
    reply = browser.do({"kind": "select", "id": 1}, {"kind": "finish"})
    assert reply["folder"]["certainties"] == {"b.png": 0.9}
    reply = browser.do({"kind": "select", "id": 2}, click(85, 45))
    assert reply["folder"]["certainties"] == {}


def test_a_whole_folder_is_exported_in_parts_that_the_page_names(browser):
    browser.do(click(30, 40))
    export = {"kind": "export", "format": "coco", "detail": 1.0, "whole_folder": True}
    reply = browser.do({**export, "format": "yolo", "split": "0,100"})
    while "downloads" not in reply:
        reply = browser.do()
    names = zipfile.ZipFile(reply["downloads"][0]["path"]).namelist()
    assert sorted(names) == ["data.yaml", "val/labels/a.txt"]
    (message,) = browser.do({**export, "split": "all"})["messages"]
    assert message == "'all' is no split such as 80,10,10 for training, validation and test."


def wait_until(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise TimeoutError


def test_the_next_picture_is_encoded_before_it_is_opened_and_forgotten_with_the_page(images, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    Image.fromarray(pixels).save(images / "b.png")
    model, encoded = ColourModel(), []
    encode = model.encode
    model.encode = lambda image: encoded.append(1) or encode(image)
    server = Server(Settings(model, folder=Folder(images, tmp_path / "out")))
    browser = Browser(server)
    browser.do({"kind": "hello"})
    browser.do({"kind": "prepare"})
    wait_until(lambda: len(encoded) == 4)  # two pictures and their mirror images
    browser.do({"kind": "goto", "name": "b.png", "step": 1})
    browser.do({"kind": "prepare"})
    reply = browser.do(click(30, 40))
    assert len(encoded) == 4 and reply["session"]["objects"]
    browser.do({"kind": "goto", "name": "a.png", "step": -1})
    browser.do({"kind": "prepare"})
    wait_until(lambda: len(encoded) == 8)
    page = server.pages.find(browser.page)
    server.pages.close(page)
    page.session.predictor.set_image(pixels)
    page.session.predictor.prepare()
    assert len(encoded) == 10
