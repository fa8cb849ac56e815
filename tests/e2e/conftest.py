"""The real page in a real browser. Without a browser these tests are reported as not run; in CI they fail."""

import os
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser import find_browser
from tests.e2e.tool import EXAMPLES, WAIT, Server, Tool

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

LAPTOP = {"width": 1366, "height": 768}

_not_run: list[str] = []


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def pytest_terminal_summary(terminalreporter):
    if _not_run:
        terminalreporter.write_line(f"BROWSER TESTS WERE NOT RUN: {_not_run[0]}", yellow=True, bold=True)


def no_browser(reason: str):
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"Browser tests must run in CI: {reason}")
    _not_run.append(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import Error, expect, sync_playwright
    except ImportError:
        no_browser("Playwright is not installed (pip install playwright).")
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        except Error as error:
            no_browser(
                "no Chromium was found; set CHROMIUM or run 'playwright install chromium' "
                f"({str(error).splitlines()[0]})"
            )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server():
    server = Server(examples=EXAMPLES)
    yield server
    server.close()


@pytest.fixture
def squares(tmp_path):
    """A red and a blue square on grey, 300 x 200."""
    picture = np.full((200, 300, 3), 128, np.uint8)
    picture[40:120, 30:130] = (220, 30, 30)
    picture[60:160, 180:280] = (30, 30, 220)
    path = tmp_path / "squares.png"
    Image.fromarray(picture).save(path)
    return path


@pytest.fixture
def serve():
    """Starts servers, as of `Server`, which end with the test."""
    with ExitStack() as running:

        def start(*model, **settings):
            server = Server(*model, **settings)
            running.callback(server.close)
            return server

        yield start


@pytest.fixture
def new_page(browser, serve):  # pages end before their servers
    """Opens an empty page in a browser of its own, on a laptop where nothing else is said."""
    with ExitStack() as opened:

        def open_page(**options):
            context = browser.new_context(**{"viewport": LAPTOP, **options})
            opened.callback(context.close)
            return context.new_page()

        yield open_page


@pytest.fixture
def visit(new_page):
    """Opens the page of a server, in a browser of its own."""
    return lambda server, ready=None, **options: Tool(new_page(**options), server, ready)


@pytest.fixture
def tool(visit, server):
    tool = visit(server)
    yield tool
    assert tool.errors == []
