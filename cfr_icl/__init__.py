"""Click-based image segmentation with Cascade-Forward Refinement and Iterative Click Loss."""

from importlib.metadata import PackageNotFoundError, version

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

try:
    __version__ = version("cfr-icl")
except PackageNotFoundError:  # a clone that is not installed; the number is in pyproject.toml alone
    __version__ = "0+clone"
