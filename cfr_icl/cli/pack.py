"""Write a data set as WebDataset shards: some large files in place of a million small ones.

    cfr-icl pack --data coco:train2017=COCO --out SHARDS [--options KEY=VALUE ...] [--shard I/N]
    cfr-icl pack --out SHARDS

Trainings and evaluations read them as `webdataset=SHARDS`, with the samples of the data set bit for bit, from
a folder or an address (extra `stream`). The same command resumes a killed run. With --shard I/N, N processes
or machines share the work; the last one writes the index.

Without --data, the command writes the index of existing tar files, such as those of SA-1B.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cfr_icl.cli.options import add_shard
from cfr_icl.cli.values import count_up_to, data_source
from cfr_icl.scale.shards import Shard


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", type=data_source, metavar="NAME=PATH", help="the data set, as for evaluate")
    add("--options", nargs="*", default=[], metavar="KEY=VALUE", help="options of its reader, as YAML")
    add("--out", type=Path, required=True, help="folder of the shards")
    add(
        "--each",
        type=count_up_to(1_000_000),
        default=1000,
        metavar="N",
        help="pictures of a shard (default: 1000)",
    )
    add_shard(parser)


def run(options: argparse.Namespace) -> None:
    from cfr_icl.data.pack import pack
    from cfr_icl.data.registry import open_dataset
    from cfr_icl.data.webdataset import index_shards
    from cfr_icl.scale.progress import Progress

    source = options.data
    if source is None:
        print(f"{index_shards(options.out)} pictures in {options.out}")
        return
    reader = _reader_options(options.options)
    if source.split:
        reader["split"] = source.split
    dataset = open_dataset(source.name, source.path, **reader)
    described = {"data": source.name, "options": reader}
    progress = Progress(_pictures(len(dataset), options.each, options.shard))
    pictures = pack(dataset, options.out, described, options.each, options.shard, progress.add)
    if pictures is None:
        print("This share is written; the last process of the others writes the index.")
    else:
        print(f"{pictures} pictures in {options.out}")


def _reader_options(texts: Sequence[str]) -> dict[str, Any]:
    options = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--options are KEY=VALUE, not {text!r:.40}.")
        try:
            options[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ValueError(f"The value of the option {name} is no YAML: {value!r:.60}.") from error
    return options


def _pictures(count: int, each: int, share: Shard) -> int:
    """The number of pictures in a share of the shards."""
    return sum(min(each, count - first) for first in share.of(range(0, count, each)))
