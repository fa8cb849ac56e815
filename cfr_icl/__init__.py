"""Click-based image segmentation with Cascade-Forward Refinement and Iterative Click Loss."""

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.models.base import InteractiveModel
from cfr_icl.segmenter import Prediction, Segmenter
from cfr_icl.weights.loading import load_model

__all__ = ["CascadeForward", "Click", "InteractiveModel", "Prediction", "Segmenter", "load_model"]
__version__ = "0.1.0"
