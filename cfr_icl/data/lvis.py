"""LVIS v1 on COCO's pictures, and the combined COCO+LVIS annotation published with RITM."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cfr_icl.data.coco import InstanceDataset
from cfr_icl.data.files import object_gt_mask, read_rgb, require, require_files
from cfr_icl.data.samples import Sample


class LvisDataset(InstanceDataset):
    """`lvis_v1_SPLIT.json` beside COCO's train2017/ and val2017/; `split` is train or val.

    The validation split has pictures in both folders.
    """

    def __init__(self, root: str | Path, split: str = "val") -> None:
        def picture(image: dict[str, Any]) -> str:
            return "/".join(image["coco_url"].split("/")[-2:])

        super().__init__(Path(root), f"lvis_v1_{split}.json", picture)


class CocoLvisDataset:
    """COCO+LVIS: SPLIT/hannotation.pickle, SPLIT/masks/ID.pickle, SPLIT/images/ID.jpg.

    With `stuff` the regions of COCO's stuff classes are objects as well.

    Raises:
        FileNotFoundError: when a part or a picture is missing.
        ValueError: when a file holds anything but arrays, numbers and containers of them.
    """

    def __init__(self, root: str | Path, split: str = "val", stuff: bool = False) -> None:
        root = Path(root)
        self.folder, self.stuff = root / split, stuff
        require(root, f"{split}/hannotation.pickle", f"{split}/masks", f"{split}/images")
        pictures = read_arrays(self.folder / "hannotation.pickle")
        self.names = sorted(pictures)
        self.pictures = [self.folder / "images" / f"{name}.jpg" for name in self.names]
        self._instances = [pictures[name]["num_instance_masks"] for name in self.names]
        require_files(self.folder / "images", [f"{name}.jpg" for name in self.names])
        require_files(self.folder / "masks", [f"{name}.pickle" for name in self.names])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        name = self.names[index]
        image = read_rgb(self.pictures[index])
        encoded, places = read_arrays(self.folder / "masks" / f"{name}.pickle")
        layers = [np.asarray(Image.open(io.BytesIO(np.asarray(code).tobytes()))) for code in encoded]
        chosen = places if self.stuff else places[: self._instances[index]]
        gt_masks = [object_gt_mask(layers[layer] == value) for layer, value in chosen]
        return Sample(name, image, gt_masks)


def read_arrays(path: Path) -> Any:
    """Read a pickle of numpy arrays and plain containers; any other content is refused."""
    try:
        with path.open("rb") as file:
            return _ArrayUnpickler(file).load()
    except (pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f"{path} is not the published annotation: {error}.") from None


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that constructs only arrays: pickles can run code."""

    def find_class(self, module: str, name: str) -> Any:
        arrays = module.split(".")[0] == "numpy" and name in {
            "_reconstruct",
            "_frombuffer",
            "ndarray",
            "dtype",
            "scalar",
        }
        if arrays or (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it refers to {module}.{name}")
