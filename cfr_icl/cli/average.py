"""Average the weights of several runs of one network; the average often predicts better than each of them.

    cfr-icl average --weights runs/one/model=0.3 runs/other/model=0.7 --out runs/average

Sources are those of `load_model`. Settings beside the weights, such as zoom-in, are those of the last source;
blocks that some of the networks lack are averaged over the others.
"""

from __future__ import annotations

import argparse

from cfr_icl.cli.values import output_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--weights", nargs="+", required=True, metavar="SOURCE=SHARE", help="sources with their shares")
    add("--out", type=output_folder, required=True, help="folder for the average")
    add("--dtype", choices=("float32", "float16"), default="float32", help="of the file (default: float32)")


def run(options: argparse.Namespace) -> None:
    import torch

    from cfr_icl.learning.average import average, read_part
    from cfr_icl.weights.saving import save_model

    parts = [read_part(entry) for entry in options.weights]
    save_model(average(parts), options.out, getattr(torch, options.dtype))
