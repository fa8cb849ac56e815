"""A small network of the embedded one's architecture."""

from cfr_icl.models.base import ModelConfig
from cfr_icl.zoom.zoom_config import ZoomConfig


def small_compact(size=64, **options):
    """Its configuration, for inputs of `size` pixels, with further options of the architecture."""
    least = {"encoder": "test_efficientnet", "blocks": (0, 0, 0, 0), "attention": 1}
    return ModelConfig("compact", {**least, **options}, ZoomConfig(size=size))
