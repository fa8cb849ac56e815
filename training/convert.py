"""Turn a published checkpoint into a model folder: python training/convert.py PUBLISHED.pth FOLDER."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from cfr_icl.weights.loading import save_weights
from cfr_icl.weights.published import convert, read_checkpoint


def main(arguments: list[str] | None = None) -> int:
    """Convert one file; returns the exit status, 2 with one sentence on stderr for another kind of file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="SimpleClick, CFR-ICL, RITM or MAE checkpoint")
    parser.add_argument("folder", type=Path, help="where config.json and model.safetensors are written")
    parser.add_argument(
        "--dtype", choices=("float16", "float32"), default="float32", help="as stored; default: float32"
    )
    options = parser.parse_args(arguments)
    try:
        config, tensors = convert(*read_checkpoint(options.checkpoint))
        save_weights(config, tensors, options.folder, getattr(torch, options.dtype))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    parameters = sum(tensor.numel() for tensor in tensors.values())
    print(f"{config.architecture}, {parameters / 1e6:.1f} M parameters, written to {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
