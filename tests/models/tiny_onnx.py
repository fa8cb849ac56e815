"""SAM's usual ONNX pair, exported from a tiny network of random weights."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import nn

from tests.models import tiny_sam

GRID = 16
SIDE = GRID * tiny_sam.PATCHES["sam"]
INPUTS = ["image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size"]
OUTPUTS = ["masks", "iou_predictions", "low_res_masks"]


class Encoder(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.network.vision_encoder(image)[0]


class Decoder(nn.Module):
    """What the export of Segment Anything describes: labels 2 and 3 are a box's corners, -1 is padding."""

    def __init__(self, network: nn.Module, best_alone: bool) -> None:
        super().__init__()
        self.network, self.best_alone = network, best_alone
        self.register_buffer("position", network.get_image_wide_positional_embeddings())

    def forward(self, features, points, labels, mask, has_mask, size):
        prompts = self.network.prompt_encoder
        embedded = prompts.shared_embedding((points + 0.5)[:, None], (SIDE, SIDE))
        labels = labels[:, None, :, None]
        embedded = embedded * (labels != -1) + prompts.not_a_point_embed.weight * (labels == -1)
        for kind in range(4):
            embedded = embedded + prompts.point_embed[kind].weight * (labels == kind)
        dense = has_mask * prompts.mask_embed(mask)
        dense = dense + (1 - has_mask) * prompts.no_mask_embed.weight.reshape(1, -1, 1, 1)
        masks, scores = [], []
        for several in (False, True):
            given = self.network.mask_decoder(
                image_embeddings=features,
                image_positional_embeddings=self.position,
                sparse_prompt_embeddings=embedded,
                dense_prompt_embeddings=dense,
                multimask_output=several,
            )
            masks.append(given[0][:, 0])
            scores.append(given[1][:, 0])
        low, ious = torch.cat(masks, 1), torch.cat(scores, 1)
        if self.best_alone:
            low, ious = low[:, :1], ious[:, :1]
        return nn.functional.interpolate(low, scale_factor=4.0) + 0 * size.sum(), ious, low


def save(folder: Path, best_alone: bool = False) -> Path:
    """Write encoder.onnx and decoder.onnx; the network is `tiny_sam.network("sam")`."""
    folder.mkdir(parents=True, exist_ok=True)
    network = tiny_sam.network("sam", GRID)
    features = torch.zeros(1, tiny_sam.WIDTH, GRID, GRID)
    example = (
        features,
        torch.zeros(1, 2, 2),
        torch.ones(1, 2),
        torch.zeros(1, 1, 4 * GRID, 4 * GRID),
        torch.zeros(1),
        torch.tensor([64.0, 64.0]),
    )
    several_points = {"point_coords": {1: "points"}, "point_labels": {1: "points"}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Encoder(network),
            (torch.zeros(1, 3, SIDE, SIDE),),
            folder / "encoder.onnx",
            input_names=["image"],
            output_names=["image_embeddings"],
            dynamo=False,
        )
        torch.onnx.export(
            Decoder(network, best_alone).eval(),
            example,
            folder / "decoder.onnx",
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_axes=several_points,
            dynamo=False,
        )
    return folder
