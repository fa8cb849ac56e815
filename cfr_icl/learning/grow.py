"""Add blocks to a trained compact network without changing its output."""

from __future__ import annotations

import dataclasses
from typing import Any

from cfr_icl.models.branch import GlobalAttention, Mixer
from cfr_icl.models.compact import Pyramid
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import build_model


def grown(network: MapModel, options: dict[str, Any]) -> MapModel:
    """Rebuild the network with these options; added blocks are initialised as the identity.

    Raises:
        ValueError: when the options change more than the number of blocks, or take blocks away.
    """
    config = dataclasses.replace(network.config, options={**network.config.options, **options})
    larger = build_model(config)
    try:
        new = set(larger.load_state_dict(network.state_dict(), strict=False).missing_keys)
    except RuntimeError as error:
        raise ValueError(f"Weights of {network.config.options} do not fit into {options}.") from error
    for name, block in larger.named_modules():
        weights = {f"{name}.{key}" for key, _ in block.named_parameters()}
        if isinstance(block, (Mixer, GlobalAttention, Pyramid)) and weights <= new:
            block.init_as_identity()
            new = {key for key in new if not key.startswith(f"{name}.")}
    if new or len(larger.state_dict()) < len(network.state_dict()):
        raise ValueError(f"Only blocks can be added to trained weights; {options} changes more than that.")
    return larger
