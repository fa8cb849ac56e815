"""Read data sets from WebDataset shards: some large tar files, in a folder or at an address.

A shard holds `KEY.jpg`, or another type of picture, and `KEY.json` for each picture. The `annotations` in it
have the layout of SA-1B and COCO (`segmentation`, `iscrowd`), and `ignored`, the run lengths of the pixels
that are ignored in this object. `index.npz` beside the shards holds the byte offsets of all pictures, so that
any picture takes one read of a part of a file, or one HTTP request. Pictures have the order of the data set
that was packed.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote
from zipfile import BadZipFile

import numpy as np
from PIL import Image

from cfr_icl.data.coco import decode
from cfr_icl.data.files import object_gt_mask, read_rgb, read_shown
from cfr_icl.data.registry import is_address
from cfr_icl.data.samples import Sample
from cfr_icl.extras import extra
from cfr_icl.files import replacing
from cfr_icl.pictures.image_files import is_picture_name

INDEX = "index.npz"
ATTEMPTS, PAUSE_SECONDS = 4, 1.0
"""Reads of an address until it counts as lost, and the pause after the first, which doubles."""
LARGEST_SHARD, LARGEST_PART = 1 << 50, 1 << 30
"""Bytes of a shard and of a picture or its objects; an index with more is damaged."""
APART = 1 << 20
"""Bytes between a picture and its objects that are read along."""
DAMAGED = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    OSError,
    EOFError,
    BadZipFile,
    zlib.error,
)
"""What reading damaged files raises."""


class WebDataset:
    """The pictures of indexed shards in a folder, or at an address such as https://HOST/FOLDER.

    Raises:
        FileNotFoundError: without an index, or when a shard is missing.
        ValueError: for a damaged index.
        MissingExtraError: for an address without the packages that read it.
        ConnectionError: for an address that does not answer.
    """

    def __init__(self, root: str | Path) -> None:
        self._place = _Address(str(root)) if is_address(root) else _Folder(Path(root))
        try:
            with np.load(io.BytesIO(self._place.read(INDEX)), allow_pickle=False) as index:
                self._shards = [str(name) for name in index["shards"]]
                self._shard, self._spans = index["shard"], index["spans"]
                self.names = [str(name) for name in index["names"]]
            _check(self._shards, self.names, self._shard, self._spans)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{root} lacks {INDEX}; `cfr-icl pack --out FOLDER` writes it for the tar files of a folder."
            ) from None
        except ConnectionError:
            raise
        except DAMAGED as error:
            raise ValueError(f"{INDEX} of {root} is damaged.") from error
        self._place.require(self._shards)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        shard = self._shards[self._shard[index]]
        picture, objects = self._read(shard, *map(int, self._spans[index]))
        try:
            content = json.loads(objects)
            image = _read_picture(io.BytesIO(picture), content.get("image", {}))
            gt_masks = _gt_masks(content["annotations"], (image.shape[0], image.shape[1]))
        except (*DAMAGED, RecursionError, Image.DecompressionBombError) as error:
            raise ValueError(f"{self.names[index]} in {shard} is damaged: {error}.") from error
        return Sample(self.names[index], image, gt_masks)

    def _read(self, shard: str, start: int, end: int, other: int, other_end: int) -> tuple[bytes, bytes]:
        """Two parts of a shard; in one read, unless they lie far apart."""
        first, last = min(start, other), max(end, other_end)
        if last - first > (end - start) + (other_end - other) + APART:
            return self._place.read(shard, start, end), self._place.read(shard, other, other_end)
        content = self._place.read(shard, first, last)
        return content[start - first : end - first], content[other - first : other_end - first]


def _read_picture(file: BinaryIO, entry: Mapping[str, Any]) -> np.ndarray:
    """The picture as its objects were drawn on it; `pack` says how."""
    if entry.get("shown"):
        return read_shown(file, (entry["height"], entry["width"]))
    return read_rgb(file)


def index_shards(folder: Path) -> int:
    """Write the index of the tar files in a folder; return the number of their pictures.

    Raises:
        FileNotFoundError: without tar files.
        ValueError: for a damaged one, or one without pictures and objects.
    """
    shards = sorted(folder.glob("*.tar"))
    if not shards:
        raise FileNotFoundError(f"{folder} holds no tar files.")
    names: list[str] = []
    numbers: list[int] = []
    spans: list[tuple[int, int, int, int]] = []
    for number, shard in enumerate(shards):
        spans_by_name = _spans_in(shard)
        if not spans_by_name:
            raise ValueError(f"{shard} holds no picture with a .json of the same name beside it.")
        names += spans_by_name
        numbers += [number] * len(spans_by_name)
        spans += spans_by_name.values()
    with replacing(folder / INDEX) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(
            file,
            shards=np.array([shard.name for shard in shards]),
            names=np.array(names),
            shard=np.array(numbers, np.int32),
            spans=np.array(spans, np.int64),
        )
    return len(names)


def _spans_in(shard: Path) -> dict[str, tuple[int, int, int, int]]:
    """Byte offsets in a tar file by picture: start and end of the picture, start and end of its objects."""
    pictures: dict[str, tuple[int, int]] = {}
    objects: dict[str, tuple[int, int]] = {}
    try:
        with tarfile.open(shard, "r:") as members:
            for member in members:
                folder, _, base = member.name.rpartition("/")
                key, _, kind = base.partition(".")  # as WebDataset divides names
                part = objects if kind == "json" else pictures if is_picture_name(f"{key}.{kind}") else None
                if part is not None and member.isfile():
                    name = unquote(f"{folder}/{key}" if folder.strip("./") else key)
                    part[name] = member.offset_data, member.offset_data + member.size
    except tarfile.TarError as error:
        raise ValueError(f"{shard} is damaged: {error}.") from error
    return {name: (*span, *objects[name]) for name, span in pictures.items() if name in objects}


def _check(shards: list[str], names: list[str], shard: np.ndarray, spans: np.ndarray) -> None:
    """Raise ValueError unless an index has a shard and two parts of it for each name."""
    whole = spans.shape == (len(names), 4) and shard.shape == (len(names),)
    if not whole or spans.dtype.kind != "i" or shard.dtype.kind != "i":
        raise ValueError
    lengths = spans[:, 1::2] - spans[:, ::2]
    for values, least, most in (
        (spans, 0, LARGEST_SHARD),
        (lengths, 0, LARGEST_PART),
        (shard, 0, len(shards) - 1),
    ):
        if ((values < least) | (values > most)).any():
            raise ValueError


def _gt_masks(entries: list[dict[str, Any]], size: tuple[int, int]) -> list[np.ndarray]:
    """The ground truths, int8 (H, W), of a picture's entries; crowds are ignored pixels of all."""
    regions, crowd = [], np.zeros(size, bool)
    for entry in entries:
        region = decode(entry["segmentation"], *size)
        if entry.get("iscrowd", 0):
            crowd |= region
        else:
            regions.append((region, decode(entry["ignored"], *size) if "ignored" in entry else None))
    return [
        object_gt_mask(region, crowd if ignored is None else crowd | ignored) for region, ignored in regions
    ]


class _Folder:
    """Shards in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        with (self._root / name).open("rb") as file:
            file.seek(start)
            return file.read(-1 if end is None else end - start)

    def require(self, shards: list[str]) -> None:
        """Raise FileNotFoundError unless all shards are there."""
        missing = [name for name in shards if not (self._root / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{self._root} lacks {len(missing)} of its {len(shards)} shards, the first {missing[0]}."
            )


class _Address:
    """Shards at an address; each read is a request for a part of a file."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._process: int | None = None

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Read a part of a file; raises FileNotFoundError, or ConnectionError after some attempts."""
        files, url = self._files(), f"{self._address}/{name}"
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                content = files.cat_file(url, start=start or None, end=end)
            except FileNotFoundError:
                raise FileNotFoundError(f"There is no {url}.") from None
            except Exception as error:  # each kind of storage has errors of its own
                reason = error
                continue
            if end is not None and len(content) != end - start:
                raise ConnectionError(f"{url} cannot be read in parts.")
            return content
        raise ConnectionError(f"{url} does not answer: {reason or type(reason).__name__}.")

    def require(self, shards: list[str]) -> None:
        """Do nothing: reading a missing shard raises the error."""

    def _files(self) -> Any:
        """The file system of this process; its connections do not survive a fork."""
        if self._process != os.getpid():
            use = "Data at an address"
            with extra("stream", use):
                import fsspec
            try:
                self._system, _ = fsspec.url_to_fs(self._address, skip_instance_cache=True)
            except ImportError as error:
                raise ImportError(f"{use} of this kind: {error}; pip install 'cfr-icl[stream]'.") from error
            self._process = os.getpid()
        return self._system
