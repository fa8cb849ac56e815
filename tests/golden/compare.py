"""Old code against new, on one machine: nothing that a person sees as a mask may change.

    python -m tests.golden.compare OLD_CHECKOUT [--only NAME ...] [--weights FOLDER] [--keep FOLDER]

plays the same sequences with the code of another checkout and with the code here, each in its own process,
and compares bit for bit: masks, probabilities of every pass, forwards, the chosen pass, windows, and the
files of all exports byte for byte. The sessions and the work folder that the old code saved are opened with
the new code as well. Both use the old checkout's weights unless others are named. Exits with 1 where
anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def play(
    checkout: Path, out: Path, weights: Path, only: Sequence[str] = (), earlier: Path | None = None
) -> None:
    """Play with the code of a checkout, in a process of its own."""
    adapter = checkout / "tests" / "golden" / "adapter.py"
    # the package of that checkout, but the player and the sequences of this one
    path = out / "path"
    path.mkdir(parents=True)
    (path / "cfr_icl").symlink_to(checkout / "cfr_icl")
    command = [sys.executable, "-m", "tests.golden.play", adapter, out / "played", "--weights", weights]
    if only:
        command += ["--only", *only]
    if earlier:
        command += ["--earlier", earlier / "played"]
    environment = {**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}
    subprocess.run(command, check=True, env=environment, cwd=path, stdout=subprocess.DEVNULL)


def differences(old: Path, new: Path) -> Iterator[str]:
    """One line for each thing that differs between two plays."""
    for name in ("records", "reopened"):
        before, after = (json.loads((out / "played" / f"{name}.json").read_text()) for out in (old, new))
        yield from _differing(before, after, name)
    for folder in ("exports", "commands"):
        files = [_files(out / "played" / folder) for out in (old, new)]
        for path in sorted(files[0].keys() | files[1].keys()):
            if files[0].get(path) != files[1].get(path):
                kind = "differs" if path in files[0] and path in files[1] else "is only on one side"
                yield f"{folder}/{path} {kind}"


def _differing(before: Any, after: Any, place: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            yield from _differing(before[key], after[key], f"{place}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differing(one, other, f"{place}/{index}")
    elif before != after:
        yield f"{place}: {json.dumps(before):.80} became {json.dumps(after):.80}"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, help="the old code")
    parser.add_argument("--weights", type=Path, help="a model's folder (default: the old checkout's own)")
    parser.add_argument("--only", nargs="+", default=(), help="sequences to play (default: all)")
    parser.add_argument(
        "--keep",
        type=Path,
        help="a folder for all that was played; what the old code played is taken from it",
    )
    options = parser.parse_args()
    checkout = options.checkout.resolve()
    weights = (options.weights or checkout / "cfr_icl" / "weights" / "compact").resolve()
    with tempfile.TemporaryDirectory(prefix="golden-") as temporary:
        out = (options.keep or Path(temporary)).resolve()
        asked = [str(checkout), str(weights), *options.only]
        asked += [(HERE / name).read_text() for name in ("sequences.py", "play.py")]
        key = hashlib.sha256("\n".join(asked).encode()).hexdigest()
        if not (out / "old" / key).exists():
            shutil.rmtree(out / "old", ignore_errors=True)
            play(checkout, out / "old", weights, options.only)
            (out / "old" / key).touch()
        shutil.rmtree(out / "new", ignore_errors=True)
        play(ROOT, out / "new", weights, options.only, earlier=out / "old")
        found = list(differences(out / "old", out / "new"))
    print(*found[:60], sep="\n")
    print(f"{len(found)} differences" if found else "Nothing differs.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
