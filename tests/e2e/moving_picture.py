"""The README's moving picture of the page with its own network: python -m tests.e2e.moving_picture"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from cfr_icl import load_model
from cfr_icl.annotate.folder.folder import Folder
from tests.browser import find_browser
from tests.e2e.tool import EXAMPLES, Server, Tool

FILE = Path(__file__).parents[2] / "docs" / "page-moving.webp"
VIEW = {"width": 1080, "height": 660}
SHOWN = (810, 495)
"""Width and height of the moving picture."""

NAMES = ("chelsea", "flower")
"""Examples in the order in which they are opened."""

POINTER = """() => {
  const arrow = document.createElement('div');
  arrow.innerHTML = '<svg width="26" height="26" viewBox="0 0 26 26"><path d="M3 2l16 9-7 2-3 8z" '
    + 'fill="#111" stroke="#fff" stroke-width="2"/></svg>';
  arrow.style.cssText = 'position:fixed;z-index:99999;pointer-events:none;left:-40px;top:0';
  document.body.append(arrow);
  document.addEventListener('pointermove', (event) => {
    arrow.style.left = `${event.clientX - 3}px`;
    arrow.style.top = `${event.clientY - 2}px`;
  }, true);
}"""


class Film:
    """Frames of a page, each shown for some time."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.durations: list[int] = []

    def take(self, milliseconds: int) -> None:
        """Add what the page shows now."""
        self.page.wait_for_timeout(150)
        with Image.open(io.BytesIO(self.page.screenshot())) as image:
            self.frames.append(image.convert("RGB").resize(SHOWN, Image.Resampling.LANCZOS))
        self.durations.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write the frames as an animated WebP that begins again at its end."""
        first, *others = self.frames
        first.save(
            path, save_all=True, append_images=others, duration=self.durations, loop=0, quality=72, method=6
        )


def main() -> None:
    """Write docs/page-moving.webp: a click and its correction, the next picture, a click, an export."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pictures = Path(folder) / "pictures"
        pictures.mkdir()
        for name in NAMES:
            shutil.copy(next(path for path in EXAMPLES if path.stem == name), pictures)
        server = Server(load_model(), folder=Folder(pictures, Path(folder) / "work"))
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        tool = Tool(browser.new_context(viewport=VIEW).new_page(), server, ready=".cfr .files button")
        film = Film(tool.page)
        act(tool, film)
        film.save(FILE)
        browser.close()
        server.close()
    print(FILE.name, len(film.frames), "frames", FILE.stat().st_size // 1000, "kB")


def act(tool: Tool, film: Film) -> None:
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    tool.page.evaluate(POINTER)
    tool.page.locator("[data-ref=tip]").evaluate("tip => tip.hidden = true")
    tool.page.mouse.move(520, 500)
    film.take(900)
    mark(tool, film, 230, 180)
    mark(tool, film, 200, 290)
    tool.page.locator("[data-do=next]").hover()
    film.take(400)
    tool.page.locator("[data-do=next]").click()
    tool.page.wait_for_function(
        "document.querySelector('[data-ref=name]').textContent.startsWith('flower')", timeout=30_000
    )
    tool.idle()
    film.take(900)
    mark(tool, film, 320, 230)
    export = tool.page.locator("[data-do=export]")
    export.hover()
    film.take(700)
    with tool.page.expect_download():
        export.click()
    tool.page.mouse.move(520, 500)
    film.take(1500)


def mark(tool: Tool, film: Film, x: int, y: int) -> None:
    """Move to a pixel of the picture and click there."""
    tool.page.locator("[data-ref=canvas]").hover(position=tool.point(x, y))
    film.take(500)
    tool.click(x, y)
    tool.idle()
    film.take(1200)


if __name__ == "__main__":
    main()
