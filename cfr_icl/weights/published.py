"""Convert published checkpoints (SimpleClick, CFR-ICL, MFP, RITM, MAE) into models of this package.

Family and size are recognised from the names and shapes of the tensors, and compared with the pickle's own
description of its model. Unpickling imports nothing (`weights_only`); the loss object in the descriptions of
the published ViTs is replaced by an empty one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cfr_icl.clicks import DISK_RADIUS
from cfr_icl.models.base import ModelConfig
from cfr_icl.models.plain_vit import resize_position
from cfr_icl.models.registry import ARCHITECTURES, build_model, default_config
from cfr_icl.weights.recognise import check_shapes, looks_like

Tensors = dict[str, torch.Tensor]

EXPECTED = "a published SimpleClick, CFR-ICL, MFP or RITM checkpoint, or an MAE-pretrained ViT"


@dataclass(frozen=True)
class Naming:
    """How a published family names its tensors.

    Attributes:
        renamed: pairs of a regular expression for the beginning of a published name and its replacement.
        unused: a regular expression for names of tensors that are left out.
    """

    renamed: tuple[tuple[str, str], ...]
    unused: str

    def apply(self, tensors: Mapping[str, torch.Tensor]) -> Tensors:
        """The tensors under the names of this package; names without a rule stay as they are."""
        used = {name: value for name, value in tensors.items() if not re.match(self.unused, name)}
        return {self._renamed(name): value for name, value in used.items()}

    def _renamed(self, name: str) -> str:
        for old, new in self.renamed:
            if re.match(old, name):
                return re.sub(old, new, name, count=1)
        return name


PLAIN_VIT = Naming(
    (
        (r"patch_embed_coords\.proj\.", "hint_embed."),
        (r"backbone\.patch_embed\.proj\.", "image_embed."),
        (r"backbone\.pos_embed$", "position"),
        (r"backbone\.blocks\.", "blocks."),
        (r"neck\.down_(\d+)\.", r"neck.to_\1."),
        (r"head\.convs\.(\d)\.conv\.", r"head.scales.\1."),
        (r"head\.fusion_conv\.conv\.", "head.fuse."),
        (r"head\.conv_seg\.", "head.logit."),
    ),
    # the class token, the classifier and the head's alternative upsampling have no effect on a mask
    unused=r"backbone\.(cls_token$|norm\.|fc_norm\.|head\.)|head\.up_conv\d\.",
)
MFP = Naming(
    (
        *PLAIN_VIT.renamed,
        (r"head\.conv_prevMod\.0\.conv\.", "head.maps.0."),
        (r"head\.conv_prevMod\.1\.conv\.", "head.maps.2."),
        *(
            (rf"head\.{part}\.{old}\.{layer}\.", f"head.{module}.{new}.{index}.")
            for part, old, module, new in (
                ("conv_prevMod", 2, "maps", 4),
                ("refine_fusion", 0, "join", 0),
                ("refine_fusion", 1, "join", 1),
            )
            for index, layer in enumerate(("conv3x3_1", "norm1", "conv3x3_2", "conv1x1", "norm2"))
        ),
    ),
    unused=PLAIN_VIT.unused,
)
OCR = r"feature_extractor\.ocr_distri_head\."
HRNET_OCR = Naming(
    (
        (r"maps_transform\.3\.scale$", "hint_scale"),
        (r"maps_transform\.", "hint_stem."),
        (r"feature_extractor\.aux_head\.", "auxiliary."),
        (r"feature_extractor\.cls_head\.", "logit."),
        (r"feature_extractor\.conv3x3_ocr\.", "context.pixels."),
        (OCR + r"object_context_block\.f_(down|up)\.0\.", r"context.\1.0."),
        (OCR + r"object_context_block\.f_(down|up)\.1\.0\.", r"context.\1.1."),
        (OCR + r"conv_bn_dropout\.0\.", "context.fuse.0."),
        (OCR + r"conv_bn_dropout\.1\.0\.", "context.fuse.1."),
        (r"feature_extractor\.", "trunk."),
    ),
    # attention to a single object region is always 1 and does not depend on these transforms
    unused=OCR + r"object_context_block\.f_(pixel|object)\.",
)
MAE = Naming(
    ((r"patch_embed\.proj\.", "image_embed."), (r"pos_embed$", "position")),
    unused=r"(cls_token|mask_token)$|(norm|fc_norm|head)\.|decoder_",
)


def read_checkpoint(file: str | Path) -> tuple[Tensors, dict[str, Any]]:
    """Read a published pickle.

    Returns:
        The tensors by name, and the pickle's description of its model, which may be empty.

    Raises:
        ValueError: for a file of another kind, with a description of it.
    """
    file = Path(file)
    with file.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(b"7z\xbc\xaf"):
        raise ValueError(f"{file.name} is a 7z archive: unpack it first and convert the .pth inside.")
    try:
        content = _load(file, mmap=start.startswith(b"PK"))
    except Exception as error:
        needed = _needed_class(error)
        kind = f"a pickle that needs {needed}, which is never loaded" if needed else "no PyTorch file"
        raise ValueError(f"{file.name} looks like {kind}; expected {EXPECTED}.") from error
    outer = content if isinstance(content, Mapping) else {}
    tensors = next((outer[key] for key in ("state_dict", "model") if key in outer), content)
    if not isinstance(tensors, Mapping) or not all(isinstance(v, torch.Tensor) for v in tensors.values()):
        kind = f"a {type(content).__name__}" + (
            f" with {', '.join(map(repr, list(outer)[:4]))}" if outer else ""
        )
        raise ValueError(f"{file.name} looks like {kind}, not like a network's tensors; expected {EXPECTED}.")
    description = outer.get("config")
    return (
        {name.removeprefix("module."): value for name, value in tensors.items()},
        dict(description) if isinstance(description, Mapping) else {},
    )


class Ignored:
    """Takes the place of an object of the published training code, without its content."""

    def __new__(cls, *_: Any, **__: Any) -> Ignored:
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


PUBLISHED_CODE = "isegm."
"""The package of the published training code, shared by RITM, SimpleClick and CFR-ICL."""


def _load(file: Path, mmap: bool) -> Any:
    """The content of a pickle, with `Ignored` in place of objects of the published code.

    PyTorch names one refused class at a time, so the pickle is read once more for each of its classes.
    """
    ignored: list[Any] = []
    while True:
        try:
            with torch.serialization.safe_globals(ignored):
                return torch.load(file, map_location="cpu", weights_only=True, mmap=mmap)
        except Exception as error:
            needed = _needed_class(error)
            known = {name for _, name in ignored}
            if not needed or not needed.startswith(PUBLISHED_CODE) or needed in known or len(known) == 50:
                raise
            ignored.append((Ignored, needed))


def _needed_class(error: Exception) -> str | None:
    """The class for which PyTorch refused a pickle; None for another error."""
    match = re.search(r"GLOBAL (\S+)", str(error))
    return match[1] if match else None


def convert(
    tensors: Mapping[str, torch.Tensor], description: Mapping[str, Any] | None = None
) -> tuple[ModelConfig, Tensors]:
    """Convert a published checkpoint.

    An MAE-pretrained ViT becomes a network to train, whose prompt embedding, neck and head are initialised
    at random.

    Args:
        tensors: from `read_checkpoint`.
        description: the checkpoint's own description of its model ("config").

    Returns:
        The configuration of the model and its tensors by name.

    Raises:
        ValueError: for an unknown network, with a description of it or of the difference.
    """
    if "head.conv_prevMod.0.conv.weight" in tensors:
        config, renamed = _plain_vit(MFP.apply(tensors), family="mfp_vit")
    elif "patch_embed_coords.proj.weight" in tensors:
        config, renamed = _plain_vit(PLAIN_VIT.apply(tensors))
    elif "maps_transform.0.weight" in tensors and "feature_extractor.transition1.0.0.weight" in tensors:
        config, renamed = _hrnet(HRNET_OCR.apply(tensors))
    elif "patch_embed.proj.weight" in tensors and "pos_embed" in tensors:
        config, renamed = _start_for_training(*_plain_vit(MAE.apply(tensors)))
    else:
        raise ValueError(f"The file looks like {looks_like(tensors)}; expected {EXPECTED}.")
    _check_description(description or {}, config)
    with torch.device("meta"):
        expected = build_model(config).state_dict()
    check_shapes(_shapes(renamed), _shapes(expected), "The checkpoint", config.architecture)
    return config, renamed


def _plain_vit(renamed: Tensors, family: str = "vit") -> tuple[ModelConfig, Tensors]:
    dim, _, patch, _ = _shape(renamed, "image_embed.weight", 4)
    depth = len({name.split(".")[1] for name in renamed if name.startswith("blocks.")})
    architecture = _matching(family, patch=patch, dim=dim, depth=depth)
    grid = math.isqrt(_shape(renamed, "position", 3)[1] - 1)
    # the first position is that of the class token
    position = renamed["position"][:, 1:].transpose(1, 2).reshape(1, dim, grid, grid)
    options = {} if grid == ARCHITECTURES[architecture].options["grid"] else {"grid": grid}
    return default_config(architecture, **options), {**renamed, "position": position}


def _hrnet(renamed: Tensors) -> tuple[ModelConfig, Tensors]:
    width = _shape(renamed, "trunk.transition1.0.0.weight", 4)[0]
    ocr_width = _shape(renamed, "context.down.0.weight", 4)[0]
    small = "trunk.layer1.2.conv1.weight" not in renamed
    return default_config(_matching("hrnet", width=width, ocr_width=ocr_width, small=small)), renamed


def _start_for_training(config: ModelConfig, encoder: Tensors) -> tuple[ModelConfig, Tensors]:
    """Initialise at random the modules that pretraining does not have, and resize the position embedding."""
    config = default_config(config.architecture)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        fresh = build_model(config).state_dict()
    position = resize_position(encoder["position"], *fresh["position"].shape[2:])
    return config, {**fresh, **encoder, "position": position}


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _shape(tensors: Tensors, name: str, dimensions: int) -> torch.Size:
    if name not in tensors or tensors[name].ndim != dimensions:
        raise ValueError(f"The checkpoint is damaged or of another kind: it has no usable {name!r}.")
    return tensors[name].shape


def _matching(family: str, **sizes: Any) -> str:
    """The architecture of a family with these options; raises ValueError where there is none."""
    names = [name for name in ARCHITECTURES if name.startswith(family)]
    for name in names:
        if all(ARCHITECTURES[name].options[key] == value for key, value in sizes.items()):
            return name
    described = ", ".join(f"{key} {value}" for key, value in sizes.items())
    raise ValueError(f"The checkpoint has {described}, which is none of {', '.join(names)}.")


def _check_description(description: Mapping[str, Any], config: ModelConfig) -> None:
    """Raise ValueError for a description of a network whose input or layers differ from those here."""
    params = description.get("params") or {}
    params = {name: entry.get("value") for name, entry in params.items() if isinstance(entry, Mapping)}
    backbone = params.get("backbone_params")
    params |= backbone if isinstance(backbone, Mapping) else {}
    expected = {
        "use_disks": True,
        "norm_radius": DISK_RADIUS,
        "with_prev_mask": True,
        "binary_prev_mask": False,
        "use_leaky_relu": True,
        "num_heads": ARCHITECTURES[config.architecture].options.get("heads"),
    }
    for name, value in expected.items():
        if params.get(name, value) != value:
            raise ValueError(
                f"The checkpoint says {name} = {params[name]!r}; {config.architecture} here needs {value!r}."
            )
