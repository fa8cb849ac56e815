"""Load the masks of another tool into a folder of pictures, as work for the page.

cfr-icl fill coco.json --images photos --work work
"""

from __future__ import annotations

import argparse
import lzma
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from cfr_icl.annotate.pictures.listing import NO_FOLDERS
from cfr_icl.annotate.saved.session_files import SESSION_SUFFIX
from cfr_icl.cli.options import add_megapixels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "masks",
        type=Path,
        metavar="FILE|DIR",
        help="a file of all pictures, of COCO, Label Studio or CVAT; or a folder, or a zip, of such files, "
        "or of masks, label maps, labelme or YOLO files, each named as its picture",
    )
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the pictures")
    parser.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="the saved work: --work of the page"
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
    masks: Path = options.masks
    if masks.suffix.lower() == ".zip" and masks.is_file():
        with tempfile.TemporaryDirectory() as unpacked:
            return _fill(options, _unpacked(masks, Path(unpacked)))
    if masks.is_dir():
        return _fill(options, _files_in(masks))
    if masks.is_file():
        return _fill(options, {masks.name: masks})
    raise ValueError(f"There is no file or folder {str(masks)!r}.")


def _files_in(folder: Path) -> dict[str, Path]:
    """The files below a folder by their paths, without hidden ones and saved work."""
    files = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return {
        name: path
        for name, path in files.items()
        if not name.endswith(SESSION_SUFFIX)
        and not any(part[0] == "." or part in NO_FOLDERS for part in name.split("/"))
    }


def _unpacked(archive: Path, folder: Path) -> dict[str, Path]:
    """Unpack an archive of masks into a folder; raises ValueError for one that cannot be."""
    try:
        with zipfile.ZipFile(archive) as opened:
            needed = sum(entry.file_size for entry in opened.infolist())
            if needed > shutil.disk_usage(folder).free:
                raise ValueError(f"There is no room to unpack the archive {str(archive)!r}.")
            opened.extractall(folder)
    except OSError as error:
        raise ValueError(f"The archive {str(archive)!r} cannot be unpacked ({error.strerror}).") from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
        # zipfile raises RuntimeError for a password and for a compression that it does not know
        raise ValueError(
            f"The archive {str(archive)!r} cannot be read; unpack it and give its folder."
        ) from error
    return _files_in(folder)


def _fill(options: argparse.Namespace, files: Mapping[str, Path]) -> int:
    from cfr_icl.annotate.folder.folder import Folder
    from cfr_icl.annotate.saved.classes import read_classes
    from cfr_icl.annotate.whole_folder.fill import Source, fill

    masks: Path = options.masks
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
