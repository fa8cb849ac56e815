"""HRNet for clicks: RITM, Sofiiuk et al., ICIP 2022 (arXiv 2102.06583).

HRNet is Wang et al., TPAMI 2020 (arXiv 1908.07919), object-contextual representations (OCR) are Yuan et al.,
ECCV 2020 (arXiv 1909.11065).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from timm.models.hrnet import HighResolutionModule, HighResolutionNet
from torch import nn

from cfr_icl.models.map_model import MapModel
from cfr_icl.models.normalise import normalised

STEM_WIDTH = 64


class HRNet(MapModel):
    """A high-resolution network with object-contextual representations, for inputs of any size.

    Four scales run in parallel and exchange features. The prompt maps are added after the stem's first
    convolution, so that every pass runs nearly the whole network. A coarse auxiliary output weights the
    pixels of the object's mean feature, which is added to all pixels before the last convolution.

    Args:
        width: channels at 1/4; each coarser scale has twice as many.
        ocr_width: channels of the object context.
        small: half the blocks and fewer modules in each stage ("HRNet18s"); False by default.

    The registry holds the published sizes (`hrnet18s`, `hrnet18`, `hrnet32`).

    >>> import torch
    >>> from cfr_icl.models.registry import build_model, default_config
    >>> model = build_model(default_config("hrnet18s")).eval()
    >>> features = model.encode(torch.rand(1, 3, 96, 128))
    >>> model.decode(features, torch.zeros(1, 3, 96, 128)).shape
    torch.Size([1, 1, 96, 128])
    """

    encoder_modules = ("trunk.conv1",)

    def __init__(self, width: int, ocr_width: int, small: bool = False) -> None:
        super().__init__()
        self.hint_stem = nn.Sequential(
            nn.Conv2d(3, 16, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, STEM_WIDTH, 3, stride=2, padding=1)
        )
        self.hint_scale = nn.Parameter(torch.full((1,), 0.05))
        self.trunk = HighResolutionNet(_trunk_config(width, small), head="")
        channels = width * (1 + 2 + 4 + 8)
        self.auxiliary = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, 1, 1)
        )
        self.context = ObjectContext(channels, ocr_width)
        self.logit = nn.Conv2d(2 * ocr_width, 1, 1)

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        trunk = self.trunk
        return trunk.act1(trunk.bn1(trunk.conv1(normalised(image))))

    def decode(self, features: torch.Tensor, prompt_maps: torch.Tensor) -> torch.Tensor:
        return self.decode_with_auxiliary(features, prompt_maps)[0]

    def decode_with_auxiliary(
        self, features: torch.Tensor, prompt_maps: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits and those of the auxiliary output, both (B, 1, H, W)."""
        trunk = self.trunk
        x = features + self.hint_scale.abs() * self.hint_stem(prompt_maps)
        x = trunk.layer1(trunk.act2(trunk.bn2(trunk.conv2(x))))
        scales = _stage(trunk.stage2, [transition(x) for transition in trunk.transition1])
        scales = _stage(trunk.stage3, _transition(trunk.transition2, scales))
        scales = _stage(trunk.stage4, _transition(trunk.transition3, scales))
        x = torch.cat([_resized(scale, scales[0].shape[2:]) for scale in scales], dim=1)
        auxiliary = self.auxiliary(x)
        logits = self.logit(self.context(x, auxiliary))
        size = prompt_maps.shape[2:]
        return _resized(logits.float(), size), _resized(auxiliary.float(), size)


class ObjectContext(nn.Module):
    """Object-contextual representations with one object: add the object's mean feature to every pixel.

    With a single object region a pixel's attention to the regions is always 1; the published module's query
    and key transforms have no effect and are left out.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.pixels = nn.Sequential(
            nn.Conv2d(channels, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU()
        )
        self.down = _pointwise(2 * width, width)
        self.up = _pointwise(width, 2 * width)
        self.fuse = nn.Sequential(*_pointwise(4 * width, 2 * width), nn.Dropout2d(0.05))

    def forward(self, features: torch.Tensor, object_logits: torch.Tensor) -> torch.Tensor:
        pixels = self.pixels(features)
        weights = object_logits.float().flatten(2).softmax(dim=2).to(pixels.dtype)
        region = (pixels.flatten(2) @ weights.transpose(1, 2)).unsqueeze(3)
        context = self.up(self.down(region)).expand_as(pixels)
        return self.fuse(torch.cat([context, pixels], dim=1))


def _trunk_config(width: int, small: bool) -> dict[str, Any]:
    """The configuration of timm's HRNet."""
    blocks, modules = (2, (1, 3, 2)) if small else (4, (1, 4, 3))

    def stage(block: str, modules: int, *channels: int) -> dict:
        return {
            "num_modules": modules,
            "num_branches": len(channels),
            "block_type": block,
            "num_blocks": (blocks,) * len(channels),
            "num_channels": channels,
            "fuse_method": "SUM",
        }

    scales = [width * 2**i for i in range(4)]
    return {
        "stem_width": STEM_WIDTH,
        "stage1": stage("BOTTLENECK", 1, 64),
        "stage2": stage("BASIC", modules[0], *scales[:2]),
        "stage3": stage("BASIC", modules[1], *scales[:3]),
        "stage4": stage("BASIC", modules[2], *scales),
    }


def _transition(transitions: nn.ModuleList, scales: list[torch.Tensor]) -> list[torch.Tensor]:
    """Append a new scale, computed from the coarsest."""
    return [*scales, transitions[len(scales)](scales[-1])]


def _stage(stage: nn.Sequential, scales: list[torch.Tensor]) -> list[torch.Tensor]:
    module: Any
    for module in stage:
        scales = _exchange(module, [branch(x) for branch, x in zip(module.branches, scales, strict=True)])
    return scales


def _exchange(module: HighResolutionModule, scales: list[torch.Tensor]) -> list[torch.Tensor]:
    """Add to each scale the features of the others; unlike timm's, bilinear upwards and for odd sizes too."""

    def seen_at(target: int, source: int) -> torch.Tensor:
        path, x = module.fuse_layers[target][source], scales[source]
        if source <= target:
            return path(x)
        convolution, norm, _ = path
        return _resized(norm(convolution(x)), scales[target].shape[2:])

    return [
        module.fuse_act(sum(seen_at(target, source) for source in range(len(scales))))
        for target in range(len(module.fuse_layers))
    ]


def _pointwise(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def _resized(x: torch.Tensor, size: torch.Size) -> torch.Tensor:
    return x if x.shape[2:] == size else F.interpolate(x, size=size, mode="bilinear", align_corners=True)
