"""Annotation in a child process that is killed again and again, and on a disk that is full.

As a script it prints what came out as JSON: python -m tests.robust.killer --kills 200
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.files import PREFIX
from cfr_icl.ui.page import Page
from cfr_icl.ui.settings import Settings
from cfr_icl.ui.shared import Shared
from tests.stand_in import ColourModel

PICTURES, ACTIONS = 60, 24
"""So many actions are done on each picture; one more says that it is done."""


def action(step: int) -> dict:
    """What is done on every picture at this step, from 1: clicks, strokes and colours in turn."""
    if step > ACTIONS:
        return {"kind": "done", "done": True}
    chance = random.Random(step)
    x, y = chance.randrange(120), chance.randrange(90)
    return (
        {"kind": "click", "x": x, "y": y, "positive": True},
        {"kind": "paint", "points": [[x, y], [60, 45]], "diameter": 5, "add": True},
        {"kind": "edit", "id": 1, "colour": f"#{step:06x}"},
    )[step % 3 - 1]


def annotate(folder: Folder, uploads: Path, states: list[str], say: Callable[[int, int], None]) -> None:
    """Go on where the folder stands to its end; tell of each step after it was applied and saved."""
    page = Page(Shared.of(Settings(ColourModel(size=32), steps=1, folder=folder), uploads))
    page.apply({"number": 1, "kind": "hello"})
    while True:
        for step in range(states.index(content(page)) + 1, ACTIONS + 2):
            page.apply({"number": page.applied + 1, **action(step)})
            say(page.place.index, step)
        if page.place.index + 1 == len(folder.pictures.names):
            return
        page.apply({"number": page.applied + 1, "kind": "goto", "index": page.place.index + 1})


def content(page: Page) -> str:
    return _without_times(store.to_json(page.session.document, "", page.session.size))


def saved_content(path: Path) -> str:
    return _without_times(json.loads(path.read_bytes()))


def _without_times(saved: dict) -> str:
    objects = [{name: value for name, value in each.items() if name != "answer"} for each in saved["objects"]]
    return json.dumps([objects, saved["active"], saved["done"], saved["next_id"]])


def make_pictures(folder: Path) -> Path:
    images = folder / "images"
    images.mkdir()
    pixels = np.full((90, 120, 3), 128, np.uint8)
    pixels[20:60, 10:50] = (220, 30, 30)
    for number in range(PICTURES):
        Image.fromarray(pixels).save(images / f"{number}.png")
    return images


def all_states(images: Path, folder: Path) -> list[str]:
    """What a picture's session holds before the first step and after each."""
    page = Page(
        Shared.of(Settings(ColourModel(size=32), steps=1, folder=Folder(images, folder / "states")), folder)
    )
    page.apply({"number": 1, "kind": "hello"})
    states = [content(page)]
    for step in range(1, ACTIONS + 2):
        page.apply({"number": page.applied + 1, **action(step)})
        states.append(content(page))
    assert len(set(states)) == ACTIONS + 2
    return states


def kill_often(kills: int, seed: int) -> dict:
    """How often the folder held what was told, one action more, or anything else (which is a loss)."""
    chance = random.Random(seed)
    found = {"kills": kills, "steps": 0, "as_told": 0, "one_more": 0, "half_written": 0, "losses": []}
    with tempfile.TemporaryDirectory() as scratch:
        images, out = make_pictures(Path(scratch)), Path(scratch) / "out"
        states = all_states(images, Path(scratch))
        told = dict.fromkeys(range(PICTURES), 0)
        for number in range(kills):
            reports = _killed(lambda say: _claim_and_annotate(images, out, states, say), chance)
            found["steps"] += len(reports)
            told.update(reports)
            found["half_written"] += len(list(out.glob(f"{PREFIX}*")))
            folder = Folder(images, out)
            more = 0
            for index, name in enumerate(folder.pictures.names):
                path = folder.work.sessions.path(name)
                try:
                    document = folder.open(name).document
                    step = 0 if document is None else states.index(saved_content(path))
                except (StoreError, ValueError) as error:
                    found["losses"].append(f"kill {number}, {name}: {error}")
                    continue
                if step - told[index] not in (0, 1):
                    found["losses"].append(f"kill {number}, {name}: step {step} after {told[index]} was told")
                more += step > told[index]
                told[index] = step
            found["one_more" if more else "as_told"] += 1
    return found


def _claim_and_annotate(images: Path, out: Path, states: list[str], say) -> None:
    folder = Folder(images, out)
    folder.work.claim()
    with tempfile.TemporaryDirectory() as uploads:
        annotate(folder, Path(uploads), states, say)


def _killed(function: Callable, chance: random.Random) -> list[tuple[int, int]]:
    """Kill a child at a random moment; the steps that it had told by then."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            function(lambda index, step: os.write(theirs, b"%d %d\n" % (index, step)))
        finally:
            os._exit(0)
    os.close(theirs)
    lines = []
    with os.fdopen(ours) as pipe:
        for _ in range(chance.randrange(8)):
            lines.append(pipe.readline())
        time.sleep(chance.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        lines += pipe.readlines()
    os.waitpid(child, 0)
    return [tuple(map(int, line.split())) for line in lines if line.endswith("\n")]


def fill_disk() -> dict:
    """Annotate while files cannot grow, as on a full disk, and once they can again."""
    with tempfile.TemporaryDirectory() as scratch:
        images = make_pictures(Path(scratch))
        folder = Folder(images, Path(scratch) / "out")
        page = Page(Shared.of(Settings(ColourModel(size=32), steps=1, folder=folder), Path(scratch)))
        page.apply({"number": 1, "kind": "hello"})
        page.apply({"number": 2, **action(1)})
        path = folder.work.sessions.path("0.png")
        before = path.read_bytes()
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, most))
        messages = []
        for number, do in enumerate([action(2), action(3), {"kind": "goto", "index": 1}], start=3):
            try:
                page.apply({"number": number, **do})
            except StoreError as refusal:
                messages.append(str(refusal))
        kept = path.read_bytes() == before and page.place.index == 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        page.apply({"number": 6, **action(4)})
        return {
            "messages": messages,
            "old_file_kept": kept,
            "left_over": [each.name for each in folder.work.path.glob(f"{PREFIX}*")],
            "saved_later": saved_content(path) == content(page),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill annotation at random moments, or fill its disk.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="instead: a disk that is full for a while")
    options = parser.parse_args()
    torch.set_num_threads(1)  # children are forked
    logging.disable()
    print(json.dumps(fill_disk() if options.full else kill_often(options.kills, options.seed), indent=1))


if __name__ == "__main__":
    main()
