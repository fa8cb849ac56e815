"""Work never lands on another picture than the one that was seen."""

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel
from tests.ui.parcels import Browser, click

OTHER = "another picture"


@pytest.fixture
def images(tmp_path, picture):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.png", "c.png", "d.png"):
        Image.fromarray(picture).save(folder / name)
    (folder / "b.png").write_bytes(b"broken")
    return folder


@pytest.fixture
def browser(images, tmp_path):
    browser = Browser(Server(Settings(ColourModel(), folder=Folder(images, tmp_path / "out"))))
    browser.do({"kind": "hello"})
    return browser


def objects(browser, name):
    folder = browser.server.settings.folder
    document = folder.open(name).document
    return len(document.instances) if document else 0


def test_a_click_on_the_picture_that_is_still_seen_is_not_made_in_the_next(browser):
    seen = browser.picture["token"]
    browser.do({"kind": "goto", "name": "c.png"})
    reply = browser.do({**click(20, 30), "picture": seen}, {**click(21, 30), "picture": seen})
    assert len(reply["messages"]) == 1 and OTHER in reply["messages"][0]
    assert reply["session"]["objects"] == [] and reply["applied"] == browser.number
    assert objects(browser, "a.png") == objects(browser, "c.png") == 0


@pytest.mark.parametrize("kind", ["prepare", "choices", "inspect", "polygons"])
def test_what_the_browser_asks_by_itself_is_not_reported_after_the_picture_has_gone(browser, kind):
    asked = {"kind": kind, "picture": browser.picture["token"], "detail": 1}
    reply = browser.do({"kind": "goto", "name": "c.png"}, asked)
    assert "messages" not in reply and reply["applied"] == browser.number


def test_clicks_before_going_on_belong_to_the_picture_before(browser):
    seen = browser.picture["token"]
    reply = browser.do(click(20, 30), {"kind": "goto", "name": "c.png"}, {**click(25, 30), "picture": seen})
    assert OTHER in reply["messages"][0] and reply["session"]["picture"] != seen
    assert objects(browser, "a.png") == 1 and objects(browser, "c.png") == 0


def test_a_second_d_marks_no_picture_that_nobody_saw(browser):
    done = [
        {"kind": "done", "done": True, "picture": browser.picture["token"]},
        {"kind": "goto", "name": "c.png", "picture": browser.picture["token"]},
    ]
    browser.do(*done)
    reply = browser.do(*done)
    assert OTHER in reply["messages"][0]
    assert reply["folder"] == {"index": 2}  # nothing changed since the first D
    states = browser.server.settings.folder.pictures.states
    assert [states[name] for name in ("a.png", "c.png", "d.png")] == ["done", "todo", "todo"]


def test_the_newest_of_two_choices_wins_whenever_it_arrives(picture_file):
    browser = Browser(Server(Settings(ColourModel(), examples=[picture_file])))
    browser.do({"kind": "hello"}, {"kind": "example", "index": 0})
    before = browser.picture["token"]
    browser.do({"kind": "example", "index": 0})
    browser.do(click(20, 30))
    late = {"kind": "open", "path": str(picture_file), "name": "late.png", "picture": before}
    reply = browser.do(late)
    assert OTHER in reply["messages"][0] and "picture" not in reply
    assert len(browser.document.instances) == 1


def test_what_cannot_be_opened_is_refused_or_passed_over(browser):
    before = browser.picture["token"]
    reply = browser.do({"kind": "goto", "name": "b.png"})
    assert "b.png" in reply["messages"][0] and reply["session"]["picture"] == before
    browser.do(click(20, 30))
    assert objects(browser, "a.png") == 1
    reply = browser.do({"kind": "goto", "name": "b.png", "step": 1})
    assert "b.png" in reply["messages"][0] and reply["picture"]["name"] == "c.png"
    reply = browser.do({"kind": "goto", "name": "b.png", "step": -1})
    assert reply["picture"]["name"] == "a.png" and len(reply["session"]["objects"]) == 1


def test_d_goes_to_the_next_picture_that_is_to_be_done_over_what_cannot_be_opened(browser, images):
    def d(following):
        seen = {"picture": browser.picture["token"]}
        goto = {"kind": "goto", "name": following, "step": 1, "to_do": True}
        return browser.do({"kind": "done", "done": True, **seen}, {**goto, **seen})

    assert d("b.png")["picture"]["name"] == "c.png"
    browser.do({"kind": "goto", "name": "d.png"})
    reply = d("b.png")  # c.png stands between, and b.png cannot be opened
    assert reply["picture"]["name"] == "c.png"
    (images / "b.png").write_bytes(b"broken in another way")
    reply = d("b.png")
    assert "b.png" in reply["messages"][0] and "picture" not in reply
    assert browser.server.settings.folder.pictures.states == {
        "a.png": "done",
        "b.png": "unreadable",
        "c.png": "done",
        "d.png": "done",
    }


def test_a_picture_that_is_added_joins_the_list_and_places_go_by_name(browser, images, picture, monkeypatch):
    monkeypatch.setattr("cfr_icl.annotate.folder.folder.REFRESH_SECONDS", 0)
    Image.fromarray(picture).save(images / "0.png")
    reply = browser.do({"kind": "goto", "name": "c.png"})
    assert reply["folder"]["names"] == ["0.png", "a.png", "b.png", "c.png", "d.png"]
    assert reply["folder"]["index"] == 3 and reply["picture"]["name"] == "c.png"


def test_undo_goes_on_after_another_picture_was_looked_at(browser):
    browser.do(click(20, 30), click(80, 50, False))
    browser.do({"kind": "goto", "name": "c.png"})
    browser.do({"kind": "goto", "name": "a.png"})
    assert browser.session["can_undo"]
    reply = browser.do({"kind": "undo"})
    assert [len(each["clicks"]) for each in reply["session"]["objects"]] == [1]


@pytest.fixture
def deep(tmp_path):
    """12 bits in 16, two pages."""
    pages = [
        Image.fromarray((np.arange(90 * 120).reshape(90, 120) % 4096 + 100 * page).astype(np.uint16))
        for page in range(2)
    ]
    path = tmp_path / "deep.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def test_contrast_and_page_are_chosen_and_kept_with_the_work(deep):
    browser = Browser(Server(Settings(ColourModel(), examples=[deep])))
    reply = browser.do({"kind": "hello"}, {"kind": "example", "index": 0})
    assert reply["picture"]["deep"] and reply["picture"]["pages"] == 2 and reply["picture"]["page"] == 0
    first = browser.picture["token"]
    reply = browser.do({"kind": "view", "page": 1})
    assert reply["picture"]["page"] == 1 and reply["picture"]["token"] != first
    browser.do(click(20, 30))
    reply = browser.do({"kind": "view", "low": 10, "high": 90})
    assert reply["picture"]["low"] == 10 and len(reply["session"]["objects"]) == 1
    assert reply["session"]["can_undo"]
    reply = browser.do({"kind": "view", "page": 0})
    assert len(reply["messages"]) == 1 and "picture" not in reply
    reply = browser.do({"kind": "view", "low": 90, "high": 10})
    assert len(reply["messages"]) == 1 and "wrong" not in reply["messages"][0]
    again = Browser(Server(Settings(ColourModel(), examples=[deep])))
    restore = {"kind": "restore", "name": "deep.tif", "example": 0, "session": browser.portable()}
    reply = again.do({"kind": "hello"}, restore)
    assert reply["picture"]["page"] == 1 and reply["picture"]["low"] == 10
    assert again.document.instances == browser.document.instances


def test_a_file_of_masks_is_read_in_another_way_in_place_of_the_first(picture_file, tmp_path):
    server = Server(Settings(ColourModel(), examples=[picture_file]), uploads=tmp_path)
    browser = Browser(server)
    browser.do({"kind": "hello"}, {"kind": "example", "index": 0})
    values = np.zeros((90, 120), np.uint8)
    values[5:20, 5:20], values[40:60, 50:90] = 1, 2
    path = tmp_path / "masks.png"
    Image.fromarray(values).save(path)
    reply = browser.do({"kind": "import", "path": str(path), "name": "masks.png"})
    loaded = reply["loaded"]
    assert loaded["objects"] == len(reply["session"]["order"]) and len(loaded["readings"]) > 1
    other = next(reading for reading in loaded["readings"] if reading != loaded["reading"])
    again = {"kind": "import", "path": loaded["path"], "reading": other, "replace": True}
    reply = browser.do(again)
    assert reply["loaded"]["reading"] == other
    assert reply["loaded"]["objects"] == len(reply["session"]["order"])
    reply = browser.do({"kind": "undo"})
    assert reply["session"]["order"] == []
    before = browser.document
    reply = browser.do({**again, "reading": "nonsense"})
    assert len(reply["messages"]) == 1 and "wrong" not in reply["messages"][0] and "loaded" not in reply
    assert browser.document is before


def test_files_that_cannot_be_read_are_named(picture_file, tmp_path):
    server = Server(Settings(ColourModel(), examples=[picture_file]), uploads=tmp_path)
    browser = Browser(server)
    browser.do({"kind": "hello"}, {"kind": "example", "index": 0})
    names = ["text.png", "letter.png", "black.png"]
    for name in names[:2]:
        (tmp_path / name).write_text("hello")
    Image.new("L", (120, 90)).save(tmp_path / "black.png")
    kinds = zip(("open", "import", "import"), names, strict=True)
    reply = browser.do(*({"kind": kind, "path": str(tmp_path / name), "name": name} for kind, name in kinds))
    assert [message.split(": ")[0] for message in reply["messages"]] == names


def test_masks_of_objects_have_the_labels_that_their_files_are_named_by(picture_file, tmp_path):
    server = Server(Settings(ColourModel(), examples=[picture_file]), uploads=tmp_path)
    browser = Browser(server)
    browser.do({"kind": "hello"}, {"kind": "example", "index": 0})
    paths = []
    for number, label in ((1, "big dog"), (2, "cat"), (3, "")):
        mask = np.zeros((90, 120), np.uint8)
        mask[20:60, 30 * number : 30 * number + 20] = 255
        paths.append(str(tmp_path / f"{picture_file.stem}_{number}{label and '_'}{label}.png"))
        Image.fromarray(mask).save(paths[-1])
    browser.do({"kind": "import", "path": paths[0], "more": paths[1:]})
    assert [each.label for each in browser.document.instances] == ["big dog", "cat", "object"]


def test_files_of_the_objects_of_a_picture_are_loaded_in_one_step(picture_file, tmp_path):
    server = Server(Settings(ColourModel(), examples=[picture_file]), uploads=tmp_path)
    browser = Browser(server)
    browser.do({"kind": "hello"}, {"kind": "example", "index": 0})
    line = " 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5"
    contents = {"1.txt": "0" + line, "2.txt": "1" + line, "data.yaml": "names: [cup, cat]", "bad.txt": "?"}
    paths = {}
    for name, content in contents.items():
        paths[name] = tmp_path / name
        paths[name].write_text(content)
    action = {"kind": "import", "path": str(paths["1.txt"]), "class_list": str(paths["data.yaml"])}
    browser.do({**action, "more": [str(paths["2.txt"]), str(paths["bad.txt"])]})
    assert not browser.document.instances
    reply = browser.do({**action, "more": [str(paths["2.txt"])]})
    assert [each.label for each in browser.document.instances] == ["cup", "cat"]
    assert reply["loaded"]["objects"] == 2
    seen = browser.picture["token"]
    browser.do({"kind": "undo"})
    assert not browser.document.instances
    browser.do({"kind": "example", "index": 0})
    reply = browser.do({**action, "more": [], "picture": seen})
    assert OTHER in reply["messages"][0] and not browser.document.instances
