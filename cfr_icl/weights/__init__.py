"""Where weights come from: embedded, a local folder or file, or the Hugging Face Hub."""

from cfr_icl.weights.loading import load_model, save_model

__all__ = ["load_model", "save_model"]
