"""Whatever a browser sends is either applied or refused in one sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.ui import page as pages
from cfr_icl.ui.files import FILES_KEPT
from cfr_icl.ui.protocol import ACTIONS
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel
from tests.ui.parcels import example, send

CASCADE = {
    **{"kind": "cascade", "steps": 4},
    **{"adaptive": True, "min_change_ratio": 0.02, "cf_clicks": None, "best_pass": True, "close_ups": True},
}


@pytest.fixture(scope="module")
def shared():
    return Server(Settings(ColourModel(), examples=EXAMPLES))


def test_actions_are_applied_once_and_in_order(shared, warnings):
    page = example(shared)
    click = {"kind": "click", "x": 300, "y": 130, "positive": True}
    second = {**click, "number": 3, "x": 310}
    page, reply = send(shared, page, {**click, "number": 2}, second)
    assert reply["applied"] == 3
    page, reply = send(shared, page, second, {**click, "number": 4, "x": 320})
    assert [c[0] for c in reply["session"]["objects"][0]["clicks"]] == [300, 310, 320]
    assert warnings == []


def test_a_page_with_many_waiting_actions_takes_turns_with_the_others(shared, warnings, monkeypatch):
    monkeypatch.setattr(pages, "TURN", 0)
    page = example(shared)
    clicks = [
        {"kind": "click", "x": 300 + number, "y": 130, "positive": True, "number": number}
        for number in range(2, 6)
    ]
    for number in range(2, 6):
        waiting = [click for click in clicks if click["number"] > page.applied]
        page, reply = send(shared, page, *waiting)
        assert reply["applied"] == number
    assert [c[0] for c in reply["session"]["objects"][0]["clicks"]] == [302, 303, 304, 305]


def test_what_the_page_has_is_not_sent_again(shared, warnings):
    page = example(shared)
    click = {"kind": "click", "x": 300, "y": 130, "positive": True, "number": 2}
    page, reply = send(shared, page, click, {"kind": "finish", "number": 3})
    picture = reply["picture"]["token"]
    assert reply["session"]["objects"][0]["counts"] and reply["session"]["order"] == [1]
    known = {"picture": picture, "reply": reply["reply"]}
    page, unchanged = send(shared, page, known=known)
    assert "picture" not in unchanged
    assert unchanged["session"]["objects"] == [] and "order" not in unchanged["session"]
    known = {"picture": picture, "reply": unchanged["reply"]}
    page, second = send(shared, page, {**click, "number": 4, "x": 20, "y": 20}, known=known)
    assert [o["id"] for o in second["session"]["objects"]] == [2] and second["session"]["order"] == [1, 2]
    hidden = {"kind": "edit", "id": 1, "visible": False, "number": 5}
    page, third = send(shared, page, hidden, known={"picture": picture, "reply": second["reply"]})
    (described,) = third["session"]["objects"]
    assert described["id"] == 1 and "counts" not in described and "order" not in third["session"]


def test_a_page_that_missed_a_reply_hears_everything(shared, warnings):
    page = example(shared)
    click = {"kind": "click", "x": 300, "y": 130, "positive": True, "number": 2}
    page, first = send(shared, page, click)
    known = {"picture": first["picture"]["token"], "reply": first["reply"]}
    send(shared, page, {**click, "number": 3, "x": 310}, known=known)
    _, again = send(shared, page, {**click, "number": 3, "x": 310}, known=known)
    (described,) = again["session"]["objects"]
    assert described["counts"] and again["session"]["order"] == [1]


def test_what_is_sent_once_comes_again_until_it_has_arrived(shared):
    page = example(shared)
    known = {"picture": page.picture_token, "reply": 1}
    click = {"kind": "click", "x": 300, "y": 130, "positive": True, "number": 2}
    save = [
        {"kind": "download", "what": what, "number": number} for number, what in ((3, "mask"), (4, "cutout"))
    ]
    _, lost = send(shared, page, click, *save, {"kind": "explode", "number": 5}, known=known)
    assert [file["action"] for file in lost["downloads"]] == [3, 4]
    for _ in range(2):  # the second of them is lost too
        _, again = send(shared, page, *save, {"kind": "explode", "number": 5}, known=known)
        (missed,) = again["earlier"]
        assert missed["downloads"] == lost["downloads"] and missed["messages"] == lost["messages"]
        assert missed["reply"] == lost["reply"] and "downloads" not in again and "messages" not in again
    known["reply"] = again["reply"]
    assert "earlier" not in send(shared, page, known=known)[1]


def test_a_tab_that_was_loaded_anew_gets_nothing_that_the_one_before_received(shared):
    page = example(shared)
    send(shared, page, {"kind": "explode", "number": 2})
    _, reply = send(shared, None, {"number": 1, "kind": "hello"}, known={"resume": page.token})
    assert reply["resumed"] and "earlier" not in reply and "messages" not in reply


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ({"kind": "click", "x": "1", "y": 2, "positive": True}, "'x' must be a number"),
        ({"kind": "click", "x": float("nan"), "y": 2, "positive": True}, "'x' must be a number"),
        ({"kind": "click", "x": 1, "y": 2, "positive": 1}, "true or false"),
        ({"kind": "click", "x": 6000, "y": 2, "positive": True}, "outside the picture"),
        ({**CASCADE, "steps": 11}, "0 to 10"),
        ({**CASCADE, "steps": 1.5}, "0 to 10"),
        ({**CASCADE, "min_change_ratio": -1}, "0 to 1"),
        ({**CASCADE, "min_change_ratio": "0.02"}, "'min_change_ratio' must be a number"),
        ({"kind": "example", "index": 99}, "no such example"),
        ({"kind": "example", "index": -1}, "no such example"),
        ({"kind": "download", "what": "everything"}, "no download"),
        ({"kind": "open", "path": "/etc/passwd", "name": "x"}, "did not arrive"),
        ({"kind": "open", "path": "../../etc/passwd", "name": "x"}, "did not arrive"),
        ({"kind": "open", "path": "\0", "name": "x"}, "did not arrive"),
        ({"kind": "paint", "points": [[1, 2]], "diameter": 0, "add": True}, "brush is 1 to"),
        ({"kind": "paint", "points": [[1, 1e300]], "diameter": 3, "add": True}, "far outside"),
        ({"kind": "paint", "points": [], "diameter": 3, "add": True}, "1 to"),
        ({"kind": "box", "left": 0.5, "top": 0, "right": 9, "bottom": 9}, "whole number"),
        ({"kind": "select", "id": 7}, "no object 7"),
        ({"kind": "edit", "id": 1, "colour": "red; background: url(//x)"}, "#rrggbb"),
        ({"kind": "edit", "id": 1, "threshold": 1}, "between 0 and 1"),
        ({"kind": "label", "name": "  "}, "needs a name"),
        ({"kind": "labels", "labels": [[]]}, "Each label"),
        ({"kind": "explode"}, "no action"),
        ({"kind": ["click"]}, "must be text"),
    ],
)
def test_bad_actions_are_refused_in_one_sentence(shared, warnings, action, sentence):
    page = example(shared)
    page, reply = send(shared, page, {**action, "number": 2})
    assert len(warnings) == 1 and sentence in warnings[0]
    assert reply["session"]["objects"] == []


def test_a_page_whose_session_is_gone_is_told_so(shared, warnings):
    click = {"kind": "click", "x": 300, "y": 130, "positive": True, "number": 9}
    _, reply = send(shared, None, click, known={"page": "of yesterday"})
    assert reply == {"page": None, "forgotten": "restarted"} and warnings == []


def test_a_request_that_was_waiting_while_the_first_one_was_answered_finds_the_same_page(shared, warnings):
    hello = {"actions": [{"number": 1, "kind": "hello"}], "known": {}}
    reply = shared.answer(hello, tab="tab")
    assert shared.answer(hello, tab="tab")["page"] == reply["page"] and warnings == []
    assert shared.answer(hello, tab="another")["page"] != reply["page"]


def test_two_people_on_one_picture_never_overwrite_each_other_unseen(warnings, tmp_path):
    folder = Folder(EXAMPLES[0].parent, tmp_path / "work")
    shared = Server(Settings(ColourModel(), folder=folder))
    hello = {"kind": "hello", "number": 1}
    one, _ = send(shared, None, hello)
    two, _ = send(shared, None, hello)
    click = {"kind": "click", "x": 100, "y": 100, "positive": True}
    send(shared, one, {**click, "number": 2})
    assert warnings == []
    send(shared, two, {**click, "x": 200, "number": 2})
    assert len(warnings) == 1 and "Somebody is working on" in warnings[0]
    saved = folder.open(folder.pictures.names[0]).document
    assert saved == one.session.document
    _, reply = send(
        shared, two, {"kind": "goto", "index": 1, "number": 3}, {"kind": "goto", "index": 0, "number": 4}
    )
    assert reply["session"]["objects"][0]["clicks"][0][0] == 100
    send(shared, one, {"kind": "goto", "index": 1, "number": 3})
    warnings.clear()
    send(shared, two, {**click, "x": 200, "number": 5})
    assert warnings == []


def test_old_files_of_a_page_are_removed(shared, warnings):
    page = example(shared)
    for number in range(2, 40):
        send(shared, page, {"kind": "download", "what": "session", "number": number})
    assert len(list(page.files.folder.iterdir())) <= FILES_KEPT
    page.close()
    assert not page.files.folder.exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(list(ACTIONS))
NAMES = (
    *(
        "x",
        "y",
        "positive",
        "steps",
        "adaptive",
        "min_change_ratio",
        "close_ups",
        "path",
        "name",
        "index",
        "what",
        "id",
        "left",
        "top",
        "right",
    ),
    *("format", "detail", "whole_folder", "pass"),
    *("points", "diameter", "add", "labels", "colour", "threshold", "visible"),
)


@settings(max_examples=60, deadline=None)
@given(
    actions=st.lists(
        st.fixed_dictionaries(
            {"number": st.integers(1, 20) | JSON, "kind": KINDS},
            optional={name: JSON for name in NAMES},
        ),
        max_size=4,
    ),
    known=JSON,
)
def test_nothing_a_browser_sends_raises(actions, known):
    reply = Server(Settings(ColourModel(), examples=EXAMPLES)).answer({"actions": actions, "known": known})
    assert reply.get("forgotten") or reply["applied"] >= 0


def test_objects_of_the_picture_before_are_not_shown_on_the_next(shared, warnings):
    page = example(shared)
    click = {"kind": "click", "x": 300, "y": 130, "positive": True, "number": 2}
    page, reply = send(shared, page, click)
    known = {"page": page.token, "picture": page.picture["token"], "reply": reply["reply"]}
    page, reply = send(shared, page, {"kind": "example", "index": 1, "number": 3}, known=known)
    assert reply["session"]["order"] == reply["session"]["objects"] == []
