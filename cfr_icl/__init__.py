"""Click-based image segmentation with Cascade-Forward Refinement and Iterative Click Loss."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfr_icl.cfr import CascadeForward
    from cfr_icl.clicks import Click
    from cfr_icl.models.base import InteractiveModel
    from cfr_icl.pictures.decoding import read_picture
    from cfr_icl.prediction import Prediction
    from cfr_icl.rectangle import Rectangle
    from cfr_icl.segmenter import Segmenter
    from cfr_icl.weights.loading import load_model

__all__ = [
    "CascadeForward",
    "Click",
    "InteractiveModel",
    "Prediction",
    "Rectangle",
    "Segmenter",
    "load_model",
    "read_picture",
]

_MODULES = {
    "CascadeForward": "cfr_icl.cfr",
    "Click": "cfr_icl.clicks",
    "InteractiveModel": "cfr_icl.models.base",
    "Prediction": "cfr_icl.prediction",
    "Rectangle": "cfr_icl.rectangle",
    "Segmenter": "cfr_icl.segmenter",
    "load_model": "cfr_icl.weights.loading",
    "read_picture": "cfr_icl.pictures.decoding",
}
"""Modules that are imported when their name is used first: PyTorch takes seconds, in which the command line
already answers to --help and to Ctrl+C."""

try:
    __version__ = version("cfr-icl")
except PackageNotFoundError:  # a clone that is not installed; the number is in pyproject.toml alone
    __version__ = "0+clone"


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
