"""Previews of a click: how many a second, and what a click costs while there are some.

    python -m benchmarks.preview [--pages 1 8] [--clicks 30] [--seconds 8] [--megapixels 0.3]

The app runs in a process of its own; this one plays the pages, over the same requests as the browser. Each
click is the first one on an object, which is removed again. With previews, one page asks for one up to 30 ms
before its click, so that it is under way; of several pages each rests its pointer twice a second between
its clicks, which come every two seconds. Clicks with and without previews take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time

import httpx
import numpy as np
import psutil

from benchmarks.measure import table
from benchmarks.pictures import as_jpeg, example
from benchmarks.serving import serving
from benchmarks.sessions import Visitor

BETWEEN_CLICKS, BETWEEN_PREVIEWS = 2.0, 0.5
"""Seconds, where several pages are at work."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[1, 8], help="pages at once")
    parser.add_argument("--clicks", type=int, default=30, help="clicks with previews, and as many without")
    parser.add_argument("--seconds", type=float, default=8, help="how long previews are counted")
    parser.add_argument("--megapixels", type=float, default=0.3, help="size of each page's picture")
    options = parser.parse_args()
    picture = as_jpeg(example(megapixels=options.megapixels))
    with serving() as (app, url):
        server = psutil.Process(app.pid)
        rows = [asyncio.run(measured(server, url, picture, count, options)) for count in options.pages]
    print(table(rows))


async def measured(
    server: psutil.Process, url: str, picture: bytes, count: int, options: argparse.Namespace
) -> dict[str, str]:
    """The figures of so many pages at once."""
    async with httpx.AsyncClient(base_url=f"{url}gradio_api/", timeout=600) as client:
        functions = (await client.get(f"{url}config")).json()["dependencies"]
        act = next(each for each in functions if any(name == "act" for _, name in each["targets"]))
        pages = [Hoverer(client, act["id"], act["targets"][0][0]) for _ in range(count)]
        await asyncio.gather(*(page.open(picture) for page in pages))
        await asyncio.gather(*(page.click() for page in pages))  # warms everything up
        before = processor_seconds(server)
        await asyncio.gather(*(page.ask_on(options.seconds) for page in pages))
        processor = processor_seconds(server) - before
        answered, asked = (sum(page.previews[what] for page in pages) for what in ("answered", "asked"))
        work = Hoverer.one_by_one if count == 1 else Hoverer.at_work
        rounds = options.clicks if count == 1 else max(1, options.clicks // count)
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(rounds):
            for previews in (False, True):
                taken = await asyncio.gather(*(work(page, previews) for page in pages))
                seconds[previews] += taken
    return {
        "pages": str(count),
        "previews a second": f"{answered / options.seconds:.1f}",
        "CPU of one, ms": f"{1000 * processor / answered:.0f}",
        "not answered": f"{1 - answered / asked:.0%}",
        "bytes of a preview": f"{np.mean(pages[0].sizes):.0f}",
        "clicks": f"2 x {len(seconds[True])}",
        **{
            f"p{share}, {said}, ms": f"{1000 * np.percentile(seconds[previews], share):.0f}"
            for share in (50, 95)
            for previews, said in ((False, "without"), (True, "with previews"))
        },
    }


def processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


class Hoverer(Visitor):
    """A page whose pointer rests here and there."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.previews = {"asked": 0, "answered": 0}
        self.sizes: list[int] = []
        self.random = random.Random(len(arguments))

    def place(self) -> dict[str, int]:
        width, height = self.known["size"]
        return {"x": self.random.randrange(width), "y": self.random.randrange(height)}

    async def preview(self) -> None:
        """Ask what a click somewhere would give."""
        names = {name: self.known[name] for name in ("page", "picture")}
        data = {**names, **self.place(), "positive": True}
        call = {"data": data, "component_id": self.component, "fn_name": "preview"}
        answer = await self._post("component_server", call)
        self.previews["asked"] += 1
        self.previews["answered"] += answer is not None
        if answer:
            self.sizes.append(len(answer["counts"]))

    async def ask_on(self, seconds: float) -> None:
        """Ask one after the other."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            await self.preview()

    async def click(self) -> float:
        """Click somewhere; the seconds until the mask is there. Then the object is removed."""
        start = time.perf_counter()
        self._add("click", **self.place(), positive=True)
        await self._deliver()
        seconds = time.perf_counter() - start
        self._add("clear")
        await self._deliver()
        return seconds

    async def one_by_one(self, previews: bool) -> float:
        """A click alone on the server, or while a preview is under way."""
        await asyncio.sleep(0.6)  # what is computed ahead after the click before has ended
        asked = asyncio.ensure_future(self.preview()) if previews else None
        await asyncio.sleep(self.random.uniform(0.002, 0.03))
        seconds = await self.click()
        if asked:
            await asked
        return seconds

    async def at_work(self, previews: bool) -> float:
        """A click at some moment of two seconds, in which the pointer rests several times."""
        begin = time.perf_counter()
        moment = begin + self.random.uniform(0, BETWEEN_CLICKS)
        while (left := moment - time.perf_counter()) > 0:
            await asyncio.sleep(min(left, self.random.uniform(0.5, 1.5) * BETWEEN_PREVIEWS))
            if previews and time.perf_counter() < moment:
                await self.preview()
        seconds = await self.click()
        await asyncio.sleep(max(0.0, begin + BETWEEN_CLICKS - time.perf_counter()))
        return seconds


if __name__ == "__main__":
    main()
