"""Time from a click to the painted mask in a real browser, by stages.

    python -m benchmarks.page [--megapixels 1 12] [--objects 0 100] [--pairs 15] [--rest 1.5]

Chromium records the times of the click and of the frame with the mask, the server those between, all by one
machine's clock. Finished objects lie beside the click's mask or inside of it; pages with few and with many
objects take turns. Needs the extra `test` and a browser (tests/browser.py).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import table
from benchmarks.pictures import as_jpeg, example
from cfr_icl import load_model
from cfr_icl.annotate.imports import LoadedMasks, LoadedObject
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.ui.page import Page
from tests.browser import find_browser
from tests.e2e.tool import EXAMPLES, Server, Tool, placed

CLICK = (0.45, 0.5)
"""A point on the cat, as shares of width and height."""

STAMPS = """
addEventListener('pointerdown', () => { window.clicked = performance.timeOrigin + performance.now(); }, true);
window.painted = new Promise(() => {});
window.awaitPainted = () => {
  const root = document.querySelector('.cfr');
  window.painted = new Promise((done) => {
    const observer = new MutationObserver(() => {
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => done(performance.timeOrigin + performance.now())));
    });
    observer.observe(root, { attributes: true, attributeFilter: ['data-reply'] });
  });
};
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 12])
    parser.add_argument("--objects", type=int, nargs="+", default=[0, 100])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--rest", type=float, default=0, help="seconds that the pointer rests before a click")
    options = parser.parse_args()
    clock = Clock()
    with ThreadPoolExecutor(1) as thread:  # as the app, which does not load where nothing is answered
        model = thread.submit(load_model).result()
    server = Server(clock.watched(model), examples=EXAMPLES)
    rows = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        for megapixels in options.megapixels:
            picture = Path(folder, f"{megapixels:g}.jpg")
            picture.write_bytes(as_jpeg(example(megapixels=megapixels)))
            pages = [
                Watched(browser, server, picture, count, swallowed)
                for count in options.objects
                for swallowed in ((False, True) if count else (False,))
            ]
            found = [[] for _ in pages]
            for _ in range(options.pairs + 1):
                for page, measured in zip(pages, found, strict=True):
                    measured.append(page.click(clock, options.rest))
            rows += [row(megapixels, *each) for each in zip(pages, found, strict=True)]
    server.close()
    print(table(rows))


def row(megapixels: float, page: Watched, measured: list[dict[str, float]]) -> dict[str, str]:
    """Medians of the stages; the first click, which warms everything up, is left out."""
    median = {name: statistics.median(m[name] for m in measured[1:]) for name in measured[0]}
    return {
        "picture": f"{megapixels:g} MP",
        "finished objects": page.objects,
        **{name: f"{value:.0f}" for name, value in median.items()},
    }


class Clock:
    """Stamps of the server: when an answer begins and ends, and the network's part of it."""

    def __init__(self) -> None:
        self.network = 0.0
        original = Page.answer

        def answer(*arguments):
            self.begin, self.network = time.time(), 0.0
            reply = original(*arguments)
            self.end = time.time()
            return reply

        Page.answer = answer

    def watched(self, model):
        """The model with its time counted."""

        def counted(function):
            def run(*arguments):
                start = time.perf_counter()
                try:
                    return function(*arguments)
                finally:
                    self.network += time.perf_counter() - start

            return run

        model.encode, model.rated_logits = counted(model.encode), counted(model.rated_logits)
        return model


class Watched:
    """A page with a picture and finished objects, in which clicks are timed."""

    def __init__(
        self, browser: Browser, server: Server, picture: Path, objects: int, swallowed: bool
    ) -> None:
        self.page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        self.page.add_init_script(STAMPS)
        self.tool = Tool(self.page, server)
        self.tool.upload(picture)
        session = self.tool.session
        self.height, self.width = session.size
        self.received = self.sent = self.clicks = 0
        self.objects = str(objects)
        if objects:
            self.objects += ", swallowed" if swallowed else ", beside the answer"
            self.place_click()
            self.tool.idle()
            answer = session.active.mask
            self.take_away()
            masks = finished(objects, answer, swallowed)
            session.add_loaded(LoadedMasks([LoadedObject(mask) for mask in masks]))
            self.page.get_by_label("CFR steps", exact=True).fill("4")  # any action brings the reply
            self.tool.idle()
        network = self.page.context.new_cdp_session(self.page)
        network.send("Network.enable")
        network.on("Network.dataReceived", lambda event: self.count(event["dataLength"]))
        network.on("Network.requestWillBeSent", lambda event: self.post(event["request"].get("postData", "")))

    def count(self, length: int) -> None:
        self.received += length

    def post(self, content: str) -> None:
        self.sent += len(content)

    def place_click(self, rest: float = 0) -> None:
        """Click after a rest in seconds of the pointer at the pixel."""
        self.clicks += 1  # another pixel each time: the same one would be answered from memory
        x, y = int(CLICK[0] * self.width) + 3 * self.clicks, int(CLICK[1] * self.height)
        if rest:
            self.page.mouse.move(*placed(self.tool, x, y))
            self.page.wait_for_timeout(1000 * rest)
        self.tool.click(x, y)

    def take_away(self) -> None:
        self.tool.idle()
        self.page.keyboard.press("Delete")
        self.tool.idle()
        assert self.tool.session.active is None

    def click(self, clock: Clock, rest: float) -> dict[str, float]:
        """One click on a new object, in milliseconds, then the object is taken away again."""
        self.received = self.sent = 0
        self.page.evaluate("awaitPainted()")
        self.place_click(rest)
        painted = self.page.evaluate("painted")
        clicked = self.page.evaluate("clicked")
        begin, end, network = 1000 * clock.begin, 1000 * clock.end, 1000 * clock.network
        received, sent = self.received, self.sent
        answer = self.tool.session.active.timing
        self.take_away()
        return {
            "click to paint (ms)": painted - clicked,
            "network": network,
            "outside of it": painted - clicked - network,
            "click to server": begin - clicked,
            "maps of the picture": answer.milliseconds - network,
            "mask and reply": end - begin - answer.milliseconds,
            "reply to paint": painted - end,
            "bytes received": received,
            "bytes sent": sent,
        }


def finished(count: int, answer: Mask, swallowed: bool) -> list[Mask]:
    """Ragged blobs apart from each other and from the click, all inside of an answer or all outside of it."""
    height, width = answer.height, answer.width
    rng = np.random.default_rng(0)
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    step = width / 35
    masks: list[Mask] = []
    rows = np.arange(step / 2, height, step)
    for y in rows[abs(rows - CLICK[1] * height) > step]:
        for x in np.arange(step / 2, width, step):
            radius = 0.48 * step * (0.6 + 0.4 * rng.random(len(angle)))
            outline = np.array([x, y]) + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
            canvas = np.zeros((height, width), np.uint8)
            cv2.fillPoly(canvas, [outline.round().astype(np.int32)], 1)
            mask = Mask.of(canvas.astype(bool))
            if mask.intersection(answer).area == (mask.area if swallowed else 0):
                masks.append(mask)
            if len(masks) == count:
                return masks
    raise ValueError(f"There is no room for {count} objects.")


if __name__ == "__main__":
    main()
