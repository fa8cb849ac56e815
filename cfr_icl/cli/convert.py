"""Convert a published checkpoint into a model folder.

    cfr-icl convert cfr_icl_vit_h.pth weights/vit_h

Family and size are recognised: CFR-ICL, SimpleClick, MFP, RITM, and MAE-pretrained ViTs to train from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cfr_icl.cli.values import output_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="SimpleClick, CFR-ICL, MFP, RITM or MAE checkpoint")
    parser.add_argument(
        "folder", type=output_folder, help="where config.json and model.safetensors are written"
    )
    parser.add_argument(
        "--dtype", choices=("float16", "float32"), default="float32", help="as stored (default: float32)"
    )


def run(options: argparse.Namespace) -> None:
    import torch

    from cfr_icl.weights.published import convert, read_checkpoint
    from cfr_icl.weights.saving import save_weights
    from cfr_icl.weights.size import count_weights

    config, tensors = convert(*read_checkpoint(options.checkpoint))
    save_weights(config, tensors, options.folder, getattr(torch, options.dtype))
    parameters = count_weights({name: tensor.shape for name, tensor in tensors.items()})
    print(f"{config.architecture}, {parameters / 1e6:.1f} M parameters, written to {options.folder}")
