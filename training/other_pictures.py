"""Measure the pictures of all sorts that `cfr-icl learn` tells a person's pictures from (learning/kind.py).

python training/other_pictures.py --data data/duts/train/images data/coco/train/images

Needed again when the encoder of the embedded network changes.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save
from tqdm import tqdm

from cfr_icl.data.files import picture_files, read_rgb
from cfr_icl.files import write_atomically
from cfr_icl.learning.kind import OTHER_PICTURES, OtherPictures, embedded_descriptor
from cfr_icl.models.digest import weights_digest

MOST = 1500
"""Pictures of a folder that are measured, spread evenly."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=OTHER_PICTURES)
    options = parser.parse_args()
    descriptor = embedded_descriptor()
    files = [path for folder in options.data for path in evenly(picture_files(folder))]
    descriptions = [descriptor(read_rgb(path)) for path in tqdm(files)]
    found = OtherPictures.of(torch.stack(descriptions)).to_tensors()
    write_atomically(options.out, save(found, {"encoder": weights_digest(descriptor)}))


def evenly(files: list[Path]) -> list[Path]:
    return files[:: max(1, -(-len(files) // MOST))]


if __name__ == "__main__":
    main()
