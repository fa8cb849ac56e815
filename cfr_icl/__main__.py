"""Command line: python -m cfr_icl segment PICTURE --click X,Y --out MASK.png"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cfr_icl.clicks import Click


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, 2 with one sentence on stderr for bad input."""
    parser = argparse.ArgumentParser(prog="python -m cfr_icl", description="Click-based segmentation.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_segment(commands)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _add_segment(commands) -> None:
    parser = commands.add_parser("segment", help="the mask of one object in one picture")
    parser.add_argument("picture", type=Path)
    for name, positive, help in (
        ("--click", True, "a point on the object, in pixels from the top left; may be repeated"),
        ("--not", False, "a point that does not belong to it; order among the clicks counts"),
    ):
        parser.add_argument(
            name, dest="clicks", action="append", metavar="X,Y", type=_click_type(positive), help=help
        )
    parser.add_argument("--steps", type=int, default=4, help="CFR steps, 0 to 10 (default: 4)")
    parser.add_argument("--weights", default="embedded", help="where the network comes from")
    parser.add_argument("--previous", type=Path, metavar="MASK.png", help="a mask to start from")
    parser.add_argument("--out", type=Path, required=True, metavar="MASK.png", help="where the mask goes")
    parser.set_defaults(run=_segment)


def _click_type(positive: bool):
    def parse(text: str) -> Click:
        try:
            x, y = (float(part) for part in text.split(","))
            return Click(x, y, positive)
        except ValueError:
            raise argparse.ArgumentTypeError(f"a click is X,Y in pixels, not {text!r}") from None

    return parse


def _segment(options: argparse.Namespace) -> None:
    from cfr_icl import Segmenter, load_model
    from cfr_icl.annotate.export import mask_png
    from cfr_icl.annotate.pictures import read_mask, read_picture

    if not options.clicks:
        raise ValueError("Name at least one point on the object with --click X,Y.")
    if options.out.suffix.lower() != ".png":
        raise ValueError(f"The mask is written as PNG; {options.out.name!r} must end in .png.")
    picture = read_picture(options.picture)
    previous = read_mask(options.previous, picture.shape[:2]) > 0 if options.previous else None
    segmenter = Segmenter(load_model(options.weights), steps=options.steps)
    segmenter.set_image(picture)
    options.out.write_bytes(mask_png(segmenter.predict(options.clicks, previous).mask))


if __name__ == "__main__":
    sys.exit(main())
