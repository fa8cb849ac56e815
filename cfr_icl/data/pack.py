"""Write a data set as WebDataset shards; killed runs are resumed, and several processes may share it."""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from cfr_icl.data.samples import Dataset, Sample
from cfr_icl.data.webdataset import index_shards
from cfr_icl.files import remove_unfinished, replacing, write_atomically
from cfr_icl.pictures.image_files import is_picture_name, picture_suffixes
from cfr_icl.scale.shards import Shard

SOURCE = "source.json"
"""The file beside the shards that describes the data set in them."""


def pack(
    dataset: Dataset,
    out: Path,
    source: Mapping[str, Any],
    each: int = 1000,
    share: Shard = Shard(),
    on_picture: Callable[[], None] = lambda: None,
) -> int | None:
    """Write the missing shards of a data set, and the index once all shards exist.

    Args:
        dataset: the data set; its `pictures` are copied unchanged. If its attribute `shown` is true, it turns
            them by their EXIF.
        out: folder of the shards.
        source: description of the data set; the same for all processes that write to `out`.
        each: number of pictures in a shard.
        share: the share of the shards that this process writes.
        on_picture: called after each picture, also for pictures of existing shards.

    Returns:
        The number of pictures of the index; None while shards of other processes are missing.

    Raises:
        ValueError: when `out` holds shards of something else, or two pictures have one name.
        OSError: when a picture cannot be read or a shard cannot be written.
    """
    if not hasattr(dataset, "pictures"):
        raise ValueError("The data set is in shards already.")
    duplicates = [name for name, count in Counter(dataset.names).items() if count > 1]
    if duplicates:
        raise ValueError(f"{len(duplicates)} names of pictures appear twice, the first {duplicates[0]}.")
    names = zlib.crc32("\n".join(dataset.names).encode("utf-8", "surrogateescape"))
    _claim(out, {**source, "pictures": len(dataset), "names": names, "each": each})
    if share.count == 1:
        remove_unfinished(out)
    count = -(-len(dataset) // each)
    shards = [out / f"{number:05d}-of-{count:05d}.tar" for number in range(count)]
    for shard in share.of(shards):
        first = shards.index(shard) * each
        numbers = range(first, min(first + each, len(dataset)))
        if shard.exists():
            for _ in numbers:
                on_picture()
            continue
        with replacing(shard) as unfinished, tarfile.open(unfinished, "w", format=tarfile.PAX_FORMAT) as file:
            for number in numbers:
                _add(file, dataset.pictures[number], dataset[number], getattr(dataset, "shown", False))
                on_picture()
    return index_shards(out) if all(shard.exists() for shard in shards) else None


def _claim(out: Path, source: Mapping[str, Any]) -> None:
    """Write the description of the data set; raises ValueError where the folder holds shards of another."""
    path = out / SOURCE
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != source:
            raise ValueError(f"{out} holds shards of something else; choose another --out.")
    elif next(out.glob("*.tar"), None):
        raise ValueError(f"{out} holds tar files of something else; choose another --out.")
    else:
        write_atomically(path, json.dumps(source, indent=2) + "\n")


def _add(file: tarfile.TarFile, picture: Path, sample: Sample, shown: bool) -> None:
    if not is_picture_name(picture.name):
        raise ValueError(f"{picture} is not one of {', '.join(picture_suffixes())}.")
    key = sample.name.replace("%", "%25").replace(".", "%2E")  # WebDataset takes all after a dot as the type
    height, width = sample.image.shape[:2]
    objects = {
        "image": {"file_name": picture.name, "width": width, "height": height, "shown": shown},
        "annotations": [_entry(gt_mask) for gt_mask in sample.gt_masks],
    }
    contents = {
        picture.suffix.lower(): picture.read_bytes(),
        ".json": json.dumps(objects).encode("utf-8"),
    }
    for kind, content in contents.items():
        member = tarfile.TarInfo(key + kind)
        member.size = len(content)
        file.addfile(member, io.BytesIO(content))


def _entry(gt_mask: np.ndarray) -> dict[str, Any]:
    """The entry of an object with ground truth int8 (H, W) in the list `annotations`."""
    entry = {"segmentation": _run_lengths(gt_mask == 1)}
    if (gt_mask == -1).any():
        entry["ignored"] = _run_lengths(gt_mask == -1)
    return entry


def _run_lengths(region: np.ndarray) -> dict[str, Any]:
    code = coco_mask.encode(np.asfortranarray(region.astype(np.uint8)))
    return {"size": code["size"], "counts": code["counts"].decode("ascii")}
