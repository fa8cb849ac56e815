"""Plays the sequences through an adapter and writes down everything that they answer.

    python -m tests.golden.play ADAPTER.py OUT --weights FOLDER

runs with whatever `cfr_icl` is on the path; `compare.py` starts it twice.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco

from tests.golden.sequences import CLICK_FILE, COMMANDS, EXPORTED, SEQUENCES, Clicking, FolderWork, Robot

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"

Record = list[dict[str, Any]]


def load_adapter(path: Path) -> Any:
    """The module in this file."""
    spec = importlib.util.spec_from_file_location("golden_adapter", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


class Player:
    """Plays sequences with one network.

    Args:
        robot_clicks: by sequence the clicks that the robot made once, to make again; without them it looks
            for its own.
    """

    def __init__(
        self, adapter: Any, weights: str, robot_clicks: Mapping[str, Sequence] | None = None
    ) -> None:
        self.adapter = adapter
        self.network = adapter.model(weights)
        self.robot_clicks = robot_clicks
        self.sessions: dict[str, Any] = {}
        """The sessions as they were left, by sequence."""

    def play(self, name: str) -> Record:
        """What one sequence answers, step by step."""
        sequence = SEQUENCES[name]
        if isinstance(sequence, Robot):
            return self._robot(name, sequence)
        if isinstance(sequence, FolderWork):
            with tempfile.TemporaryDirectory() as folder:
                return self.folder(sequence, Path(folder))
        return self._clicking(name, sequence)

    def _clicking(self, name: str, sequence: Clicking) -> Record:
        adapter = self.adapter
        picture = adapter.read(EXAMPLES / sequence.picture)
        session = adapter.session(self.network)
        session.open(picture, sequence.picture)
        record = []
        for verb, *arguments in sequence.steps:
            entry: dict[str, Any] = {"step": verb}
            if verb == "inspect":
                entry["inside"] = _digest(adapter.looked_inside(session))
            elif verb == "reopen":
                content = json.loads(json.dumps(adapter.saved(session)))
                session = adapter.reopened(self.network, picture, sequence.picture, content)
            else:
                if verb == "load":
                    arguments = [[_filled(outline, picture.shape[:2]) for outline in arguments[0]]]
                adapter.do(session, verb, *arguments)
            entry["objects"] = adapter.objects(session)
            if verb in ("click", "not", "box", "cfr", "keep"):
                answer = adapter.answer_of_active(session)
                entry["answer"] = answer and _answer(adapter.prediction(answer))
            record.append(entry)
        self.sessions[name] = session
        return record

    def _robot(self, name: str, sequence: Robot) -> Record:
        adapter = self.adapter
        picture = adapter.read(EXAMPLES / sequence.picture)
        times = sequence.enlarged
        picture = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
        size = picture.shape[:2]
        truth = _filled(sequence.outline, size, times).astype(np.int32)
        previous = None
        if sequence.previous:
            outline, probability = sequence.previous
            previous = _filled(outline, size, times).astype(np.float32) * np.float32(probability)
        segmenter = adapter.segmenter(self.network, sequence.flip, sequence.zoom)
        segmenter.set_image(picture)
        clicks: list[tuple] = []
        record: Record = []

        def answer() -> dict[str, Any]:
            found = adapter.prediction(adapter.predict(segmenter, clicks, previous, sequence.cfr))
            record.append({"clicks": [list(click) for click in clicks], "answer": _answer(found)})
            return found

        found = answer()
        for number in range(sequence.clicks):
            if self.robot_clicks:
                clicks.append(tuple(self.robot_clicks[name][number]))
            else:
                clicked = np.zeros(size, bool)
                for x, y, _ in clicks:
                    clicked[y, x] = True
                clicks.append(adapter.robot(found["probabilities"], truth, clicked))
            found = answer()
        for fewer in sequence.back:
            del clicks[len(clicks) - fewer :]
            answer()
        return record

    def folder(self, sequence: FolderWork, folder: Path) -> Record:
        """Play in a folder, where images/ and work/ stay."""
        images = folder / "images"
        images.mkdir()
        for name in sequence.pictures:
            shutil.copy(EXAMPLES / name, images)
        page = self.adapter.FolderPage(self.network, images, folder / "work", folder / "uploads")
        record = []
        for verb, *arguments in sequence.steps:
            served = page.do(verb, *arguments)
            entry = {"step": verb, "shown": page.shown(), "objects": self.adapter.objects(page.session)}
            if served is not None:
                entry["served"] = _digest(unpacked(served))
            record.append(entry)
        return record


def unpacked(content: bytes) -> dict[str, bytes] | bytes:
    """The files in a zip archive, which also holds when it was written; anything else as it is."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _filled(outline: Sequence[tuple[int, int]], size: tuple[int, int], times: int = 1) -> np.ndarray:
    """The pixels inside an outline, bool (H, W)."""
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [np.array(outline, np.int32) * times], 1)
    return mask.astype(bool)


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    """Maps as digests, and the mask as COCO run lengths too."""
    mask = coco.encode(np.asfortranarray(answer["mask"]).astype(np.uint8))
    digests = {key: _digest(answer[key]) for key in ("probabilities", "passes", "mask", "runs")}
    return {**answer, **digests, "size": list(mask["size"]), "counts": mask["counts"].decode()}


def _digest(value: Any) -> Any:
    """Arrays and bytes as a short hash; lists and dictionaries element by element."""
    if isinstance(value, dict):
        return {key: _digest(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_digest(entry) for entry in value]
    if isinstance(value, np.ndarray):
        value = repr((value.dtype.str, value.shape)).encode() + value.tobytes()
    if isinstance(value, str) and len(value) > 100:
        value = value.encode()
    return hashlib.sha256(value).hexdigest()[:16] if isinstance(value, bytes) else value


def play_everything(adapter: Any, out: Path, weights: str, only: Sequence[str], earlier: Path | None) -> None:
    """All sequences, exports and commands, as files in `out`.

    Args:
        only: names of sequences, to play them without commands; empty for all.
        earlier: what another version wrote; its saved sessions and work folder are opened too.
    """
    player = Player(adapter, weights)
    records = {name: player.play(name) for name in only or SEQUENCES if name != "folder"}
    (out / "folder").mkdir(parents=True)
    if not only:
        records["folder"] = player.folder(SEQUENCES["folder"], out / "folder")
    saved = {name: adapter.saved(session) for name, session in player.sessions.items()}
    (out / "records.json").write_text(json.dumps(records, indent=1))
    (out / "sessions.json").write_text(json.dumps(saved))
    for name in player.sessions.keys() & EXPORTED:
        _write(out / "exports" / name, adapter.exported(player.sessions[name]))
    opened = earlier or out
    reopened = {}
    for name, content in json.loads((opened / "sessions.json").read_text()).items():
        picture = adapter.read(EXAMPLES / SEQUENCES[name].picture)
        session = adapter.reopened(player.network, picture, SEQUENCES[name].picture, content)
        reopened[name] = adapter.objects(session)
    (out / "reopened.json").write_text(json.dumps(reopened, indent=1))
    if not only:
        _run_commands(adapter, out, opened / "folder", weights)


def _run_commands(adapter: Any, out: Path, folder: Path, weights: str) -> None:
    places = {
        "examples": EXAMPLES,
        "images": folder / "images",
        "work": folder / "work",
        "out": out / "commands",
        "clicks": out / "clicks.csv",
        "mask": out / "mask.png",
    }
    places["out"].mkdir()
    places["clicks"].write_text(CLICK_FILE)
    mask = _filled([(60, 40), (330, 40), (330, 220), (60, 220)], (300, 451))
    cv2.imwrite(str(places["mask"]), mask.astype(np.uint8) * 255)
    environment = {**os.environ, "CFR_ICL_WEIGHTS": weights}
    for command in COMMANDS:
        arguments = [argument.format(**places) for argument in command]
        subprocess.run([sys.executable, *adapter.COMMAND, *arguments], check=True, env=environment)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--only", nargs="+", default=())
    parser.add_argument("--earlier", type=Path)
    options = parser.parse_args()
    adapter = load_adapter(options.adapter)
    play_everything(adapter, options.out, options.weights, options.only, options.earlier)
