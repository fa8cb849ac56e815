"""Damaged pictures through the decoder, in child processes that may neither hang nor swell.

As a script it prints what came out as JSON: python -m tests.robust.fuzzer
"""

from __future__ import annotations

import argparse
import collections
import json
import mmap
import os
import random
import resource
import signal
import struct
import tempfile
import time
import warnings
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from cfr_icl.annotate.pictures.browser_copy import browser_copy
from cfr_icl.annotate.pictures.mask_pixels import read_mask
from cfr_icl.pictures.decoding import MAX_MEGAPIXELS, PictureError, read_picture, remarks, thumbnail
from tests.robust.corpus import SIZE, pictures

SECONDS = 2
GIGABYTE = 1 << 30
SUFFIXES = (".png", ".jpg", ".webp", ".tif", ".bmp", ".gif", ".ppm", "")
NUMBERS = (0, 1, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 7000, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000)


def mutated(contents: list[bytes], chance: random.Random) -> bytes:
    """One of the contents with one to six kinds of damage."""
    data = bytearray(chance.choice(contents))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        chance.choice(DAMAGES)(data, contents, chance)
    if data.startswith(b"\x89PNG") and chance.random() < 0.7:
        data = _with_right_sums(bytes(data))
    return bytes(data)


def _place(data: bytearray, chance: random.Random) -> int:
    """An offset; often in the header, where it hurts most."""
    return chance.randrange(min(len(data), 100 if chance.random() < 0.3 else len(data)) or 1)


def _flip(data, contents, chance):
    for _ in range(chance.choice((1, 1, 4, 32))):
        if data:
            data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _set_number(data, contents, chance):
    kind = chance.choice("BHIQ")
    code = chance.choice("<>") + kind
    value = chance.choice(NUMBERS) & ((1 << 8 * struct.calcsize(code)) - 1)
    start = _place(data, chance)
    data[start : start + struct.calcsize(code)] = struct.pack(code, value)


def _cut(data, contents, chance):
    del data[_place(data, chance) :]


def _take_out(data, contents, chance):
    start = _place(data, chance)
    del data[start : start + chance.choice((1, 2, 7, 100))]


def _put_in(data, contents, chance):
    start = _place(data, chance)
    data[start:start] = chance.randbytes(chance.choice((1, 2, 7, 100)))


def _repeat(data, contents, chance):
    start = _place(data, chance)
    data[start:start] = data[start : start + chance.choice((4, 50))] * chance.choice((1, 30))


def _splice(data, contents, chance):
    other = chance.choice(contents)
    data[_place(data, chance) :] = other[chance.randrange(len(other)) :]


DAMAGES = (_flip, _flip, _set_number, _set_number, _cut, _take_out, _put_in, _repeat, _splice)


def _with_right_sums(data: bytes) -> bytes:
    """PNG chunks with their checksums made right, so that damage gets past them."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        chunk = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + chunk + struct.pack(">I", zlib.crc32(chunk))
        at += 12 + length
    return bytes(out + data[at:])


def try_one(path: Path, chance: random.Random, out: Path) -> str:
    """What came of one file: "picture", or the decoder's sentence; anything else is raised."""
    try:
        if chance.random() < 0.1:
            width, height = SIZE
            read_mask(path, (height, width))
            return "mask"
        picture = read_picture(path)
        assert picture.dtype == "uint8" and picture.ndim == 3 and picture.shape[2] == 3
        remarks(path)
        copy = browser_copy(path, picture, out)
        if copy != path:
            copy.unlink()
        if chance.random() < 0.2:
            thumbnail(path, 64)
        return "picture"
    except PictureError as error:
        sentence = str(error)
        assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 200, sentence
        assert "enough memory" not in sentence, sentence
        return " ".join(sentence.split()[:6])


def fuzz(cases: int, seed: int) -> dict:
    """Counts of what came out and everything that must not happen."""
    contents = list(pictures().values())
    violations, counts, peak, slowest = [], collections.Counter(), 0, 0.0
    position = mmap.mmap(-1, 8)
    start = 0
    with tempfile.TemporaryDirectory() as folder:
        while start < cases:
            told, peak_now, status = in_child(
                _try_all, range(start, cases), seed, contents, Path(folder), position
            )
            peak = max(peak, peak_now)
            if not status:
                counts.update(told["counts"])
                slowest = max(slowest, told["slowest_s"])
                violations += told["violations"]
                break
            (at,) = struct.unpack("q", position[:])
            violations.append(f"case {at}: ended by signal {os.WTERMSIG(status)} (status {status})")
            start = at + 1
    return {
        "cases": cases,
        "seed": seed,
        "pictures": counts.pop("picture", 0),
        "masks": counts.pop("mask", 0),
        "sentences": dict(counts.most_common()),
        "peak_mb": peak,
        "slowest_s": round(slowest, 3),
        "violations": violations,
    }


def _try_all(cases, seed, contents, folder, position) -> dict:
    violations, counts, slowest = [], collections.Counter(), 0.0
    for case in cases:
        position[:] = struct.pack("q", case)
        chance = random.Random(f"{seed} {case}")
        path = folder / f"case{chance.choice(SUFFIXES)}"
        path.write_bytes(mutated(contents, chance))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of processor time; its signal ends the process
        begun = time.process_time()
        try:
            counts[try_one(path, chance, folder)] += 1
        except Exception as error:
            violations.append(f"case {case}: {type(error).__name__}: {error}")
        signal.setitimer(signal.ITIMER_PROF, 0)
        slowest = max(slowest, time.process_time() - begun)
    return {"counts": counts, "slowest_s": slowest, "violations": violations}


def largest() -> dict:
    """Memory in MB that pictures just below the default limit need, by their kind."""
    side = int((MAX_MEGAPIXELS * 1e6) ** 0.5)
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = {
        "jpeg turned": lambda path: Image.new("RGB", (side, side), "red").save(path, "JPEG", exif=exif),
        "jpeg CMYK": lambda path: Image.new("CMYK", (side, side)).save(path, "JPEG"),
        "png RGBA": lambda path: Image.new("RGBA", (side, side)).save(path, "PNG", compress_level=1),
        "png 16 bit": lambda path: Image.new("I;16", (side, side), 9).save(path, "PNG", compress_level=1),
        "gif transparent": lambda path: Image.new("P", (side, side)).save(path, "GIF", transparency=0),
        "tiff float": lambda path: Image.new("F", (side, side), 0.5).save(path, "TIFF"),
        "tiff RGBA": lambda path: Image.new("RGBA", (side, side)).save(path, "TIFF", compression="tiff_lzw"),
    }
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, save in kinds.items():
            path = Path(folder) / "picture"
            in_child(save, path, limited=False)
            told, peak, status = in_child(_read_and_copy, path, Path(folder))
            found[kind] = peak if not status and told == [side, side, 3] else f"failed: {told} {status}"
    return found


def _read_and_copy(path: Path, folder: Path) -> list[int]:
    picture = read_picture(path)
    browser_copy(path, picture, folder)
    return list(picture.shape)


def in_child(function, *arguments, limited: bool = True) -> tuple[Any, int, int]:
    """What a function returns in a process of its own, that may not allocate more than 1 GB.

    Returns:
        The JSON that it returned, its peak memory in MB over that at the start, its exit status.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        if limited:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limit = pages * resource.getpagesize() + GIGABYTE
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        status = 1
        try:
            told = function(*arguments)
            peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
            with os.fdopen(theirs, "w") as file:
                json.dump([told, peak], file)
            status = 0
        finally:
            os._exit(status)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        report = pipe.read()
    _, status = os.waitpid(child, 0)
    told, peak = json.loads(report) if report and not status else (None, 0)
    return told, peak, status


def main() -> None:
    parser = argparse.ArgumentParser(description="Damaged pictures, and the largest, through the decoder.")
    parser.add_argument("--cases", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", action="store_true", help="instead: memory that large pictures take")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # Pillow's on damaged tags
    print(json.dumps(largest() if options.largest else fuzz(options.cases, options.seed), indent=1))


if __name__ == "__main__":
    main()
