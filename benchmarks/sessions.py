"""Many people at once: waiting time of a click, fairness, lost clicks, and memory of a session.

    python -m benchmarks.sessions [--sessions 1 2 4 8] [--every 2] [--seconds 15] [--megapixels 0.3]

The app runs in a process of its own; this process sends the same requests as browsers: one parcel of numbered
actions at a time, and clicks made meanwhile together in the next. Each session uploads its own picture and
clicks at fixed times, whether replies came or not. A click's time ends when the reply that contains it
arrives.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import secrets
import statistics
import time

import httpx
import numpy as np
import psutil

from benchmarks.measure import table
from benchmarks.pictures import as_jpeg, example
from benchmarks.serving import serving

CLICKS = (
    (0.45, 0.5),
    (0.3, 0.6),
    (0.55, 0.7),
    (0.4, 0.3),
    (0.6, 0.45),
    (0.35, 0.45),
    (0.5, 0.85),
    (0.65, 0.6),
)
"""On the cat, as parts of width and height; afterwards the next object starts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--every", type=float, default=2, help="seconds between the clicks of a session")
    parser.add_argument("--seconds", type=float, default=15, help="how long each number of sessions clicks")
    parser.add_argument("--megapixels", type=float, default=0.3, help="size of each session's picture")
    options = parser.parse_args()
    picture = as_jpeg(example(megapixels=options.megapixels))
    with serving() as (app, url):
        server = psutil.Process(app.pid)
        asyncio.run(together(url, picture, 1, options.every, 1))  # warms the server up
        rows = []
        for count in options.sessions:
            before = server.memory_info().rss
            visitors = asyncio.run(together(url, picture, count, options.every, options.seconds))
            grown = (server.memory_info().rss - before) / count
            rows.append(row(visitors, grown))
    print(table(rows))


def row(visitors: list[Visitor], grown: float) -> dict[str, str]:
    """Figures of the sessions that ran together."""
    seconds = [value for visitor in visitors for value in visitor.seconds]
    means = [statistics.mean(visitor.seconds) for visitor in visitors]
    span = max(visitor.end for visitor in visitors) - min(visitor.begin for visitor in visitors)
    return {
        "sessions": str(len(visitors)),
        "clicks": str(len(seconds)),
        "p50, ms": f"{1000 * np.percentile(seconds, 50):.0f}",
        "p95, ms": f"{1000 * np.percentile(seconds, 95):.0f}",
        "clicks a second": f"{len(seconds) / span:.2f}",
        "slowest session's mean / fastest's": f"{max(means) / min(means):.2f}",
        "lost updates": str(sum(visitor.lost for visitor in visitors)),
        "memory a session": f"{grown / 2**20:.0f} MiB",
    }


async def together(url: str, picture: bytes, count: int, every: float, seconds: float) -> list[Visitor]:
    """Sessions that click at the same rate, evenly shifted against each other."""
    async with httpx.AsyncClient(base_url=f"{url}gradio_api/", timeout=600) as client:
        functions = (await client.get(f"{url}config")).json()["dependencies"]
        act = next(each for each in functions if any(name == "act" for _, name in each["targets"]))
        visitors = [Visitor(client, act["id"], act["targets"][0][0]) for _ in range(count)]
        await asyncio.gather(*(visitor.open(picture) for visitor in visitors))
        shifts = [number * every / count for number in range(count)]
        clicks = max(1, int(seconds / every))
        await asyncio.gather(*map(Visitor.click_on, visitors, shifts, [every] * count, [clicks] * count))
    return visitors


class Visitor:
    """One open page: numbers its actions and keeps sending what was not acknowledged."""

    def __init__(self, client: httpx.AsyncClient, act: int, component: int) -> None:
        self.client, self.act, self.component = client, act, component
        self.session = secrets.token_hex(6)
        self.numbers = itertools.count(1)
        self.waiting: list[dict] = []
        self.known: dict[str, object] = {}
        self.objects: dict[int, list] = {}
        """Clicks of each object, as the server told them."""
        self.made: dict[int, float] = {}
        """When the action of a number was made; those that are not answered yet."""
        self.seconds: list[float] = []
        self.sent: list[list[int]] = []

    @property
    def lost(self) -> int:
        """Clicks that the server does not hold in the order in which they were made."""
        held = [click[:2] for clicks in self.objects.values() for click in clicks]
        return len(self.sent) - sum(a == b for a, b in zip(self.sent, held, strict=False))

    async def open(self, picture: bytes) -> None:
        """Upload the picture and wait until it is shown."""
        files = {"files": ("picture.jpg", picture)}
        (path,) = (await self.client.post("upload", files=files)).json()
        self._add("hello")
        self._add("open", path=path, name="picture.jpg")
        await self._deliver()

    async def click_on(self, shift: float, every: float, count: int) -> None:
        """Click `count` times at fixed times; sends and waits as the page does."""
        self.begin = time.perf_counter()
        delivering = None
        for number in range(count):
            moment = self.begin + shift + number * every
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            if number and number % len(CLICKS) == 0:
                self._add("finish")
            x, y = CLICKS[number % len(CLICKS)]
            shown = self.known["size"]
            self.sent.append([int(x * shown[0]), int(y * shown[1])])
            self.made[self._add("click", x=self.sent[-1][0], y=self.sent[-1][1], positive=True)] = moment
            if delivering is None or delivering.done():
                delivering = asyncio.ensure_future(self._deliver())
        await delivering
        await self._deliver()
        self.end = time.perf_counter()

    def _add(self, kind: str, **data) -> int:
        number = next(self.numbers)
        self.waiting.append({"number": number, "kind": kind, **data})
        return number

    async def _deliver(self) -> None:
        while self.waiting:
            known = {name: value for name, value in self.known.items() if name != "size"}
            self._take(await self._call({"actions": self.waiting.copy(), "known": known}))

    async def _call(self, data: dict) -> dict:
        """Send a parcel and wait for its reply, as the page does: what brings files by an event."""
        if {action["kind"] for action in data["actions"]} & {"hello", "open"}:
            event = {"data": [None], "event_data": data, "fn_index": self.act, "trigger_id": None}
            return (await self._post("run/predict", event))["data"][-1]
        return await self._post(
            "component_server", {"data": data, "component_id": self.component, "fn_name": "apply"}
        )

    async def _post(self, where: str, body: dict) -> dict:
        answer = await self.client.post(where, json={**body, "session_hash": self.session})
        if answer.is_error:
            raise SystemExit(f"The server failed: {answer.text}")
        return answer.json()

    def _take(self, reply: dict) -> None:
        arrived = time.perf_counter()
        for number in [number for number in self.made if number <= reply["applied"]]:
            self.seconds.append(arrived - self.made.pop(number))
        self.waiting = [action for action in self.waiting if action["number"] > reply["applied"]]
        self.known |= {"page": reply["page"], "reply": reply["reply"]}
        if picture := reply.get("picture"):
            self.known |= {"picture": picture["token"], "size": (picture["width"], picture["height"])}
        for described in reply["session"]["objects"]:
            self.objects[described["id"]] = described["clicks"]


if __name__ == "__main__":
    main()
