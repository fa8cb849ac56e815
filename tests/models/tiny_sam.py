"""SAM's family with tiny networks of random weights, as their library stores them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import timm
import torch
import transformers
from safetensors.torch import save_file

WIDTH = 32
KINDS = ("sam", "sam2", "edgetam", "sam3_tracker")
PATCHES = {"sam": 16, "sam_hq": 16, "sam2": 16, "edgetam": 16, "sam3_tracker": 14}
"""Pixels of the input for each picture feature, as published."""


def network(kind: str, grid: int = 16) -> Any:
    """A network whose picture features are grid x grid, so that its masks are 4 grid x 4 grid."""
    torch.manual_seed(0)
    patch = PATCHES[kind]
    side = patch * grid
    prompt = {"hidden_size": WIDTH, "image_size": side, "patch_size": patch, "mask_input_channels": 16}
    decoder = {"hidden_size": WIDTH, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 16}
    if kind == "sam_hq":
        decoder["vit_dim"] = 16
    prefix, vision = _vision(kind, grid, patch)
    config = getattr(transformers, f"{prefix}Config")(
        vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder
    )
    made = getattr(transformers, f"{prefix}Model")(config)
    numbers = torch.Generator().manual_seed(1)
    with torch.no_grad():  # so that pictures, clicks and masks matter
        for name, weight in made.named_parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=numbers) / weight[0].numel() ** 0.5)
            elif "bias" in name:
                weight.copy_(0.1 * torch.randn(weight.shape, generator=numbers))
    return made.eval()


def _vision(kind: str, grid: int, patch: int) -> tuple[str, dict[str, Any]]:
    """The beginning of the classes' names, and the configuration of the picture's part."""
    if kind in ("sam", "sam_hq"):
        return {"sam": "Sam", "sam_hq": "SamHQ"}[kind], {
            "hidden_size": 16,
            "output_channels": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": patch * grid,
            "patch_size": patch,
            "window_size": 4,
            "global_attn_indexes": [1],
            "num_pos_feats": WIDTH // 2,
            "mlp_dim": 16,
            "initializer_range": 0.02,
        }
    neck = {
        "fpn_hidden_size": WIDTH,
        "backbone_feature_sizes": [[4 * grid, 4 * grid], [2 * grid, 2 * grid], [grid, grid]],
    }
    if kind == "sam2":
        backbone = {
            "model_type": "sam2_hiera_det_model",
            "hidden_size": 8,
            "image_size": [patch * grid, patch * grid],
            "blocks_per_stage": [1, 1, 2, 1],
            "embed_dim_per_stage": [8, 16, 24, 32],
            "num_attention_heads_per_stage": [1, 2, 2, 2],
            "window_size_per_stage": [8, 4, 4, 4],
            "global_attention_blocks": [3],
        }
        return "Sam2", {**neck, "backbone_config": backbone, "backbone_channel_list": [32, 24, 16, 8]}
    if kind == "edgetam":
        backbone = {
            "model_type": "timm_wrapper",
            "architecture": "test_resnet",
            "num_classes": 2,
            "model_args": {"in_chans": 3, "features_only": True, "out_indices": [1, 2, 3, 4]},
        }
        channels = timm.create_model("test_resnet", features_only=True).feature_info.channels()[1:]
        return "EdgeTam", {**neck, "backbone_config": backbone, "backbone_channel_list": channels[::-1]}
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": patch * grid,
        "pretrain_image_size": patch * grid,
        "patch_size": patch,
        "window_size": 4,
        "global_attn_indexes": [1],
    }
    return "Sam3Tracker", {**neck, "backbone_config": backbone}


def processor(kind: str, grid: int = 16) -> Any:
    """The image processor of such a network."""
    side = PATCHES[kind] * grid
    square = {"height": side, "width": side}
    if kind in ("sam", "sam_hq"):
        return transformers.SamImageProcessor(size={"longest_edge": side}, pad_size=square)
    name = "Sam3ImageProcessor" if kind == "sam3_tracker" else "Sam2ImageProcessor"
    return getattr(transformers, name)(size=square)


def save(folder: Path, kind: str, grid: int = 16) -> Path:
    """A repository's files: the network as its library stores it."""
    network(kind, grid).save_pretrained(folder)
    processor(kind, grid).save_pretrained(folder)
    return folder


def save_for_videos(folder: Path, kind: str, grid: int = 16) -> Path:
    """The same network as the published repositories hold it: a part of one that follows objects."""
    picture_network = network(kind, grid)
    if kind == "sam3_tracker":
        _save_beside_a_detector(folder, picture_network)
    else:
        prefix = {"sam2": "Sam2Video", "edgetam": "EdgeTamVideo"}[kind]
        parts = ("vision_config", "prompt_encoder_config", "mask_decoder_config")
        config = getattr(transformers, f"{prefix}Config")(
            **{part: getattr(picture_network.config, part).to_dict() for part in parts},
            image_size=PATCHES[kind] * grid,
            memory_attention_hidden_size=WIDTH,
            memory_attention_num_layers=1,
            memory_attention_feed_forward_hidden_size=WIDTH,
            memory_attention_rope_feat_sizes=[grid, grid],
            memory_encoder_hidden_size=WIDTH,
            memory_encoder_output_channels=WIDTH // 2,
            memory_fuser_embed_dim=WIDTH,
            memory_fuser_intermediate_dim=WIDTH,
            mask_downsampler_embed_dim=WIDTH,
        )
        made = getattr(transformers, f"{prefix}Model")(config)
        made.load_state_dict(picture_network.state_dict(), strict=False)
        made.save_pretrained(folder)
    processor(kind, grid).save_pretrained(folder)
    return folder


def _save_beside_a_detector(folder: Path, picture_network: Any) -> None:
    """As facebook/sam3: the picture's part is the detector's, the rest the tracker's."""
    folder.mkdir(parents=True)
    weights = {"detector_model.text_encoder.weight": torch.zeros(2)}
    for name, weight in picture_network.state_dict().items():
        if name.startswith("vision_encoder.neck."):
            name = name.replace("vision_encoder.neck.", "tracker_neck.")
        elif name.startswith("vision_encoder."):
            name = f"detector_model.{name}"
        else:
            name = f"tracker_model.{name}"
        weights[name] = weight.clone().contiguous()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    tracker = picture_network.config.to_dict() | {"model_type": "sam3_tracker_video"}
    config = {
        "model_type": "sam3_video",
        "tracker_config": tracker,
        "detector_config": {"model_type": "sam3"},
    }
    (folder / "config.json").write_text(json.dumps(config))
