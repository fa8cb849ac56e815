"""Write the work on a folder of pictures in another format.

cfr-icl export --images photos --work work --format coco --out exported
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cfr_icl.annotate.exports import EVERYTHING, FORMATS
from cfr_icl.cli.options import add_megapixels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the pictures")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="what the app got as --out")
    parser.add_argument("--format", required=True, help=", ".join([*FORMATS, EVERYTHING]))
    parser.add_argument(
        "--tolerance", type=float, default=1.0, help="largest distance of a polygon from its mask, in pixels"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files are written")
    add_megapixels(parser)


def run(options: argparse.Namespace) -> None:
    from cfr_icl.annotate.exports import export, export_warnings
    from cfr_icl.annotate.folder import Folder

    if not options.work.is_dir():
        raise ValueError(f"There is no folder {str(options.work)!r} with saved work.")
    folder = Folder(options.images, options.work, options.max_megapixels)
    pictures = folder.annotated()
    files = export(options.format, pictures, options.tolerance)
    for name, content in files.items():
        path = options.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{len(files)} files in {options.out}", *export_warnings(options.format, pictures), sep="\n")
