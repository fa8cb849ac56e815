"""Published checkpoints of every network here, made without a download from their tensors' names."""

from __future__ import annotations

import re

import numpy as np
import torch

from cfr_icl.models.registry import ARCHITECTURES, build_model, default_config
from tests.parity.recipe import seeded_tensor

Shapes = dict[str, tuple[int, ...]]

PLAIN_VIT = (
    (r"^hint_embed\.", "patch_embed_coords.proj."),
    (r"^image_embed\.", "backbone.patch_embed.proj."),
    (r"^blocks\.", "backbone.blocks."),
    (r"^neck\.to_", "neck.down_"),
    (r"^head\.scales\.(\d)\.", r"head.convs.\1.conv."),
    (r"^head\.fuse\.", "head.fusion_conv.conv."),
    (r"^head\.logit\.", "head.conv_seg."),
)
SEPARABLE = ("conv3x3_1", "norm1", "conv3x3_2", "conv1x1", "norm2")
MFP = (
    *((rf"^head\.maps\.4\.{i}\.", f"head.conv_prevMod.2.{layer}.") for i, layer in enumerate(SEPARABLE)),
    *(
        (rf"^head\.join\.{part}\.{i}\.", f"head.refine_fusion.{part}.{layer}.")
        for part in (0, 1)
        for i, layer in enumerate(SEPARABLE)
    ),
    (r"^head\.maps\.0\.", "head.conv_prevMod.0.conv."),
    (r"^head\.maps\.2\.", "head.conv_prevMod.1.conv."),
    *PLAIN_VIT,
)
CONTEXT = "feature_extractor.ocr_distri_head.object_context_block."
HRNET = (
    (r"^hint_stem\.", "maps_transform."),
    (r"^hint_scale$", "maps_transform.3.scale"),
    (r"^auxiliary\.", "feature_extractor.aux_head."),
    (r"^logit\.", "feature_extractor.cls_head."),
    (r"^context\.pixels\.", "feature_extractor.conv3x3_ocr."),
    (r"^context\.(down|up)\.0\.", CONTEXT + r"f_\1.0."),
    (r"^context\.(down|up)\.1\.", CONTEXT + r"f_\1.1.0."),
    (r"^context\.fuse\.0\.", "feature_extractor.ocr_distri_head.conv_bn_dropout.0."),
    (r"^context\.fuse\.1\.", "feature_extractor.ocr_distri_head.conv_bn_dropout.1.0."),
    (r"^trunk\.", "feature_extractor."),
)


def published_shapes(architecture: str) -> Shapes:
    """Every tensor of a published checkpoint, name -> shape."""
    with torch.device("meta"):
        ours = build_model(default_config(architecture)).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in ours.items()}
    if "vit" in architecture:
        _, dim, grid, _ = shapes.pop("position")
        head = ARCHITECTURES[architecture].options["head"]
        return {**_renamed(shapes, MFP), **_unused_by_vit(dim, grid, head)}
    width = ARCHITECTURES[architecture].options["ocr_width"]
    return {**_renamed(shapes, HRNET), **_unused_by_hrnet(width)}


def checkpoint(shapes: Shapes) -> dict[str, torch.Tensor]:
    """Tensors with these names and shapes, as the recorded answers were made with."""
    return {name: torch.from_numpy(np.array(seeded_tensor(name, tuple(s)))) for name, s in shapes.items()}


def mae_shapes(architecture: str, grid: int) -> Shapes:
    """The tensors of an MAE-pretrained ViT without its decoder."""
    prefix = "backbone."
    kept = ("patch_embed.", "blocks.", "cls_token")
    shapes = {name.removeprefix(prefix): shape for name, shape in published_shapes(architecture).items()}
    encoder = {name: shape for name, shape in shapes.items() if name.startswith(kept)}
    dim = encoder["cls_token"][2]
    return {**encoder, "pos_embed": (1, grid * grid + 1, dim), "norm.weight": (dim,), "norm.bias": (dim,)}


def _renamed(shapes: Shapes, names: tuple[tuple[str, str], ...]) -> Shapes:
    renamed = {}
    for name, shape in shapes.items():
        old, new = next((old, new) for old, new in names if re.match(old, name))
        renamed[re.sub(old, new, name)] = shape
    return renamed


def _unused_by_vit(dim: int, grid: int, head: int) -> Shapes:
    shapes = {
        "backbone.cls_token": (1, 1, dim),
        "backbone.pos_embed": (1, grid * grid + 1, dim),
        "backbone.fc_norm.weight": (dim,),
        "backbone.fc_norm.bias": (dim,),
        "backbone.head.weight": (1000, dim),
        "backbone.head.bias": (1000,),
    }
    for name, inputs in (("up_conv1", head), ("up_conv2", head // 2)):
        outputs = inputs // 2
        shapes |= {f"head.{name}.0.weight": (inputs, outputs, 2, 2), f"head.{name}.0.bias": (outputs,)}
        shapes |= {f"head.{name}.2.weight": (outputs, outputs, 1, 1), f"head.{name}.2.bias": (outputs,)}
        for norm in (1, 3):
            shapes |= {f"head.{name}.{norm}.{part}": (outputs,) for part in ("weight", "bias")}
    return shapes


def _unused_by_hrnet(width: int) -> Shapes:
    shapes: Shapes = {}
    for transform in ("f_pixel", "f_object"):
        for convolution, inputs in ((0, 2 * width), (2, width)):
            norm = f"{CONTEXT}{transform}.{convolution + 1}.0."
            shapes[f"{CONTEXT}{transform}.{convolution}.weight"] = (width, inputs, 1, 1)
            shapes |= {norm + part: (width,) for part in ("weight", "bias", "running_mean", "running_var")}
            shapes[norm + "num_batches_tracked"] = ()
    return shapes
