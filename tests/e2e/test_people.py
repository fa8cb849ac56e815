"""Two people on one folder, each in a browser of their own, at one server or at two."""

import re

import numpy as np
import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.saved import leases, sharing
from tests.e2e.tool import FOLDER_READY, Line, Visitor


@pytest.fixture(params=["one server", "two servers"])
def servers(request, serve, tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "LOOK_SECONDS", 0)
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0)
    monkeypatch.setattr("cfr_icl.annotate.folder.folder.REFRESH_SECONDS", 0)
    monkeypatch.setattr("cfr_icl.annotate.folder.folder.LISTEN_SECONDS", 0)
    (tmp_path / "images").mkdir()
    picture = np.full((200, 300, 3), 128, np.uint8)
    picture[40:120, 30:130] = (220, 30, 30)
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(picture).save(tmp_path / "images" / name)
    made = []
    for _ in range(1 if request.param == "one server" else 2):
        folder = Folder(tmp_path / "images", tmp_path / "out")
        folder.work.share()
        made.append(serve(folder=folder))
    return made[0], made[-1]


@pytest.fixture
def enter(new_page):
    """Opens a server's folder as a person of this name."""

    def enter_as(name, server):
        tool = Visitor(new_page(), server.url, FOLDER_READY)
        tool.unfold("People")
        tool.page.get_by_label("Your name").fill(name)
        tool.page.keyboard.press("Tab")
        return tool

    return enter_as


def at_work_and_looking_on(enter, servers):
    """Ann, who has clicked on a picture, and Bob, who has opened the same one on another server."""
    ann = enter("Ann", servers[0])
    ann.click(80, 80)
    ann.idle()
    bob = enter("Bob", servers[1])
    bob.page.get_by_role("button", name="a.png").click()
    bob.page.get_by_text("Ann is working on a.png").wait_for()
    return ann, bob


def test_a_name_is_seen_by_others_while_it_is_typed(enter, servers):
    ann = enter("", servers[0])
    ann.click(80, 80)
    ann.page.locator("[data-ref=objects] li").wait_for()
    ann.idle()
    ann.page.get_by_label("Your name").press_sequentially("Ann")  # and no Enter
    ann.page.locator("[data-ref=visits]").get_by_text("Ann").wait_for()
    bob = enter("Bob", servers[1])
    taken = bob.page.locator("[data-ref=file-list] [data-taken]")
    assert "Ann works on it" in taken.get_attribute("title")


def test_a_click_counts_while_a_new_name_is_on_its_way(enter, servers):
    ann = enter("", servers[0])
    ann.idle()
    line = Line(ann, re.compile("component_server|/run/|queue/join"))
    ann.page.get_by_label("Your name").fill("Ann")
    ann.page.keyboard.press("Tab")
    ann.click(80, 80)
    line.let_go()
    ann.page.locator("[data-ref=objects] li").wait_for()
    assert ann.page.locator("[data-ref=visits]").get_by_text("Ann").count() == 1


def test_a_picture_is_free_as_soon_as_its_tab_is_closed(enter, servers):
    ann, bob = at_work_and_looking_on(enter, servers)
    ann.page.close(run_before_unload=True)

    def changes():
        bob.click(100, 60, button="right")
        bob.idle()
        return "2 clicks" in bob.page.locator("[data-ref=answer]").inner_text()

    bob.page.get_by_label("Select object 1").click()
    bob.idle()
    bob.until(changes)


def test_who_comes_back_to_a_page_hears_what_others_did_meanwhile(enter, servers):
    bob = enter("Bob", servers[1])
    ann = enter("Ann", servers[0])
    state = bob.page.locator("[data-ref=file-list] [data-state]").first
    ann.click(80, 80)
    ann.page.keyboard.press("d")
    ann.idle()
    assert state.get_attribute("data-state") == "todo"

    def comes_back_to_news():
        bob.page.evaluate("window.dispatchEvent(new Event('focus'))")
        return state.get_attribute("data-state") == "done"

    bob.until(comes_back_to_news)


def test_what_waited_while_newer_work_of_somebody_else_came_is_not_applied_to_it(enter, servers):
    ann, bob = at_work_and_looking_on(enter, servers)
    bob.idle()
    line = Line(bob, "**/component_server/")
    bob.page.keyboard.press("h")  # a click beside the mask, which is not selected by it
    bob.click(200, 150)
    ann.page.keyboard.press("Enter")
    ann.click(200, 100)
    ann.idle()
    ann.page.keyboard.press("PageDown")
    ann.until(lambda: name(ann) == "b.png")
    ann.idle()
    bob.click(210, 160)  # waits behind the first one
    line.let_go()
    bob.page.get_by_text("was changed elsewhere").wait_for()
    bob.idle()
    bob.page.locator("[data-ref=objects] li >> nth=1").wait_for()
    ann.page.keyboard.press("PageUp")
    ann.until(lambda: name(ann) == "a.png")
    ann.idle()
    for tool in (ann, bob):
        assert tool.page.locator("[data-ref=objects] li").count() == 2
        tool.page.context.close()


def name(tool):
    return tool.page.locator("[data-ref=name]").text_content()


def test_two_people_share_a_folder_and_review_their_work(enter, servers):
    ann = enter("Ann", servers[0])
    ann.click(80, 80)
    ann.page.locator("[data-ref=objects] li").wait_for()
    ann.idle()
    bob = enter("Bob", servers[1])
    assert name(ann) == "a.png" and name(bob) == "b.png"
    taken = bob.page.locator("[data-ref=file-list] [data-taken]")
    assert taken.inner_text() == "a.png" and "Ann works on it" in taken.get_attribute("title")
    taken.click()
    bob.idle()
    bob.page.get_by_text("Ann is working on a.png; it can be looked at.").wait_for()
    bob.click(200, 80)
    bob.page.get_by_text("Ann is working on a.png; nothing was changed.").wait_for()
    assert bob.page.locator("[data-ref=objects] li").count() == 1
    bob.page.keyboard.press("d")
    bob.until(lambda: name(bob) == "b.png")  # and still tells that a.png is not done
    assert bob.page.get_by_text("Ann is working on a.png; nothing was changed.").is_visible()
    bob.page.keyboard.press("PageUp")
    bob.until(lambda: name(bob) == "a.png")
    bob.idle()

    ann.page.keyboard.press("d")
    ann.idle()
    assert name(ann) == "b.png"
    bob.page.keyboard.press("PageDown")
    bob.idle()
    bob.page.get_by_label("Pictures shown").select_option("check")
    shown = bob.page.locator("[data-ref=file-list] button:visible")
    assert shown.all_inner_texts() == ["a.png"]
    shown.click()
    bob.idle()
    bob.page.keyboard.press("s")
    bob.page.keyboard.type("the edge")
    bob.page.keyboard.press("Enter")
    bob.idle()
    assert bob.page.locator("[data-ref=review-state]").inner_text() == "sent back: the edge"
    assert "Bob" in bob.page.locator("[data-ref=visits] li").first.inner_text()
    assert "Ann" in bob.page.locator("[data-ref=visits] li").last.inner_text()
    bob.page.get_by_label("Pictures shown").select_option("sent_back")
    assert shown.all_inner_texts() == ["a.png"]
    bob.page.get_by_label("Pictures shown").select_option("")

    ann.page.keyboard.press("PageUp")
    ann.idle()
    ann.page.get_by_text("Bob sent a.png back, with the note “the edge”.").wait_for()
    assert not ann.page.get_by_text("Bob is working on").count()  # who sends it back gives it back
    ann.page.keyboard.press("d")
    ann.idle()
    for key in ("PageDown", "PageUp"):
        bob.page.keyboard.press(key)
        bob.idle()
    bob.page.keyboard.press("y")
    bob.idle()
    assert bob.page.locator("[data-ref=review-state]").inner_text() == "accepted"
    bob.page.get_by_label("Find a picture", exact=True).fill("ann")
    assert shown.all_inner_texts() == ["a.png"]
    assert ann.errors == bob.errors == []
