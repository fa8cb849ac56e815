"""Write a mask for each object of a list of clicks over a folder of pictures.

    cfr-icl batch clicks.csv --images photos --out masks

A CSV file has the columns picture, x, y and optionally positive (1 or 0) and object (a name); a JSON file is
a list of objects with these keys.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cfr_icl.cli.options import add_cfr, add_megapixels, add_weights, cfr_setting, new_segmenter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clicks", type=Path, metavar="CLICKS", help="CSV or JSON of picture, x, y, positive")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="where the pictures are")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the masks are written")
    add_weights(parser)
    add_megapixels(parser)
    add_cfr(parser)


def run(options: argparse.Namespace) -> None:
    from cfr_icl.annotate.batch import read_clicks
    from cfr_icl.annotate.exports.png import mask_png
    from cfr_icl.annotate.pictures import read_picture

    objects = read_clicks(options.clicks, options.images)
    segmenter, cfr = new_segmenter(options), cfr_setting(options)
    opened = None
    for number, entry in enumerate(objects, start=1):
        try:
            if opened != entry.picture:
                segmenter.set_image(read_picture(options.images / entry.picture, options.max_megapixels))
                opened = entry.picture
            mask = segmenter.predict(entry.clicks, cfr=cfr).mask
        except ValueError as error:
            raise ValueError(f"{entry.picture}: {error}") from error
        path = options.out / f"{Path(entry.picture).with_suffix('')}_{entry.object}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mask_png(mask))
        print(f"{number}/{len(objects)} {path}")
