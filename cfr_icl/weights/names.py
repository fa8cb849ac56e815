"""Names of the files of a model, in a folder or in a repository on the Hub."""

CONFIG_NAME = "config.json"
"""The configuration (`models.base.ModelConfig`, or that of another library)."""
WEIGHTS_NAME = "model.safetensors"
"""The tensors."""
CARD_NAME = "README.md"
"""The model card."""
