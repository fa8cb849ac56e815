"""A long day: people annotate picture after picture, one of them in a browser; the server stays as it was.

As a script it prints what came out as JSON: python -m tests.robust.soak
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from cfr_icl.ui.blocks import build, launch
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from tests.browser import find_browser
from tests.e2e.tool import Visitor
from tests.stand_in import ColourModel

ROOT = Path(__file__).parents[2]
SESSIONS = 4
WIDTH, HEIGHT = 800, 600
"""So large that the server would grow by a fifth if it kept ninety such pictures."""
COLOURS = ((220, 30, 30), (30, 30, 220), (30, 200, 30), (20, 20, 20))
CLICKS_AN_OBJECT = 5
CLICKS = len(COLOURS) * CLICKS_AN_OBJECT
"""On each picture."""


def soak(browser: Browser, pictures: int = 100) -> dict:
    """What memory and temporary files of the server were after each picture, and what went wrong."""
    found = {"clicks": [], "server_mb": [], "files": [], "files_mb": [], "page_mb": []}
    with tempfile.TemporaryDirectory() as scratch:
        server = ServerProcess(Path(scratch))
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        people = [Person(context.new_page(), server.url), *(Program(server.url) for _ in range(SESSIONS - 1))]

        def picture_done(session: dict) -> None:
            files = server.files()
            found["clicks"].append(sum(len(each["clicks"]) for each in session["objects"]))
            found["server_mb"].append(server.megabytes())
            found["files"].append(len(files))
            found["files_mb"].append(round(sum(files) / 1e6, 1))
            found["page_mb"].append(people[0].megabytes())

        days = [
            a_day(person, Path(scratch), range(first, pictures, SESSIONS), picture_done)
            for first, person in enumerate(people)
        ]
        for _ in itertools.zip_longest(*days):  # one click of each in turn
            pass
        found["errors"] = [error for person in people for error in person.errors]
        context.close()
        found["server_log"] = server.close()
    return found


def a_day(
    person: Person | Program, folder: Path, numbers: range, picture_done: Callable[[dict], None]
) -> Iterator[None]:
    """Annotate pictures one after another; pauses after every click, before its answer is there."""
    for number in numbers:
        path, clicks = make_picture(folder, number)
        person.upload(path)
        for index, (x, y, positive) in enumerate(clicks, start=1):
            person.click(x, y, positive)
            yield
            person.idle()
            if index % CLICKS_AN_OBJECT == 0:
                person.finish()
        picture_done(person.saved())


class Person(Visitor):
    """Somebody in a browser."""

    def megabytes(self) -> float:
        """What the page's scripts hold."""
        tools = self.page.context.new_cdp_session(self.page)
        tools.send("HeapProfiler.collectGarbage")
        used = tools.send("Runtime.getHeapUsage")["usedSize"]
        tools.detach()
        return round(used / 1e6, 1)

    def upload(self, path: Path) -> None:
        super().upload(path)
        self.canvas = self.page.locator("canvas").bounding_box()

    def click(self, x: int, y: int, positive: bool) -> None:
        place = self.point(x, y)
        self.page.mouse.click(
            self.canvas["x"] + place["x"],
            self.canvas["y"] + place["y"],
            button="left" if positive else "right",
        )

    def finish(self) -> None:
        self.page.keyboard.press("Enter")

    def saved(self) -> dict:
        self.page.get_by_label("Export format").select_option("session")
        download = self.download_by(self.page.locator("[data-do=export]").click)
        return json.loads(Path(download.path()).read_text())


class Program:
    """What a page says and hears, without a browser, which would cost four times as much."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=f"{url}gradio_api", timeout=60)
        events = self.client.get(f"{url}config").json()["dependencies"]
        self.function = next(
            each["id"] for each in events if "act" in [event for _, event in each["targets"]]
        )
        self.name = secrets.token_hex(8)
        self.number, self.known, self.errors = 0, {}, []
        self.do("hello")

    def send(self, kind: str, **data: Any) -> None:
        self.number += 1
        parcel = {"actions": [{"number": self.number, "kind": kind, **data}], "known": self.known}
        event = {
            "data": [],
            "event_data": parcel,
            "fn_index": self.function,
            "session_hash": self.name,
        }
        self.client.post("/queue/join", json=event).raise_for_status()

    def idle(self) -> dict:
        """Wait for the answer to what was sent."""
        with self.client.stream("GET", "/queue/data", params={"session_hash": self.name}) as lines:
            messages = (json.loads(line[5:]) for line in lines.iter_lines() if line.startswith("data:"))
            for message in messages:
                if message["msg"] == "log":
                    self.errors.append(message["log"])
                if message["msg"] == "process_completed":
                    (reply,) = message["output"]["data"]
                    assert reply["applied"] == self.number
                    self.known.update(page=reply["page"], reply=reply["reply"])
                    if "picture" in reply:
                        self.known["picture"] = reply["picture"]["token"]
                    return reply
        raise AssertionError("The server ended the stream.")

    def do(self, kind: str, **data: Any) -> dict:
        self.send(kind, **data)
        return self.idle()

    def upload(self, path: Path) -> None:
        unique = f"{secrets.token_hex(8)}-{path.name}"  # as static/uploading.js names it
        with path.open("rb") as file:
            (uploaded,) = self.client.post("/upload", files={"files": (unique, file)}).json()
        reply = self.do("open", path=uploaded, name=path.name)
        self.client.get(f"/file={reply['picture']['file']['path']}").raise_for_status()

    def click(self, x: int, y: int, positive: bool) -> None:
        self.send("click", x=x, y=y, positive=positive)

    def finish(self) -> None:
        self.do("finish")

    def saved(self) -> dict:
        reply = self.do("download", what="session")
        return self.client.get(f"/file={reply['downloads'][0]['path']}").json()


def make_picture(folder: Path, number: int) -> tuple[Path, list[tuple[int, int, bool]]]:
    """A picture of four rectangles, and three clicks on each with two beside it: (x, y, positive)."""
    chance = np.random.default_rng(number)
    picture = chance.integers(110, 140, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    clicks = []
    for place, colour in enumerate(COLOURS):
        row, column = divmod(place, 2)
        left, top = chance.integers(50, 100, 2) + np.array((column * WIDTH, row * HEIGHT)) // 2
        picture[top : top + 150, left : left + 200] = colour
        inside = chance.integers((left + 20, top + 20), (left + 180, top + 130), (3, 2))
        clicks += [(int(x), int(y), True) for x, y in inside]
        clicks += [(int(left) - 30, int(top) + 40, False), (int(left) + 90, int(top) - 30, False)]
    path = folder / f"picture{number}.png"
    Image.fromarray(picture).save(path)
    return path, clicks


class ServerProcess:
    """The page on the stand-in network in a process of its own, with a folder for all its temporary files."""

    def __init__(self, folder: Path) -> None:
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.log = folder / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.robust.soak", "--serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env={
                    **os.environ,
                    "TMPDIR": str(self.temporary),
                    "GRADIO_TEMP_DIR": str(self.temporary / "gradio"),
                },
            )
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.log.read_text()

    def megabytes(self) -> int:
        """The memory that is its own."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def files(self) -> list[int]:
        """The sizes of its temporary files."""
        return [path.stat().st_size for path in self.temporary.rglob("*") if path.is_file()]

    def close(self) -> str:
        """End it; what it wrote besides its answers."""
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait()
        return self.log.read_text() + rest


def serve() -> None:
    """Serve until the input ends; a line of it asks for the memory of the process in MB."""
    _, url, _ = launch(build(Server(Settings(ColourModel(size=96)))), prevent_thread_lock=True, quiet=True)
    print(url, flush=True)
    for _ in sys.stdin:
        gc.collect()  # else it depends on when Python last did
        print(psutil.Process().memory_full_info().uss // 10**6, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Click for a long day, and watch the server.")
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--serve", action="store_true", help="instead: the server, until the input ends")
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        print(json.dumps(soak(browser, options.pictures)))
        browser.close()


if __name__ == "__main__":
    main()
