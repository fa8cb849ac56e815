"""Record what the shipped weights answer, for `test_golden.py`:

    python -m tests.golden.record [--only NAME ...] [--weights FOLDER]

after the weights were replaced, or an answer or an export was changed on purpose. A pure move needs no
recording; `compare.py` shows that it is one.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.golden.play import EXAMPLES, HERE, Player, Record, load_adapter, unpacked
from tests.golden.sequences import SEQUENCES, Robot

FIXTURES = HERE / "fixtures"
ANSWERS = FIXTURES / "answers.json.gz"
EXPORTS = FIXTURES / "exports.json.gz"
SESSIONS = FIXTURES / "sessions.json.gz"
"""Session files as the first version wrote them; never recorded anew, since they must stay readable."""


def read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0))


def masks(record: Record) -> list[list[list[Any]]]:
    """The masks after each step, of the objects and of the answer: [name, height, width, run lengths]."""
    steps = []
    for entry in record:
        step = [[f"object {o['id']}", *o["size"], o["counts"]] for o in entry.get("objects", ())]
        if entry.get("answer"):
            step.append(["answer", *entry["answer"]["size"], entry["answer"]["counts"]])
        steps.append(step)
    return steps


def robot_clicks(records: Mapping[str, Record]) -> dict[str, list]:
    """The clicks that the robot made in each of its sequences."""
    return {
        name: max((entry["clicks"] for entry in record), key=len)
        for name, record in records.items()
        if isinstance(SEQUENCES[name], Robot)
    }


def contents(files: Mapping[str, bytes]) -> dict[str, Any]:
    """By file name a digest of what a reader gets out of it: another zlib packs the same pixels otherwise."""
    return {name: _content(name, content) for name, content in sorted(files.items())}


def _content(name: str, content: bytes) -> Any:
    if name.endswith(".zip"):
        return contents(unpacked(content))
    if name.endswith(".json"):
        read = json.loads(content, parse_float=lambda number: f"{float(number):.4f}")
        for shape in read.get("shapes", ()) if isinstance(read, dict) else ():
            if shape["mask"]:
                shape["mask"] = "a PNG, the pixels of which stand in other formats"
        content = json.dumps(read, sort_keys=True).encode()
    elif name.endswith(".png"):
        image = Image.open(io.BytesIO(content))
        content = repr((image.mode, image.size, image.getpalette())).encode() + np.array(image).tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


def exported(adapter: Any, network: Any, name: str, session_file: Mapping[str, Any]) -> dict[str, Any]:
    """What all formats hold of a saved session."""
    picture = SEQUENCES[name].picture
    session = adapter.reopened(network, adapter.read(EXAMPLES / picture), picture, session_file)
    return contents(adapter.exported(session))


def weights_digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    adapter = load_adapter(HERE / "adapter.py")
    parser.add_argument("--weights", type=Path, default=adapter.EMBEDDED, help="default: the shipped ones")
    parser.add_argument("--only", nargs="+", help="sequences to record; what is stored of the others stays")
    options = parser.parse_args()
    player = Player(adapter, str(options.weights))
    records = {name: player.play(name) for name in options.only or SEQUENCES}
    answers = read(ANSWERS) if options.only else {"robot_clicks": {}, "masks": {}}
    answers["weights"] = weights_digest(options.weights)
    answers["robot_clicks"].update(robot_clicks(records))
    answers["masks"].update({name: masks(record) for name, record in records.items()})
    write(ANSWERS, answers)
    sessions = read(SESSIONS)
    write(EXPORTS, {n: exported(adapter, player.network, n, file) for n, file in sessions.items()})
    for path in (ANSWERS, EXPORTS):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
