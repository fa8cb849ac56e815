"""Wait for the first click on the next picture of a folder, opened with and without encoding it in advance.

    python -m benchmarks.next_picture [--model embedded] [--pairs 5] [--rest 2]

A page works through a folder without a browser: it clicks, rests for --rest seconds, opens the next picture
and clicks there at once. Folders with and without encoding ahead take turns. `--model sam` is a SAM of
ViT-B's size with random weights. The last column is a second click that comes in the middle of the rest,
while the next picture is encoded. Medians of seconds of wall time, longest in brackets.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import cv2

from benchmarks.measure import table
from benchmarks.pictures import example
from cfr_icl import load_model
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.models.base import InteractiveModel
from cfr_icl.ui.queued_predictor import QueuedPredictor
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=("embedded", "sam"), default="embedded")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--rest", type=float, default=2.0)
    options = parser.parse_args()
    model = load_model(device="cpu") if options.model == "embedded" else random_sam()
    ways = {"encoded when it is opened": False, "encoded ahead": True}
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        pages = {}
        for way, ahead in ways.items():
            images = Path(folder, "ahead" if ahead else "plain")
            images.mkdir()
            for number in range(options.pairs + 2):
                picture = cv2.add(example(megapixels=1), number)  # each has other pixels
                cv2.imwrite(str(images / f"{number}.jpg"), picture[:, :, ::-1])
            pages[way] = Labeller(model, images, ahead)
        for _ in range(options.pairs):
            for way, page in pages.items():
                found[way].append(page.next_picture(options.rest))
    print(table([{"the next picture is": way, **row(times)} for way, times in found.items()]))


def row(times: list[tuple[float, float]]) -> dict[str, str]:
    names = ("first click after it is opened, s", "click in the rest before, s")
    return {
        name: f"{statistics.median(each):.2f} ({max(each):.2f})"
        for name, each in zip(names, zip(*times, strict=True), strict=True)
    }


class Labeller:
    """A page with a server of its own; without `ahead` nothing is known of the next picture."""

    def __init__(self, model: InteractiveModel, images: Path, ahead: bool) -> None:
        self.server = Server(Settings(model, folder=Folder(images, images / "out")))
        self.number = 0
        self.page: str | None = None
        self.token: str | None = None
        if not ahead:
            models = self.server.shared.models
            predictor = models.predictor

            def plain(name: str | None = None) -> QueuedPredictor:
                made = predictor(name)
                made.expect = lambda _: None  # type: ignore[method-assign]
                return made

            models.predictor = plain  # type: ignore[method-assign]
        self.open({"kind": "hello"})

    def do(self, action: dict) -> None:
        self.number += 1
        numbered = {"number": self.number, "picture": self.token, **action}
        reply = self.server.answer({"actions": [numbered], "known": {"page": self.page}})
        assert not reply.get("messages"), reply["messages"]
        self.page, self.token = reply["page"], reply["session"]["picture"]

    def open(self, action: dict) -> None:
        self.do(action)
        self.do({"kind": "prepare"})

    def click(self, x: int) -> float:
        start = time.perf_counter()
        self.do({"kind": "click", "x": x, "y": 400, "positive": True})
        return time.perf_counter() - start

    def next_picture(self, rest: float) -> tuple[float, float]:
        """Seconds from the opened picture to the mask of its first click, and of a click in the rest."""
        self.click(500)
        time.sleep(rest / 2)
        while_resting = self.click(510)
        time.sleep(rest / 2)
        open_page = self.server.pages.find(self.page or "")
        assert open_page and open_page.place and open_page.place.name
        following = open_page.place.folder.pictures.next(open_page.place.name)
        self.do({"kind": "goto", "name": following, "step": 1})
        start = time.perf_counter()
        self.do({"kind": "prepare"})
        self.click(500)
        return time.perf_counter() - start, while_resting


def random_sam() -> InteractiveModel:
    """SAM with the published ViT-B's shape; times do not depend on the weights."""
    from transformers import SamConfig, SamImageProcessor, SamModel

    from cfr_icl.models.promptable import TransformersModel

    return TransformersModel(SamModel(SamConfig()), SamImageProcessor()).eval().requires_grad_(False)


if __name__ == "__main__":
    main()
