"""Write exported files: pictures are never replaced, older files beside the exported ones are reported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from cfr_icl.annotate.pictures.listing import MANIFEST, first_names, read_manifest, shown_name
from cfr_icl.files import write_atomically
from cfr_icl.sentences import Sentence


def write_files(
    out: Path, files: Mapping[str, bytes], pictures: Iterable[Path] = (), images: Path | None = None
) -> list[Sentence]:
    """Write exported files into a folder, all or none where names are refused.

    Args:
        pictures: files that must not be replaced.
        images: the folder of the pictures. Where `out` lies in it, a list of the files' names is kept
            beside them, so that they are not taken for pictures later.

    Returns:
        Messages for the user about files of the same kind in `out` that are not part of this export.

    Raises:
        ValueError: when a file would replace one of the pictures.
        OSError: when a file cannot be written.
    """
    check_targets(out, files, pictures)
    out.mkdir(parents=True, exist_ok=True)
    keep_names(out, files, images)
    for name, content in files.items():
        write_atomically(out / name, content)
    others = _others(out, files)
    if not others:
        return []
    return [
        Sentence("Files that are not part of this export lie beside it: {names}.", names=first_names(others))
    ]


def check_targets(out: Path, names: Iterable[str], pictures: Iterable[Path]) -> None:
    """Raise ValueError when a file of one of these names in `out` would replace a picture."""
    originals = {path.resolve() for path in pictures}
    if not originals:
        return
    folder = out.resolve()
    for name in names:
        target = folder / name
        if target in originals or (target.exists() and target.resolve() in originals):
            raise ValueError(
                f"{shown_name(name)} in {str(out)!r} would replace a picture; choose another folder."
            )


def keep_names(out: Path, names: Iterable[str], images: Path | None) -> None:
    """If `out` lies below the pictures, record the written names there (`MANIFEST`); raises OSError."""
    if images is not None and out.resolve().is_relative_to(images.resolve()):
        written = sorted({*read_manifest(out), *names})
        write_atomically(out / MANIFEST, json.dumps({"files": written}))


def _others(out: Path, files: Mapping[str, bytes]) -> list[str]:
    """Files in the folders of exported ones, with their endings, that are not exported; sorted."""
    kinds = {(str(PurePosixPath(name).parent), PurePosixPath(name).suffix) for name in files}
    others = []
    for folder in {folder for folder, _ in kinds}:
        for path in (out / folder).iterdir():
            name = path.name if folder == "." else f"{folder}/{path.name}"
            if (folder, path.suffix) in kinds and name not in files and path.is_file():
                others.append(name)
    return sorted(others)
