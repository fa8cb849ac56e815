"""A page that is loaded anew goes on with its work."""

import pytest

from cfr_icl.ui.blocks import answer, answer_directly
from cfr_icl.ui.page import Settings
from tests.e2e.tool import EXAMPLES
from tests.stand_in import ColourModel

MOVED = "another tab"


def worked_on(shared):
    actions = [
        {"number": 1, "kind": "hello"},
        {"number": 2, "kind": "example", "index": 0},
        {"number": 3, "kind": "click", "x": 100, "y": 100, "positive": True},
    ]
    return answer(shared, None, {"actions": actions, "known": {}})


def loaded_anew(shared, token):
    return answer(shared, None, {"actions": [{"number": 1, "kind": "hello"}], "known": {"resume": token}})


def test_a_page_loaded_anew_has_its_picture_objects_and_history(warnings):
    shared = Settings(ColourModel(), examples=EXAMPLES)
    first, before = worked_on(shared)
    page, reply = loaded_anew(shared, before["page"])
    assert page is first and reply["applied"] == 1
    assert reply["picture"] == before["picture"]
    assert reply["session"]["objects"] == before["session"]["objects"] and reply["session"]["canUndo"]
    first.close()
    assert page.files.is_dir()
    page.close()
    assert not page.files.exists()
    assert loaded_anew(shared, reply["page"])[0] is not page
    assert warnings == []


def test_of_two_tabs_with_one_page_the_older_is_told_to_reload(warnings):
    shared = Settings(ColourModel(), examples=EXAMPLES)
    first, before = worked_on(shared)
    page, _ = loaded_anew(shared, before["page"])
    document = page.session.document
    late = {"number": 4, "kind": "click", "x": 50, "y": 50, "positive": True}
    answer(shared, first, {"actions": [late], "known": {"page": before["page"]}})
    assert MOVED in warnings.pop() and page.session.document is document
    assert loaded_anew(shared, before["page"])[0] is not page


def test_only_the_whole_token_resumes(warnings):
    shared = Settings(ColourModel(), examples=EXAMPLES)
    page, before = worked_on(shared)
    for token in (None, "", before["page"][:-1], [before["page"]], {"$": 1}, 0):
        assert loaded_anew(shared, token)[0] is not page


def test_an_open_page_is_answered_past_gradio():
    shared = Settings(ColourModel(), examples=EXAMPLES)
    page, before = worked_on(shared)
    known = {"page": before["page"], "picture": before["picture"]["token"], "reply": before["reply"]}
    click = {"number": 4, "kind": "click", "x": 110, "y": 100, "positive": True}
    reply = answer_directly(shared, {"actions": [click], "known": known})
    assert reply["applied"] == 4 and len(page.session.active.clicks) == 2
    assert [len(described["clicks"]) for described in reply["session"]["objects"]] == [2]
    assert "picture" not in reply


@pytest.mark.parametrize(
    "data", [None, [], {"known": 1}, {"known": {"page": "another"}}, {"known": {"page": []}}]
)
def test_who_knows_no_page_is_answered_nothing_past_gradio(data):
    shared = Settings(ColourModel(), examples=EXAMPLES)
    page, _ = worked_on(shared)
    reply = answer_directly(shared, data)
    assert reply == {"page": None, "forgotten": True}
    assert list(shared.pages.values()) == [page]


def test_past_gradio_too_the_older_tab_is_told_where_its_page_is():
    shared = Settings(ColourModel(), examples=EXAMPLES)
    page, before = worked_on(shared)
    loaded_anew(shared, before["page"])
    click = {"number": 4, "kind": "click", "x": 110, "y": 100, "positive": True}
    reply = answer_directly(shared, {"actions": [click], "known": {"page": before["page"]}})
    assert MOVED in reply["messages"][0] and "forgotten" not in reply
    assert len(page.session.active.clicks) == 1


def test_a_server_that_does_not_know_a_page_says_so_and_gives_it_a_new_one():
    page, reply = answer(Settings(ColourModel()), None, {"actions": [], "known": {"page": "another"}})
    assert reply["forgotten"] and reply["page"] == page.token and "messages" not in reply
