"""A page that is loaded anew, left for long or lost goes on with its work."""

import asyncio
import os
import threading

import pytest

from cfr_icl.ui.open_pages import CLOSES_AFTER, RESTS_AFTER, OpenPages
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.e2e.tool import EXAMPLES
from tests.loops import run
from tests.stand_in import ColourModel
from tests.ui.parcels import send

MOVED = "another tab"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def shared():
    return Server(Settings(ColourModel(), examples=EXAMPLES))


def worked_on(shared):
    return send(
        shared,
        None,
        {"number": 1, "kind": "hello"},
        {"number": 2, "kind": "example", "index": 0},
        {"number": 3, "kind": "click", "x": 100, "y": 100, "positive": True},
    )


def loaded_anew(shared, token):
    return send(shared, None, {"number": 1, "kind": "hello"}, known={"resume": token})


def test_a_page_loaded_anew_has_its_picture_objects_and_history(shared, warnings):
    first, before = worked_on(shared)
    page, reply = loaded_anew(shared, before["page"])
    assert page is first and reply["applied"] == 1 and reply["page"] != before["page"]
    assert reply["picture"] == before["picture"]
    assert reply["session"]["objects"] == before["session"]["objects"]
    assert page.session.can_undo
    assert warnings == []


def test_of_two_tabs_with_one_page_the_older_is_told_to_reload(shared):
    _, before = worked_on(shared)
    page, _ = loaded_anew(shared, before["page"])
    document = page.session.document
    late = {"number": 4, "kind": "click", "x": 50, "y": 50, "positive": True}
    reply = shared.answer({"actions": [late], "known": {"page": before["page"]}})
    assert reply["moved"] and MOVED in reply["messages"][0] and "forgotten" not in reply
    assert page.session.document is document
    assert loaded_anew(shared, before["page"])[0] is not page


def test_only_the_whole_token_resumes(shared):
    page, before = worked_on(shared)
    for token in (None, "", before["page"][:-1], [before["page"]], {"$": 1}, 0):
        assert loaded_anew(shared, token)[0] is not page


@pytest.mark.parametrize("token", ["another", "", "x" * 10_000])
def test_a_server_that_was_started_anew_says_so(shared, token):
    worked_on(shared)
    assert shared.answer({"actions": [], "known": {"page": token}}) == {
        "page": None,
        "forgotten": "restarted",
    }


@pytest.mark.parametrize("data", [None, [], {"known": 1}, {"known": {"page": []}}])
def test_a_browser_that_names_no_page_gets_a_new_one(shared, data):
    page, _ = worked_on(shared)
    assert shared.answer(data)["page"] not in (None, page.token)


@pytest.fixture
def timed(shared):
    clock = Clock()
    shared.pages = OpenPages(clock)
    return shared, clock


def test_after_a_lunch_break_work_goes_on_as_it_was(timed, warnings):
    shared, clock = timed
    page, before = worked_on(shared)
    clock.now += 2 * RESTS_AFTER
    send(shared, None, {"number": 1, "kind": "hello"})
    assert page.resting and not page.closed
    known = {"picture": before["picture"]["token"], "reply": before["reply"]}
    click = {"number": 4, "kind": "click", "x": 110, "y": 100, "positive": True}
    _, reply = send(shared, page, click, known=known)
    (described,) = reply["session"]["objects"]
    assert [x for x, _, _ in described["clicks"]] == [100, 110] and not page.resting
    assert os.path.isfile(before["picture"]["file"]["path"]) and warnings == []


def test_a_page_that_nobody_uses_for_a_day_is_closed_and_never_found_again(timed):
    shared, clock = timed
    page, before = worked_on(shared)
    moved, _ = loaded_anew(shared, before["page"])
    assert moved is page
    clock.now += CLOSES_AFTER + 1
    other, _ = send(shared, None, {"number": 1, "kind": "hello"})
    assert page.closed and not page.files.folder.exists() and not other.closed
    for token in (before["page"], page.token):
        assert shared.answer({"known": {"page": token}}) == {"page": None, "forgotten": "closed"}
        assert loaded_anew(shared, token)[0] is not page


def test_the_pixels_of_resting_pages_are_bounded(timed, monkeypatch):
    shared, clock = timed
    monkeypatch.setattr("cfr_icl.ui.open_pages.RESTING_PIXELS", 2.5 * 512 * 512)
    pages = []
    for _ in range(4):
        clock.now += 1
        pages.append(send(shared, None, {"number": 1, "kind": "example", "index": 0})[0])
    clock.now += RESTS_AFTER + 10
    send(shared, None, {"number": 1, "kind": "hello"})
    assert [page.closed for page in pages] == [True, True, False, False]


def test_a_page_answers_its_parcels_one_after_another_and_pages_side_by_side(shared, monkeypatch):
    first, _ = worked_on(shared)
    second, _ = worked_on(shared)
    go, running = threading.Event(), []
    answer = type(first).answer

    def slow(page, data, known):
        running.append(page)
        if page is first:
            assert go.wait(20)
        return answer(page, data, known)

    monkeypatch.setattr(type(first), "answer", slow)

    async def both():
        parcel = {"known": {"page": first.token}}
        waiting = [asyncio.ensure_future(shared.answer_in_turn(parcel)) for _ in range(3)]
        while not running:
            await asyncio.sleep(0.01)
        waiting[0].cancel()  # a browser that gave up
        reply = await shared.answer_in_turn({"known": {"page": second.token}})
        assert running == [first, second] and reply["page"] == second.token
        go.set()
        await asyncio.gather(*waiting[1:])

    run(both())
    assert running == [first, second, first, first]
