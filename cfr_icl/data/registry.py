"""All data sets by name."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

from cfr_icl.data.samples import Dataset
from cfr_icl.extras import extra

# names, not classes: a reader is imported when it is used, and one of them needs scipy
DATASETS = {
    "folder": "folder.FolderDataset",
    "coco": "coco.CocoDataset",
    "coco_file": "coco.CocoFileDataset",
    "lvis": "lvis.LvisDataset",
    "cocolvis": "lvis.CocoLvisDataset",
    "sbd": "sbd.SbdDataset",
    "voc": "voc.VocDataset",
    "davis": "pairs.davis",
    "grabcut": "pairs.grabcut",
    "berkeley": "pairs.berkeley",
    "coco_mval": "pairs.coco_mval",
    "duts": "pairs.duts",
    "webdataset": "webdataset.WebDataset",
}


def is_address(root: str | Path) -> bool:
    """Whether this is the address of a data set, such as https://HOST/FOLDER, and not a folder."""
    return "://" in str(root)


def open_dataset(name: str, root: str | Path, **options: Any) -> Dataset:
    """Open the data set of this name under `root`; `options` are passed to its reader.

    Raises:
        ValueError: for an unknown name or option, a missing option, and damaged annotations.
        FileNotFoundError: when the folder or a part of it is missing; the message names the part.
        ConnectionError: when an address does not answer.
        MissingExtraError: when a package is missing that the reader needs.
    """
    if name not in DATASETS:
        raise ValueError(f"There is no data set {name!r}; there are {', '.join(DATASETS)}.")
    if not (name == "webdataset" and is_address(root)) and not Path(root).is_dir():
        raise FileNotFoundError(f"The folder {root} for the data set {name} does not exist.")
    module, reader = DATASETS[name].split(".")
    with extra("train", f"The data set {name}"):
        build = getattr(import_module(f"cfr_icl.data.{module}"), reader)
    _, *parameters = inspect.signature(build).parameters.values()
    accepted = [each.name for each in parameters]
    for option in options:
        if option not in accepted:
            choice = f"it takes {', '.join(accepted)}" if accepted else "it takes none"
            raise ValueError(f"The data set {name} has no option {option!r}; {choice}.")
    for each in parameters:
        if each.default is each.empty and each.name not in options:
            raise ValueError(f"The data set {name} needs the option {each.name!r}.")
    return build(root, **options)
