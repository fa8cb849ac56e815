"""A labeller's trial on the real page: seconds and actions an object, with its aids and without.

    python -m benchmarks.trial [--bursts 3] [--frames 10] [--save FILE]

Draws bursts of pictures (benchmarks/bursts.py), and labels them in Chromium, key by key and click by click,
until each mask has an IoU of 0.9 or seven clicks were made. Clicks are those of the robot user: the middle of
the largest error.

* by hand: clicks and keys alone; nothing is computed ahead.
* aided: T carries the objects on, and only masks below 0.9 are corrected; pictures and windows are encoded
  ahead; a suggested box is drawn.
* aided, with previews: before the first click on an object the pointer rests at up to three places, and the
  one with the best preview is clicked.

The ways take turns picture by picture. A person's time is estimated by 1.3 s for an action of the mouse and
0.3 s for a key (keystroke-level model) on top of what the page makes wait. Needs the extra `test` and a
browser (tests/browser.py). With --save, figures are appended to a file, and the table is of all of it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks.bursts import KINDS, draw
from benchmarks.measure import table
from cfr_icl import load_model
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.document import COLOURS, Instance, Label
from cfr_icl.clicks import Click
from cfr_icl.evaluation.metrics import iou
from cfr_icl.inner_distance import deepest_pixel
from cfr_icl.robot import next_click
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui import models as ui_models
from tests.browser import find_browser
from tests.e2e.tool import Server, Tool, placed

WAYS = ("by hand", "aided", "aided, with previews")
GOOD, MOST_CLICKS = 0.9, 7
POINTING, KEY = 1.3, 0.3
"""Seconds that a person takes for an action of the mouse and for a key."""
RESTS = 3
"""Places at most at which the pointer rests before a first click."""


@dataclass
class Figures:
    """What the work on one picture took."""

    way: str
    objects: int = 0
    pointed: int = 0
    keys: int = 0
    seconds: float = 0.0
    iou: float = 0.0
    """Sum over the objects."""
    moved: int = 0
    """First clicks that were made elsewhere after a preview."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bursts", type=int, nargs="+", default=[0, 1, 2], help="seeds of the bursts")
    parser.add_argument("--frames", type=int, default=10, help="pictures of a burst")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--save", type=Path, help="a file of JSON lines")
    options = parser.parse_args()
    model = load_model()
    found: list[Figures] = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        for burst in options.bursts:
            root = Path(folder, str(burst))
            gt_masks = draw(root / "images", options.frames, np.random.default_rng(burst))
            found += labelled(browser, model, root, gt_masks, options.ways)
    if options.save:
        with options.save.open("a") as file:
            file.writelines(json.dumps(asdict(each)) + "\n" for each in found)
        found = [Figures(**json.loads(line)) for line in options.save.read_text().splitlines()]
    print(table([row(way, [each for each in found if each.way == way]) for way in options.ways]))


def row(way: str, found: list[Figures]) -> dict[str, str]:
    objects = sum(each.objects for each in found)
    pointed, keys, seconds = (
        sum(getattr(each, name) for each in found) / objects for name in ("pointed", "keys", "seconds")
    )
    return {
        "way": way,
        "pictures": str(len(found)),
        "objects": str(objects),
        "actions an object": f"{pointed + keys:.2f}",
        "of the mouse": f"{pointed:.2f}",
        "page's seconds an object": f"{seconds:.2f}",
        "with a person's": f"{seconds + POINTING * pointed + KEY * keys:.2f}",
        "mean IoU": f"{100 * sum(each.iou for each in found) / objects:.1f}",
        "first clicks moved": str(sum(each.moved for each in found)),
    }


def labelled(
    browser: Browser, model, root: Path, gt_masks: list[list[np.ndarray]], ways: list[str]
) -> list[Figures]:
    """Label a burst in each of the ways, which take turns picture by picture."""
    people = [Labeller(browser, model, root, way) for way in ways]
    figures = []
    for number, objects in enumerate(gt_masks):
        for person in people:
            figures.append(person.label(objects, first=number == 0))
    for person in reversed(people):
        person.close()
    return figures


class Unprepared(Segmenter):
    """Computes nothing ahead."""

    def prepare(self) -> None:
        pass

    def look_ahead(self):
        return iter(())


class Labeller:
    """A person at the page who labels in one of the ways."""

    def __init__(self, browser: Browser, model, root: Path, way: str) -> None:
        self.way, self.aided, self.previews = way, way != WAYS[0], way == WAYS[2]
        labels = [Label(name, COLOURS[number]) for number, name in enumerate(KINDS)]
        folder = Folder(root / "images", root / way.replace(",", ""))
        folder.work.classes.set(labels)
        usual = ui_models.Segmenter
        ui_models.Segmenter = Segmenter if self.aided else Unprepared
        self.server = Server(model, folder=folder, labels=labels)
        self.context = browser.new_context(viewport={"width": 1366, "height": 768})
        self.context.add_init_script(
            f"localStorage.setItem('cfr-look', JSON.stringify({{preview: {str(self.previews).lower()}}}))"
        )
        self.tool = Tool(self.context.new_page(), self.server, ready=".cfr[data-folder]:not([data-empty])")
        ui_models.Segmenter = usual
        self.figures = Figures(way)

    def close(self) -> None:
        self.context.close()
        self.server.close()

    def label(self, gt_masks: list[np.ndarray], first: bool) -> Figures:
        """Label one picture and go on to the next."""
        self.figures = figures = Figures(self.way, objects=len(gt_masks))
        start = time.perf_counter()
        if self.aided and not first:
            self._carry_on(gt_masks)
        for number, gt_mask in enumerate(gt_masks):
            if self._object(number) is None:
                self._begin(number, gt_mask)
        self._press("d")
        figures.seconds += time.perf_counter() - start
        work = self._last
        figures.iou = sum(
            iou(work[number], mask.astype(int)) for number, mask in enumerate(gt_masks) if number in work
        )
        return figures

    def _object(self, number: int) -> Instance | None:
        """The object of a kind; there is one of each."""
        instances = self.tool.session.document.instances
        return next((each for each in instances if each.label == KINDS[number] and each.mask.area), None)

    def _carry_on(self, gt_masks: list[np.ndarray]) -> None:
        self._press("t")
        if self.tool.session.active is not None:  # T selects an unsure object; Enter accepts it
            self._press("Enter")
        for number, gt_mask in enumerate(gt_masks):
            carried = self._object(number)
            if carried is None or iou(carried.mask.pixels, gt_mask.astype(int)) >= GOOD:
                continue
            x, y = deepest_pixel(carried.mask.pixels)
            self._click(Click(x, y))  # selects it
            self._correct(number, gt_mask, clicks=0)

    def _begin(self, number: int, gt_mask: np.ndarray) -> None:
        if self.tool.session.document.label != KINDS[number]:
            self._press(str(number + 1))
        self._click(self._first_click(gt_mask))
        self._correct(number, gt_mask, clicks=1)

    def _correct(self, number: int, gt_mask: np.ndarray, clicks: int) -> None:
        """Click until the active object is good, then finish it."""
        clicked, gt = np.zeros_like(gt_mask), gt_mask.astype(int)
        while clicks < MOST_CLICKS:
            mask = self.tool.session.active.mask.pixels
            if iou(mask, gt) >= GOOD:
                break
            suggestion = self.tool.page.get_by_role("button", name="Draw a box instead")
            if self.aided and clicks >= 3 and suggestion.is_visible():
                suggestion.click()
                self.figures.pointed += 1
                self.tool.idle()
                self._draw_box(gt_mask)
            else:
                click = next_click(mask.astype(np.float32), gt, clicked)
                clicked[int(click.y), int(click.x)] = True
                self._click(click)
            clicks += 1
        self._press("Enter")

    def _first_click(self, gt_mask: np.ndarray) -> Click:
        x, y = deepest_pixel(gt_mask)
        if not self.previews:
            return Click(x, y)
        places, left = [], gt_mask.copy()
        for _ in range(RESTS):
            x, y = deepest_pixel(left)
            place = Click(x, y)
            self.tool.page.mouse.move(*placed(self.tool, x, y))
            self.tool.page.wait_for_selector("canvas[data-preview]", timeout=20_000)
            looking = time.perf_counter()
            seen = self.tool.session.preview(place)
            value = 0.0 if seen is None else iou(seen.mask.pixels, gt_mask.astype(int))
            self.figures.seconds -= time.perf_counter() - looking  # the person looks at the screen
            places.append((value, place))
            if value >= GOOD - 0.1:
                break
            depth = cv2.distanceTransform(gt_mask.astype(np.uint8), cv2.DIST_L2, 5).max()
            left = cv2.circle(left.astype(np.uint8), (x, y), int(depth), 0, -1).astype(bool)
            if not left.any():
                break
        best = max(places, key=lambda entry: entry[0])[1]
        self.figures.moved += best is not places[0][1]
        return best

    def _draw_box(self, gt_mask: np.ndarray) -> None:
        rows, columns = np.nonzero(gt_mask)
        mouse = self.tool.page.mouse
        mouse.move(*placed(self.tool, int(columns.min()), int(rows.min())))
        mouse.down()
        mouse.move(*placed(self.tool, int(columns.max()), int(rows.max())), steps=3)
        mouse.up()
        self.figures.pointed += 1
        self.tool.idle()

    def _click(self, click: Click) -> None:
        self.tool.click(click.x, click.y, button="left" if click.positive else "right")
        self.figures.pointed += 1
        self.tool.idle()

    def _press(self, key: str) -> None:
        if key == "d":
            masks = [self._object(number) for number in range(len(KINDS))]
            self._last = {number: each.mask.pixels for number, each in enumerate(masks) if each}
        self.tool.page.keyboard.press(key)
        self.figures.keys += 1
        self.tool.idle()


if __name__ == "__main__":
    main()
