"""Command line: python -m cfr_icl segment PICTURE --click X,Y --out MASK.png"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cfr_icl.clicks import Click
from cfr_icl.segmenter import AnswerError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, 2 with one sentence on stderr for bad input."""
    parser = argparse.ArgumentParser(prog="python -m cfr_icl", description="Click-based segmentation.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_segment(commands)
    _add_batch(commands)
    _add_export(commands)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError, AnswerError) as error:
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
    _add_network(parser)
    _add_limit(parser)
    parser.add_argument("--previous", type=Path, metavar="MASK.png", help="a mask to start from")
    parser.add_argument("--out", type=Path, required=True, metavar="MASK.png", help="where the mask goes")
    parser.set_defaults(run=_segment)


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=int, default=4, help="CFR steps, 0 to 10 (default: 4)")
    parser.add_argument(
        "--weights",
        help="embedded, a folder, a .safetensors file or hf://owner/name "
        "(default: what CFR_ICL_WEIGHTS names, else embedded)",
    )


def _add_limit(parser: argparse.ArgumentParser) -> None:
    from cfr_icl.annotate.pictures import LARGEST_LIMIT, MAX_MEGAPIXELS

    def limit(text: str) -> float:
        value = float(text)
        if not 0 < value <= LARGEST_LIMIT:
            raise argparse.ArgumentTypeError(f"it goes up to {LARGEST_LIMIT:g}, not {text}")
        return value

    parser.add_argument(
        "--max-megapixels",
        type=limit,
        default=MAX_MEGAPIXELS,
        help=f"largest picture taken (default: {MAX_MEGAPIXELS:g})",
    )


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
    from cfr_icl.annotate.exports.png import mask_png
    from cfr_icl.annotate.pictures import read_mask, read_picture

    if not options.clicks:
        raise ValueError("Name at least one point on the object with --click X,Y.")
    if options.out.suffix.lower() != ".png":
        raise ValueError(f"The mask is written as PNG; {options.out.name!r} must end in .png.")
    picture = read_picture(options.picture, options.max_megapixels)
    previous = read_mask(options.previous, picture.shape[:2]) > 0 if options.previous else None
    segmenter = Segmenter(load_model(options.weights), steps=options.steps)
    segmenter.set_image(picture)
    options.out.write_bytes(mask_png(segmenter.predict(options.clicks, previous).mask))


def _add_batch(commands) -> None:
    parser = commands.add_parser("batch", help="masks for a list of clicks over a folder of pictures")
    parser.add_argument("clicks", type=Path, metavar="CLICKS", help="CSV or JSON of picture, x, y, positive")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="where the pictures are")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the masks go")
    _add_network(parser)
    _add_limit(parser)
    parser.set_defaults(run=_batch)


def _batch(options: argparse.Namespace) -> None:
    from cfr_icl import Segmenter, load_model
    from cfr_icl.annotate.batch import read_clicks
    from cfr_icl.annotate.exports.png import mask_png
    from cfr_icl.annotate.pictures import read_picture

    objects = read_clicks(options.clicks, options.images)
    segmenter = Segmenter(load_model(options.weights), steps=options.steps)
    shown = None
    for number, entry in enumerate(objects, start=1):
        try:
            if shown != entry.picture:
                segmenter.set_image(read_picture(options.images / entry.picture, options.max_megapixels))
                shown = entry.picture
            mask = segmenter.predict(entry.clicks).mask
        except ValueError as error:
            raise ValueError(f"{entry.picture}: {error}") from error
        path = options.out / f"{Path(entry.picture).with_suffix('')}_{entry.object}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mask_png(mask))
        print(f"{number}/{len(objects)} {path}")


def _add_export(commands) -> None:
    parser = commands.add_parser("export", help="write the work on a folder in another format")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the pictures")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="what the app got as --out")
    parser.add_argument(
        "--format",
        required=True,
        help="coco, coco-polygons, yolo, labelme, voc, indexed, masks, cutouts, everything",
    )
    parser.add_argument("--tolerance", type=float, default=1.0, help="how far polygons may stray, in pixels")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files go")
    _add_limit(parser)
    parser.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> None:
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


if __name__ == "__main__":
    sys.exit(main())
