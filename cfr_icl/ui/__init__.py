"""The page, built with Gradio; `Annotator` adds it to your own Blocks."""

from cfr_icl.extras import extra

with extra("app", "The page"):
    import gradio  # noqa: F401

from cfr_icl.ui.annotator import Annotator, ObjectChange
from cfr_icl.ui.blocks import launch

__all__ = ["Annotator", "ObjectChange", "launch"]
