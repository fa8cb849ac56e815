"""Load, convert and publish weights: embedded, in a local folder or file, or on the Hugging Face Hub."""

from cfr_icl.weights.loading import load_model
from cfr_icl.weights.saving import save_model

__all__ = ["load_model", "save_model"]
