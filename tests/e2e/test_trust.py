"""Work never lands on the wrong picture and never disappears: what the page itself does for it."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from cfr_icl.annotate.folder.folder import Folder
from tests.e2e.tool import EXAMPLES, WAIT, Line, Tool, placed


@pytest.fixture
def folder_tool(serve, visit, tmp_path):
    """A page on a folder of three pictures of different colours and sizes."""
    images = tmp_path / "images"
    images.mkdir()
    for number, side in enumerate((200, 220, 240), start=1):
        picture = np.full((side, 300, 3), 128, np.uint8)
        picture[40:120, 30:130] = (80 * number, 30, 30)
        Image.fromarray(picture).save(images / f"{number}.png")
    yield visit(serve(folder=Folder(images, tmp_path / "out")))


def states(tool):
    return [
        button.get_attribute("data-state")
        for button in tool.page.locator("[data-ref=file-list] button").all()
    ]


def shown(tool):
    """Name, place in the folder and size that the page shows."""
    return [
        tool.page.locator(f"[data-ref={name}]").inner_text().split(" ·")[0]
        for name in ("name", "place", "size")
    ]


# ---- each action belongs to the picture that is seen


def test_clicks_wait_until_the_picture_is_painted_and_name_size_and_pixels_change_together(folder_tool):
    tool = folder_tool
    assert shown(tool) == ["1.png", "1 / 3", "300 × 200"]
    line = Line(tool, "**/file=**")
    at = placed(tool, 80, 80)
    tool.page.keyboard.press("PageDown")
    for _ in range(5):
        tool.page.mouse.click(*at)
        tool.page.wait_for_timeout(60)
    assert shown(tool) == ["1.png", "2 / 3", "300 × 200"]  # where the step leads is seen at once
    assert "Not taken" in tool.page.locator(".notice").inner_text()  # once
    line.let_go()
    tool.idle()
    assert shown(tool) == ["2.png", "2 / 3", "300 × 220"]
    assert tool.session.document.instances == ()
    tool.click(80, 80)
    tool.idle()
    assert [(click.x, click.y) for click in tool.session.active.clicks] == [(80, 80)]


def test_a_finger_put_down_before_the_next_picture_comes_does_not_tap_on_that(folder_tool):
    tool = folder_tool
    line = Line(tool, "**/file=**")
    tool.page.keyboard.press("PageDown")
    x, y = placed(tool, 80, 80)
    touch = tool.page.context.new_cdp_session(tool.page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    line.let_go()
    tool.until(lambda: shown(tool)[0] == "2.png")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tool.idle()
    assert tool.session.document.instances == ()


def test_done_marks_the_picture_that_was_seen_and_no_other(folder_tool):
    tool = folder_tool
    line = Line(tool, "**/file=**")
    for _ in range(3):
        tool.page.keyboard.press("d")
        tool.page.wait_for_timeout(80)
    line.let_go()
    tool.idle()
    assert states(tool) == ["done", "todo", "todo"] and shown(tool)[0] == "2.png"
    tool.page.keyboard.down("d")
    for _ in range(6):
        tool.page.keyboard.down("d")  # held down
        tool.page.wait_for_timeout(40)
        tool.idle()
    tool.page.keyboard.up("d")
    tool.idle()
    assert states(tool) == ["done", "done", "todo"]


def test_messages_about_a_picture_close_when_another_one_opens(folder_tool, tmp_path):
    tool = folder_tool
    values = np.zeros((200, 300), np.uint8)
    values[10:50, 10:50], values[90:150, 90:150] = 1, 2
    Image.fromarray(values).save(tmp_path / "ids.png")
    tool.page.set_input_files("[data-ref=masks-file]", tmp_path / "ids.png")
    other = tool.page.locator(".notice button.link").first  # would load the masks in another way
    other.wait_for()
    (tmp_path / "images" / "2.png").write_bytes(b"broken")
    tool.page.keyboard.press("PageDown")
    tool.page.wait_for_function("document.querySelector('[data-ref=place]').textContent === '3 / 3'")
    tool.idle()
    assert other.count() == 0
    assert "2.png" in tool.page.locator(".notice").inner_text()  # of the way here


def test_done_passes_over_what_cannot_be_opened_and_is_taken_back_by_its_button_alone(folder_tool, tmp_path):
    tool = folder_tool
    (tmp_path / "images" / "2.png").write_bytes(b"broken")
    for _ in range(4):
        tool.page.keyboard.press("d")
        tool.idle()
    assert states(tool) == ["done", "unreadable", "done"] and shown(tool)[0] == "3.png"
    assert "last picture" in tool.page.locator(".toast-body").last.inner_text()
    tool.page.get_by_role("button", name="Done").click()
    tool.idle()
    assert states(tool) == ["done", "unreadable", "todo"]


def test_page_down_goes_on_while_a_picture_is_loading(folder_tool):
    tool = folder_tool
    line = Line(tool, "**/file=**")
    for _ in range(2):
        tool.page.keyboard.press("PageDown")
    tool.page.wait_for_timeout(500)
    line.let_go()
    tool.page.wait_for_function("document.querySelector('[data-ref=place]').textContent === '3 / 3'")
    tool.idle()
    assert shown(tool)[0] == "3.png"


def test_a_picture_that_does_not_load_takes_no_clicks_until_it_does(folder_tool):
    tool = folder_tool
    tool.page.route("**/file=**", lambda route: route.abort())
    tool.page.keyboard.press("PageDown")
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert "cannot be loaded" in toast.inner_text() and shown(tool)[0] == "2.png"
    box = tool.page.locator("canvas").bounding_box()
    tool.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tool.page.keyboard.press("d")
    tool.page.wait_for_timeout(300)
    assert tool.session.document.instances == () and states(tool) == ["todo"] * 3
    tool.page.unroute("**/file=**")
    tool.idle()
    assert tool.page.locator(".toast-body").count() == 0
    tool.click(80, 80)
    tool.idle()
    assert len(tool.session.document.instances) == 1


# ---- opening


def test_the_newest_choice_of_a_picture_wins(tool, squares):
    line = Line(tool, "**/upload")
    tool.page.set_input_files("[data-ref=file]", EXAMPLES[0])
    upload = tool.page.locator("[data-ref=upload]")
    upload.wait_for()
    assert EXAMPLES[0].name in upload.inner_text()
    line.let_new_ones_pass()
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    line.let_go()
    tool.page.wait_for_timeout(500)
    assert shown(tool)[0] == squares.name and len(tool.session.document.instances) == 1
    assert not upload.is_visible() and tool.asked == []
    tool.errors.clear()  # the upload that was given up


def test_an_upload_can_be_cancelled_and_the_question_comes_when_it_has_arrived(tool, squares):
    tool.upload(squares)
    line = Line(tool, "**/upload")
    tool.page.set_input_files("[data-ref=file]", EXAMPLES[0])
    tool.page.get_by_role("button", name="Cancel").click()
    line.let_new_ones_pass()
    assert not tool.page.locator("[data-ref=upload]").is_visible()
    line = Line(tool, "**/upload")
    tool.page.set_input_files("[data-ref=file]", EXAMPLES[0])
    tool.page.wait_for_timeout(600)
    tool.click(80, 80)  # work of the time in between
    tool.idle()
    line.let_go()
    question = tool.page.get_by_role("dialog", name="Question")
    question.wait_for()
    question.get_by_role("button", name="Stay here").click()
    tool.idle()
    assert shown(tool)[0] == squares.name and len(tool.session.document.instances) == 1
    tool.errors.clear()


def test_a_browser_that_refuses_storage_and_dialogs_can_be_worked_with(new_page, server, squares):
    page = new_page()
    page.add_init_script(
        """for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
        Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });
        window.confirm = () => false;"""
    )
    tool = Tool(page, server)
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    tool.upload(EXAMPLES[0])
    assert tool.asked and tool.session.document.instances == ()
    tool.page.keyboard.press("b")
    assert tool.page.get_by_role("radio", name="Brush").get_attribute("aria-checked") == "true"


# ---- sleep, restart, login


def test_a_reload_after_the_server_was_started_anew_brings_the_work_back(serve, visit, squares):
    first = serve(examples=EXAMPLES)
    tool = visit(first)
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    label = tool.page.get_by_label("Label of object 1")
    label.fill("cup")
    label.press("Enter")
    tool.page.keyboard.press("b")
    tool.page.mouse.move(*placed(tool, 60, 150))
    tool.page.mouse.down()
    tool.page.mouse.move(*placed(tool, 160, 150), steps=4)
    tool.page.mouse.up()
    tool.idle()
    objects = tool.session.document.instances
    tool.page.wait_for_timeout(1200)  # until a copy is kept
    second = first.started_anew(examples=EXAMPLES)
    tool.page.reload()
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    document = second.pages[-1].session.document
    (before,), (now,) = objects, document.instances
    assert (now.clicks, now.mask, now.label, now.painted) == (
        before.clicks,
        before.mask,
        "cup",
        before.painted,
    )
    assert tool.page.locator("[data-ref=name]").text_content() == squares.name
    assert tool.page.get_by_role("radio", name="Brush").get_attribute("aria-checked") == "true"


def test_a_login_that_ended_is_asked_for_and_the_work_goes_on(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    refuse = ("**/component_server/", "**/login_check")
    for pattern in refuse:
        tool.page.route(
            pattern, lambda route: route.fulfill(status=401, body='{"detail":"Not authenticated"}')
        )
    tool.click(100, 100)
    login = tool.page.get_by_role("dialog", name="Login")
    login.wait_for()
    given = []

    def log_in(route):
        given.append(route.request.post_data)
        ok = "secret" in given[-1]
        if ok:
            for pattern in refuse:
                tool.page.unroute(pattern)
        route.fulfill(status=200 if ok else 400, body="{}")

    tool.page.route("**/login", log_in)
    for password in ("wrong", "secret"):
        login.get_by_label("Name").fill("ann")
        login.get_by_label("Password").fill(password)
        login.get_by_role("button", name="Log in").click()
        if password == "wrong":
            expect(login.locator("[data-ref=login-wrong]")).to_be_visible()
        else:
            expect(login).not_to_be_visible()
    tool.idle()
    assert [(click.x, click.y) for click in tool.session.active.clicks] == [(80, 80), (100, 100)]
    assert all("401" in error or "400" in error for error in tool.errors)
    tool.errors.clear()


def test_a_page_that_never_reaches_its_server_says_so(new_page, server):
    page = new_page()
    for pattern in ("**/run/predict**", "**/queue/**", "**/login_check", "**/app_id"):
        page.route(pattern, lambda route: route.abort())
    page.goto(server.url)
    notice = page.locator(".cfr .notice")
    notice.wait_for(timeout=WAIT)
    assert "cannot be reached" in notice.inner_text()
