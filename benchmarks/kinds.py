"""Which pictures a learnt model takes for its kind: of the same set, and of others.

python -m benchmarks.kinds --data SHARED [--domains carparts facade ...] [--others duts/val coco/val]

SHARED holds DOMAIN/train/images and the other sets' images. As in benchmarks/own_pictures.py, the order is
that of the CRC-32 of the names: 20 pictures are left for the test, the next ones are learnt from, but for the
quarter that `cfr-icl learn` holds out. A row gives the share of the set's other pictures that is accepted,
those of the test too, and the accepted pictures of the other sets, even and odd half.
"""

import argparse
import zlib
from pathlib import Path

import torch

from benchmarks.own_pictures import LEAVES_OUT, SIZES, TEST_PICTURES
from cfr_icl.data.files import picture_files, read_rgb
from cfr_icl.learning.held_out import hold_out
from cfr_icl.learning.kind import embedded_descriptor, kind_of

DOMAINS = ["carparts", "facade", "streets", "cables", "camvid", "horses"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--domains", nargs="+", default=DOMAINS)
    parser.add_argument("--others", nargs="+", default=["duts/val", "coco/val"])
    options = parser.parse_args()
    descriptor = embedded_descriptor()

    def described(folder: Path) -> dict[str, torch.Tensor]:
        files = {path.stem: path for path in picture_files(folder / "images")}
        names = sorted(files, key=number_of)
        return {n: descriptor(read_rgb(files[n])) for n in names if not n.endswith(LEAVES_OUT)}

    others = {name: described(options.data / name) for name in options.others}
    print(
        "| set | learnt from | accepted of its others |", " | ".join(f"{o}, even, odd" for o in others), "|"
    )
    print("| --- | ---: | ---: |" + " --- |" * len(others))
    for domain in options.domains:
        pictures = described(options.data / domain / "train")
        for size in SIZES:
            own = list(pictures)[TEST_PICTURES : TEST_PICTURES + size]
            held_out = set(hold_out(own))
            learnt = [name for name in own if name not in held_out]
            direction, threshold = kind_of([pictures[name] for name in learnt])
            accepts = {
                name: bool(row @ direction > threshold)
                for some in (pictures, *others.values())
                for name, row in some.items()
            }
            rest = [accepts[name] for name in pictures if name not in own]
            halves = " | ".join(
                of_halves([(name, accepts[name]) for name in other]) for other in others.values()
            )
            print(f"| {domain} | {len(learnt)} | {sum(rest) / len(rest):.1%} of {len(rest)} | {halves} |")


def number_of(name: str) -> int:
    return zlib.crc32(name.encode())


def of_halves(accepted: list[tuple[str, bool]]) -> str:
    halves = [[taken for name, taken in accepted if number_of(name) % 2 == half] for half in (0, 1)]
    return ", ".join(f"{sum(half)} of {len(half)}" for half in halves)


if __name__ == "__main__":
    main()
