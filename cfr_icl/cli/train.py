"""Train an interactive network with Iterative Click Loss and SUEM copy-paste.

    cfr-icl train --config training/configs/embedded/01-frozen.yaml [--out FOLDER] [--set key=value ...]

Running the same command again resumes where the run stopped. Many GPUs or machines:
`accelerate launch training/train.py ...`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cfr_icl.cli.values import output_folder
from cfr_icl.extras import extra


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--config", type=Path, required=True, help="a YAML file, as in training/configs")
    add("--out", type=output_folder, help="folder of the run, runs/CONFIG by default; resumed if there")
    add("--set", nargs="*", default=[], metavar="KEY=VALUE", help="changes to the config")


def run(options: argparse.Namespace) -> None:
    with extra("train", "Training"):
        from cfr_icl.learning.settings import read_settings
        from cfr_icl.learning.train import train

    train(read_settings(options.config, options.set), options.out or Path("runs") / options.config.stem)
