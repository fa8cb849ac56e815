"""Write the mask of one object in one picture.

cfr-icl segment cat.png --click 230,120 --not 60,40 --out mask.png
cfr-icl segment cat.png --box 20,10,430,290 --out mask.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cfr_icl.cli.options import add_cfr, add_megapixels, add_weights, cfr_setting, new_segmenter
from cfr_icl.cli.values import box, click


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("picture", type=Path, help="a picture file")
    for name, positive, help in (
        ("--click", True, "a point on the object, in pixels from the top left; may be repeated"),
        ("--not", False, "a point that does not belong to it; clicks are applied in the order given"),
    ):
        parser.add_argument(
            name, dest="clicks", action="append", metavar="X,Y", type=click(positive), help=help
        )
    parser.add_argument(
        "--box",
        type=box,
        metavar="LEFT,TOP,RIGHT,BOTTOM",
        help="a box around the object, which the clicks correct; the pixels on its sides belong to it",
    )
    parser.add_argument(
        "--previous-mask",
        "--previous",
        type=Path,
        metavar="MASK.png",
        help="a mask to start from, in place of a box",
    )
    add_weights(parser)
    add_megapixels(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="MASK.png", help="file for the mask")
    add_cfr(parser)


def run(options: argparse.Namespace) -> None:
    from cfr_icl.annotate.exports.png import mask_png
    from cfr_icl.annotate.imports import mask_pixels
    from cfr_icl.arguments import check_positive
    from cfr_icl.files import write_atomically
    from cfr_icl.pictures.decoding import read_picture
    from cfr_icl.sentences import named

    clicks = options.clicks or []
    if not clicks and not options.box:
        raise ValueError("Name at least one point on the object with --click X,Y.")
    if not options.box and not options.previous_mask:
        check_positive(clicks)
    if options.box and options.previous_mask:
        raise ValueError("Give --box or --previous-mask, not both.")
    if options.out.suffix.lower() != ".png":
        raise ValueError(f"The mask is written as PNG; {options.out.name!r} must end in .png.")
    with named(options.picture):
        picture = read_picture(options.picture, options.max_megapixels)
    if options.out.exists() and options.out.samefile(options.picture):
        raise ValueError("The mask would replace the picture; choose another file for --out.")
    previous = None
    if options.previous_mask:
        with named(options.previous_mask):
            previous = mask_pixels(options.previous_mask, picture.shape[:2])
    segmenter, cfr = new_segmenter(options), cfr_setting(options)
    segmenter.set_image(picture)
    prediction = segmenter.predict(clicks, previous_mask=previous, box=options.box, cfr=cfr)
    write_atomically(options.out, mask_png(prediction.mask))
