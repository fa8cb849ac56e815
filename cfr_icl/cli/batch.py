"""Write a mask for each object of a list of clicks over a folder of pictures.

    cfr-icl batch clicks.csv --images photos --out masks

A CSV file, as spreadsheets write it, has the columns picture, x, y and optionally positive (1 or 0) and
object (a name); a JSON file is a list of objects with these keys. All is checked before the first mask is
written; rows and pictures that are wrong are told and left out, and the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cfr_icl.cli.options import add_cfr, add_megapixels, add_weights, cfr_setting, new_segmenter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clicks", type=Path, metavar="CLICKS", help="CSV or JSON of picture, x, y, positive")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="where the pictures are")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the masks are written")
    parser.add_argument(
        "--strict", action="store_true", help="stop at the first row or picture that is wrong"
    )
    add_weights(parser)
    add_megapixels(parser)
    add_cfr(parser)


def run(options: argparse.Namespace) -> int:
    from cfr_icl.annotate.batch import plan, write_masks

    batch = plan(options.clicks, options.images, options.out, options.max_megapixels)
    if batch.problems and (options.strict or not batch.objects):
        more = f" ({len(batch.problems) - 1} more rows are wrong.)" if len(batch.problems) > 1 else ""
        raise ValueError(batch.problems[0] + more)
    for problem in batch.problems:
        print(problem, file=sys.stderr)
    segmenter, cfr = new_segmenter(options), cfr_setting(options)
    problems = write_masks(
        batch,
        segmenter.set_image,
        lambda clicks: segmenter.predict(clicks, cfr=cfr).mask,
        options.max_megapixels,
        options.strict,
        lambda number, path: print(f"{number}/{len(batch.objects)} {path}"),
    )
    for problem in problems:
        print(problem, file=sys.stderr)
    left_out = len(batch.problems) + len(problems)
    if left_out:
        print(f"Left out for what is wrong with them: {left_out}.", file=sys.stderr)
    return 1 if left_out else 0
