"""Work that a server has lost is given back by the page: all of it, or nothing."""

import pytest

from cfr_icl.annotate.saved import store
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel
from tests.ui.parcels import Browser, click, send

COFFEE = 3


@pytest.fixture
def worked():
    """An hour of work of all kinds on the picture of a cup."""
    browser = Browser(Server(Settings(ColourModel(), examples=EXAMPLES)))
    browser.do({"kind": "hello"}, {"kind": "example", "index": COFFEE})
    browser.do(click(300, 130), {"kind": "label", "name": "cup", "active": True}, {"kind": "finish"})
    browser.do(click(60, 300), click(80, 320, False))
    browser.do({"kind": "paint", "points": [[10, 10], [90, 40]], "diameter": 9, "add": True})
    browser.do({"kind": "edit", "id": 2, "colour": "#123456", "fill_holes": True})
    browser.do({"kind": "edit", "id": 2, "locked": True}, {"kind": "finish"})
    browser.do({"kind": "box", "left": 250, "top": 60, "right": 420, "bottom": 250})
    browser.do({"kind": "cascade", "cfr": {"steps": 2}})
    browser.do({"kind": "edit", "id": 1, "visible": False})
    return browser


def given_back(browser, **changes):
    """A new server, to which the browser gives its work."""
    again = Browser(Server(Settings(ColourModel(), examples=EXAMPLES)))
    again.do({"kind": "hello"})
    action = {"kind": "restore", "name": "coffee.png", "example": COFFEE, "session": browser.portable()}
    reply = again.do({**action, **changes})
    return again, reply


def test_restored_work_is_the_work_before_to_the_last_bit(worked):
    size = (400, 600)
    before = store.to_json(worked.document, "coffee.png", size)
    again, reply = given_back(worked)
    assert reply.get("messages") is None and reply["picture"]["name"] == "coffee.png"
    assert store.to_json(again.document, "coffee.png", size) == before
    assert again.document == worked.document
    for browser in (worked, again):
        browser.do(click(400, 200, False), click(120, 100))
    assert [o.mask for o in again.document.instances] == [o.mask for o in worked.document.instances]


@pytest.mark.parametrize(
    "changes",
    [
        {"example": 1},  # another size
        {"example": 99},
        {"example": None, "path": "/etc/passwd"},
        {"example": None},
        {"session": {}},
        {"session": {"objects": [{}]}},
        {"session": {"objects": 7, "stored": 7}},
    ],
)
def test_what_cannot_be_restored_changes_nothing(worked, changes):
    again, reply = given_back(worked, **changes)
    assert len(reply["messages"]) == 1 and "wrong" not in reply["messages"][0]
    assert "picture" not in reply and reply["session"]["objects"] == [] and again.document.next_id == 1
    assert again.server.pages.find(again.page).picture is None


def test_a_damaged_object_takes_none_of_the_others_in(worked):
    session = worked.portable()
    session["objects"][1]["counts"] = "0"
    again, reply = given_back(worked, session=session)
    assert "damaged" in reply["messages"][0] and again.document.instances == ()


def test_a_page_with_a_picture_takes_no_other_work(worked):
    before = worked.document
    reply = worked.do({"kind": "restore", "name": "x", "example": 0, "session": None})
    assert len(reply["messages"]) == 1 and worked.document is before


def test_a_reload_after_the_server_was_started_anew_is_told(worked):
    other = Server(Settings(ColourModel(), examples=EXAMPLES))
    page, reply = send(other, None, {"number": 1, "kind": "hello"}, known={"resume": worked.page})
    assert reply["resumed"] is False and reply["forgotten"] == "restarted" and reply["page"] == page.token
    page, reply = send(worked.server, None, {"number": 1, "kind": "hello"}, known={"resume": worked.page})
    assert reply["resumed"] is True and "forgotten" not in reply
    assert len(reply["session"]["objects"]) == 3


def test_a_click_tells_nothing_of_objects_and_labels_that_stay(worked):
    reply = worked.do(click(400, 200, False))
    assert [described["id"] for described in reply["session"]["objects"]] == [3]
    assert "labels" not in reply["session"] and "order" not in reply["session"]
    (described,) = reply["session"]["objects"]
    assert set(described.get("stored", {})) <= {"answered"}
