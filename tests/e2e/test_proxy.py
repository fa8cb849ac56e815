"""The page behind nginx, under a path, set up as docs/proxy.md says."""

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.addresses import free_port, nginx, wait_for
from tests.browser import find_nginx
from tests.e2e.tool import EXAMPLES, Visitor

DOCUMENT = Path(__file__).parents[2] / "docs" / "proxy.md"


def documented_location():
    """The location block that the document shows."""
    (block,) = re.findall(
        r"^```nginx\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return block


@pytest.fixture
def proxy(tmp_path):
    """Run nginx in front of the page at a port, and return the address there."""
    program = find_nginx()
    if not program:
        pytest.skip("nginx is not installed.")
    with ExitStack() as running:

        def run(app_port):
            port = free_port()
            location = documented_location().replace("127.0.0.1:7860", f"127.0.0.1:{app_port}")
            favicon = "location = /favicon.ico { return 204; }"
            servers = f"server {{ listen 127.0.0.1:{port};\n{location}\n{favicon}\n}}"
            running.enter_context(nginx(program, tmp_path, servers))
            wait_for(f"http://127.0.0.1:{port}/favicon.ico")
            return f"http://127.0.0.1:{port}/app/"

        yield run


@pytest.mark.parametrize("auth", [None, ("ann", "secret")])
def test_the_page_works_under_a_path_of_a_proxy(serve, new_page, proxy, auth, squares):
    server = serve(examples=EXAMPLES, launch={"root_path": "/app", "auth": auth})
    url = proxy(server.blocks.server_port)
    page = new_page()
    strays = []
    page.on("request", lambda request: strays.append(request.url) if not inside(request.url, url) else None)
    if auth:
        log_in(page, url)
    tool = Visitor(page, url)
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    assert page.locator("[data-ref=objects] li").count() == 1
    assert tool.colour(80, 80) != tool.colour(280, 190)
    saved = tool.download_by(page.locator("[data-do=export]").click)
    assert Path(saved.path()).stat().st_size > 100
    page.reload()
    page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    assert page.locator("[data-ref=objects] li").count() == 1
    assert strays == [] and tool.errors == []


def inside(address, url):
    return address.startswith((url, "blob:", "data:"))


def test_with_a_password_a_login_that_ended_is_asked_for_on_the_page(serve, new_page, squares):
    server = serve(examples=EXAMPLES, launch={"auth": ("ann", "secret")})
    page = new_page()
    log_in(page, server.url)
    tool = Visitor(page, server.url)
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    page.context.clear_cookies()
    tool.click(230, 100, modifiers=["Alt"])
    dialog = page.locator("[data-ref=login]")
    dialog.wait_for()
    assert page.get_by_text("cannot be reached").count() == 0
    dialog.locator("input").first.fill("ann")
    dialog.locator("input[type=password]").fill("secret")
    page.keyboard.press("Enter")
    tool.idle()
    assert not dialog.is_visible()
    (session,) = [page.session for page in server.pages if page.session.has_picture]
    assert len([click for each in session.document.instances for click in each.clicks]) == 2


def log_in(page, url):
    page.goto(url)
    page.get_by_label("username").fill("ann")
    page.get_by_label("password").fill("secret")
    page.get_by_role("button", name="Login").click()
    page.wait_for_selector(".cfr .examples button")


def test_with_a_password_a_person_logs_out_and_others_of_the_same_name_stay(serve, new_page, squares):
    server = serve(examples=EXAMPLES, launch={"auth": ("ann", "secret")})
    page, others = new_page(), new_page()
    for each in (page, others):
        log_in(each, server.url)
    tool = Visitor(page, server.url)
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    page.get_by_role("button", name="Log out").click()  # the visitor agrees to leave what was not exported
    page.get_by_label("password").wait_for()
    page.goto(server.url)
    page.get_by_label("password").wait_for()
    still = Visitor(others, server.url)
    still.upload(squares)
    still.click(80, 80)
    still.idle()
    assert others.locator("[data-ref=objects] li").count() == 1


def test_beside_log_out_a_phones_status_line_is_whole(serve, new_page, squares):
    server = serve(examples=EXAMPLES, launch={"auth": ("ann", "secret")})
    page = new_page(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    log_in(page, server.url)
    tool = Visitor(page, server.url, ready=".cfr .examples button")
    tool.upload(squares)
    box, place = page.locator("canvas").bounding_box(), tool.point(80, 80)
    page.touchscreen.tap(box["x"] + place["x"], box["y"] + place["y"])
    tool.idle()
    said = page.locator("[data-ref=answer]")
    whole = "line => line.scrollWidth <= line.clientWidth"
    assert "1 click" in said.inner_text() and said.evaluate(whole)
    page.get_by_role("button", name="Finish").tap()
    tool.idle()
    assert "1 object" in said.inner_text() and said.evaluate(whole)
    assert page.get_by_role("button", name="Log out").is_visible()


def test_without_a_password_there_is_nothing_to_log_out_of(tool):
    assert not tool.page.locator("[data-do=log-out]").is_visible()
