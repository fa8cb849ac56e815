"""The page as a person uses it, for tests."""

import os
import re
import time
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from gradio.context import Context

from cfr_icl.ui import blocks
from cfr_icl.ui.server import Server as AppServer
from cfr_icl.ui.settings import Settings
from tests.stand_in import ColourModel

EXAMPLES = sorted(
    p for p in (Path(__file__).parents[2] / "examples").glob("*.*") if p.suffix in (".png", ".jpg")
)

WAIT = 120_000
"""Milliseconds in which what a page is to show is there, also on a busy machine."""


EXAMPLES_READY, FOLDER_READY = ".cfr .examples button", ".cfr[data-folder]:not([data-empty])"
"""What is there once a page is ready to be worked on."""


class Server:
    """A running app, on the stand-in network unless told otherwise; `pages` in the order of their start."""

    def __init__(self, model=None, port=None, launch=None, **settings):
        self.ready = FOLDER_READY if settings.get("folder") else EXAMPLES_READY
        self.successor = None
        self.pages = pages = []
        self._first_id = Context.id
        server = AppServer(Settings(model or ColourModel(), **settings))
        add = server.pages.add

        def add_and_note(page, tab=None):
            if page not in pages:
                pages.append(page)
            add(page, tab)

        server.pages.add = add_and_note
        self.blocks = blocks.build(server)
        _, self.url, _ = blocks.launch(
            self.blocks, port=port, prevent_thread_lock=True, quiet=True, **(launch or {})
        )

    def close(self):
        (self.successor or self.blocks).close()

    def started_anew(self, **settings):
        """Start another server at this one's address, as a new process would: Gradio numbers from 0 again."""
        self.close()
        later, Context.id = Context.id, self._first_id
        self.successor = Server(port=self.blocks.server_port, **settings)
        Context.id = later
        return self.successor


class Visitor:
    """The page as a person uses it; positions are picture pixels."""

    def __init__(self, page, url, ready=".cfr .panel"):
        self.page = page
        self.errors = []
        self.asked = []
        """Questions of the page that were agreed to."""
        page.on("dialog", lambda dialog: dialog.accept())
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.set_default_timeout(WAIT)
        page.goto(url)
        page.wait_for_selector(ready)
        self.idle()

    def idle(self):
        self.page.wait_for_selector(".cfr:not([data-busy])")

    def until(self, holds):
        """Wait until a function of no arguments gives something true."""
        deadline = time.monotonic() + WAIT / 1000
        while not holds():
            assert time.monotonic() < deadline
            self.page.wait_for_timeout(20)

    def hidden_controls(self):
        """The panel's controls that cannot be seen without scrolling it; fonts differ by a pixel or two."""
        return self.page.eval_on_selector(
            ".panel",
            """panel => {
              const frame = panel.getBoundingClientRect();
              const hidden = (box) => box.top < frame.top - 1 || box.bottom > frame.bottom + 1
                || box.left < frame.left - 1 || box.right > frame.right + 1;
              return [...panel.querySelectorAll('button, input, select, summary, a')]
                .filter((control) => control.checkVisibility() && hidden(control.getBoundingClientRect()))
                .map((control) => control.outerHTML);
            }""",
        )

    def example(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()
        self.wait_for_picture(f"{name}.")

    def upload(self, path):
        self.page.set_input_files("[data-ref=file]", path)
        self.wait_for_picture(Path(path).name)

    def wait_for_picture(self, name):
        """Wait for a picture whose name begins so; work that is in its way is left."""
        leave = self.page.locator("[data-ref=ask-yes]")
        shown = self.page.locator("[data-ref=name]")
        deadline = time.monotonic() + WAIT / 1000
        while not shown.text_content().startswith(name) and time.monotonic() < deadline:
            if leave.is_visible():
                self.asked.append(self.page.locator("[data-ref=ask-text]").inner_text())
                leave.click()
            self.page.wait_for_timeout(20)
        self.page.wait_for_function(
            "name => document.querySelector('[data-ref=name]').textContent.startsWith(name)",
            arg=name,
        )
        self.page.wait_for_selector(".cfr:not([data-empty])")
        self.idle()

    def point(self, x, y):
        """Where a picture pixel lies on the canvas while the picture is fitted to it."""
        width, height = map(int, re.findall(r"\d+", self.page.locator("[data-ref=size]").inner_text())[:2])
        box = self.page.locator("canvas").bounding_box()
        scale = min((box["width"] - 24) / width, (box["height"] - 24) / height)
        return {
            "x": (box["width"] - width * scale) / 2 + (x + 0.5) * scale,
            "y": (box["height"] - height * scale) / 2 + (y + 0.5) * scale,
        }

    def click(self, x, y, **options):
        self.page.locator("canvas").click(position=self.point(x, y), **options)

    def colour(self, x, y):
        """The canvas's colour at a picture pixel, RGBA."""
        return tuple(
            self.page.evaluate(
                """({x, y}) => { const c = document.querySelector('.cfr canvas'), r = c.width / c.clientWidth;
                return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>
                  done([...c.getContext('2d').getImageData(x * r, y * r, 1, 1).data])))); }""",
                self.point(x, y),
            )
        )

    def unfold(self, section):
        """Open a section of the panel."""
        fold = self.page.locator("details.fold", has=self.page.get_by_role("heading", name=section))
        if fold.get_attribute("open") is None:
            fold.locator("summary").click()

    def set_range(self, label, value):
        self.page.get_by_label(label, exact=True).fill(str(value))

    def download(self, name):
        return self.download_by(self.page.get_by_role("button", name=name, exact=True).click)

    def download_by(self, act):
        with self.page.expect_download() as caught:
            act()
        return caught.value


class Tool(Visitor):
    """The page together with its session on a server of this process."""

    def __init__(self, page, server, ready=None):
        before = len(server.pages)
        super().__init__(page, server.url, ready or server.ready)
        assert len(server.pages) == before + 1
        self.session = server.pages[-1].session


class Line:
    """Holds the page's requests for addresses of one kind back until they are let go."""

    def __init__(self, tool, pattern):
        self.held = []
        self.open = False
        tool.page.route(pattern, lambda route: route.continue_() if self.open else self.held.append(route))

    def let_go(self):
        self.let_new_ones_pass()
        for route in self.held:
            route.continue_()

    def let_new_ones_pass(self):
        self.open = True


def placed(tool, x, y):
    """A picture pixel in coordinates of the window."""
    position, box = tool.point(x, y), tool.page.locator("canvas").bounding_box()
    return box["x"] + position["x"], box["y"] + position["y"]


def message(tool):
    """The message that the page shows."""
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    return toast.inner_text()
