"""Exported files on the disk: nothing of somebody else's is replaced, older exports are told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from cfr_icl.annotate.listing import MANIFEST, read_manifest, shown_name
from cfr_icl.files import write_atomically


def write_files(out: Path, files: Mapping[str, bytes], pictures: Iterable[Path] = ()) -> list[str]:
    """Write exported files into a folder, all or none where names are refused.

    Beside them a list of their names is kept, so that they are not taken for pictures later.

    Args:
        pictures: files that must not be replaced.

    Returns:
        Sentences for the person: files of earlier exports that are not part of this one.

    Raises:
        ValueError: when a file would replace one of the pictures.
        OSError: when a file cannot be written.
    """
    check_targets(out, files, pictures)
    earlier = read_manifest(out)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomically(out / name, content)
    stale = [name for name in earlier if name not in files and (out / name).is_file()]
    write_manifest(out, [*files, *stale])
    if not stale:
        return []
    more = f" and {len(stale) - 3} more" if len(stale) > 3 else ""
    return [
        f"Files of an earlier export are not part of this one: "
        f"{', '.join(shown_name(name) for name in sorted(stale)[:3])}{more}."
    ]


def check_targets(out: Path, names: Iterable[str], pictures: Iterable[Path]) -> None:
    """Raise ValueError when a file of one of these names in `out` would replace a picture."""
    taken = {path.resolve() for path in pictures}
    if not taken:
        return
    folder = out.resolve()
    for name in names:
        target = folder / name
        if target in taken or (target.exists() and target.resolve() in taken):
            raise ValueError(
                f"{shown_name(name)} in {str(out)!r} would replace a picture; choose another folder."
            )


def write_manifest(out: Path, names: Iterable[str]) -> None:
    """Keep the names of exported files beside them; raises OSError."""
    write_atomically(out / MANIFEST, json.dumps({"files": sorted(set(names))}))
