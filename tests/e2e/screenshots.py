"""The documents' screenshots of the app with its own network: python -m tests.e2e.screenshots"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from cfr_icl import load_model
from tests.browser import find_browser
from tests.e2e.tool import EXAMPLES, Server, Tool

DOCS = Path(__file__).parents[2] / "docs"
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 780}


def main() -> None:
    """Write docs/page-inside.png and docs/page-phone.png."""
    DOCS.mkdir(exist_ok=True)
    server = Server(load_model(), examples=EXAMPLES)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])

        def tool(viewport, scheme="light", touch=False):
            context = browser.new_context(
                viewport=viewport, color_scheme=scheme, has_touch=touch, is_mobile=touch
            )
            return Tool(context.new_page(), server)

        inspect(tool(LAPTOP, "dark"))
        phone(tool(PHONE, "dark", touch=True))
        browser.close()
    server.close()


def inspect(tool: Tool) -> None:
    """The passes of CFR behind one click."""
    tool.page.evaluate("document.body.classList.add('dark')")
    tool.example("coffee")
    tool.click(300, 200)
    tool.idle()
    tool.page.locator(".inspect summary").click()
    tool.page.wait_for_selector(".passes button")
    tool.page.locator(".inspect").scroll_into_view_if_needed()
    save(tool.page, "page-inside")


def phone(tool: Tool) -> None:
    """The same page on a phone."""
    tool.page.evaluate("document.body.classList.add('dark')")
    tool.example("chelsea")
    tool.click(230, 180)
    tool.click(150, 40)
    tool.idle()
    save(tool.page, "page-phone")


def save(page: Page, name: str) -> None:
    """A PNG of 256 colours, which keeps the repository small."""
    page.mouse.move(1, 1)
    page.wait_for_timeout(300)
    with Image.open(io.BytesIO(page.screenshot())) as image:
        small = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=4)
    small.save(DOCS / f"{name}.png", optimize=True)
    print(f"{name}.png", (DOCS / f"{name}.png").stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
