"""Write the work on a folder of pictures in another format.

cfr-icl export --images photos --work work --format coco --out exported
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cfr_icl.annotate.exports import EVERYTHING, FORMATS
from cfr_icl.annotate.exports.splits import Split, read_shares, read_split_list
from cfr_icl.cli.options import add_megapixels
from cfr_icl.cli.values import number_up_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the pictures")
    parser.add_argument(
        "--work",
        type=Path,
        required=True,
        metavar="DIR",
        help="the saved work: --work of the page",
    )
    parser.add_argument("--format", required=True, help=", ".join([*FORMATS, EVERYTHING]))
    parser.add_argument(
        "--tolerance",
        type=number_up_to(1000, or_zero=True),
        default=1.0,
        help="largest distance of a polygon from its mask, in pixels (default: 1)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files are written")
    parser.add_argument(
        "--classes",
        type=Path,
        metavar="FILE",
        help="a list of classes, one name a line; their order gives their numbers",
    )
    parser.add_argument(
        "--split",
        metavar="SHARES",
        help="shares of training, validation and test, such as 80,10,10, a folder each; a picture stays in "
        "its part when others are added",
    )
    parser.add_argument(
        "--split-list",
        type=Path,
        metavar="FILE",
        help="CSV file with the rows picture,train|val|test; --split divides the other pictures",
    )
    add_megapixels(parser)


def run(options: argparse.Namespace) -> int:
    from cfr_icl.annotate.exports import export, export_warnings
    from cfr_icl.annotate.exports.writing import write_files
    from cfr_icl.annotate.folder.folder import Folder
    from cfr_icl.annotate.pictures.listing import shown_name
    from cfr_icl.annotate.saved.classes import read_classes

    if not options.work.is_dir():
        raise ValueError(f"There is no folder {str(options.work)!r} with saved work.")
    folder = Folder(options.images, options.work, options.max_megapixels)
    if options.classes:
        folder.work.classes.set(read_classes(options.classes))
    work = folder.saved_work()
    left_out = list(work.left_out)
    classes = folder.work.classes.number(work.pictures)
    split = _split(options)
    files = export(options.format, work.pictures, options.tolerance, classes, left_out, split=split)
    messages = write_files(options.out, files, map(folder.files.path, folder.pictures.names), folder.images)
    warnings = export_warnings(options.format, work.pictures)
    print(
        f"{len(files)} {'file' if len(files) == 1 else 'files'} in {options.out}",
        *warnings,
        *messages,
        sep="\n",
    )
    if split and (unknown := sorted(split.listed.keys() - map(shown_name, folder.pictures.names))):
        print(
            f"{options.split_list} names pictures that are not in {options.images}: {unknown[0]}"
            + (f" and {len(unknown) - 1} more." if len(unknown) > 1 else "."),
            file=sys.stderr,
        )
    if left_out:
        print(*left_out, sep="\n", file=sys.stderr)
    return 1 if left_out else 0


def _split(options: argparse.Namespace) -> Split | None:
    """The division into parts of --split and --split-list; None without them."""
    if not options.split and not options.split_list:
        return None
    shares = read_shares(options.split) if options.split else Split().shares
    return Split(shares, read_split_list(options.split_list) if options.split_list else {})
