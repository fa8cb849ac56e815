"""Load the masks of another tool into a folder of pictures, as work for the page.

cfr-icl fill coco.json --images photos --work work
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cfr_icl.cli.options import add_megapixels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "masks",
        type=Path,
        metavar="FILE|DIR",
        help="a COCO file of all pictures, or a folder of such files, or of masks, label maps, labelme or "
        "YOLO files, each named as its picture",
    )
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the pictures")
    parser.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="the saved work: --out of the app"
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="add to pictures that have work already (default: leave them as they are)",
    )
    parser.add_argument(
        "--classes",
        type=Path,
        metavar="FILE",
        help="a list of classes, for files that hold numbers alone without data.yaml or classes.txt",
    )
    add_megapixels(parser)


def run(options: argparse.Namespace) -> int:
    from cfr_icl.annotate.classes import read_classes
    from cfr_icl.annotate.fill import Source, fill
    from cfr_icl.annotate.folder import Folder

    masks: Path = options.masks
    if masks.is_dir():
        paths = sorted(path for path in masks.rglob("*") if path.is_file())
        files = {path.relative_to(masks).as_posix(): path for path in paths}
    elif masks.is_file():
        files = {masks.name: masks}
    else:
        raise ValueError(f"There is no file or folder {str(masks)!r}.")
    folder = Folder(options.images, options.work, options.max_megapixels)
    folder.work.share()
    if options.classes:
        folder.work.classes.set(read_classes(options.classes))
    source = Source(folder, files)
    if not source.pictures:
        raise ValueError(f"{str(masks)!r} has no masks for the pictures in {str(options.images)!r}.")
    filled = fill(folder, source, "cfr-icl fill", add=options.add)
    print(*filled.sentences, sep="\n")
    if source.unknown:
        print(f"Without a picture of their name: {source.unknown}.", file=sys.stderr)
    return 1 if filled.problems else 0
