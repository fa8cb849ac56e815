"""The whole annotator inside your own Blocks: python examples/embed.py

Each object that changes is measured, and its mask is shown beside the annotator.
"""

from pathlib import Path

import gradio as gr
import numpy as np

from cfr_icl.ui import Annotator, ObjectChange, launch

HERE = Path(__file__).parent


def measure(change: ObjectChange, sizes: dict) -> tuple[np.ndarray, list[list], dict]:
    """The object's mask as a picture, and a table of all objects of the picture with their pixels."""
    sizes = {key: size for key, size in sizes.items() if key[0] == change.picture}
    sizes[change.picture, change.id] = [change.id, change.label, int(change.mask.sum())]
    if change.label is None:  # deleted
        del sizes[change.picture, change.id]
    return change.mask.astype(np.uint8) * 255, sorted(sizes.values()), sizes


with gr.Blocks(title="An annotator with a table", fill_width=True) as demo:
    gr.Markdown("## How large are they?")
    with gr.Row():
        with gr.Column(scale=4):
            annotator = Annotator(examples=[HERE / "coffee.png", HERE / "flower.jpg"], height="640px")
        with gr.Column(scale=1):
            mask = gr.Image(label="Mask of the last object", format="png", interactive=False)
            table = gr.Dataframe(headers=["object", "label", "pixels"], label="Objects")
    sizes = gr.State({})
    annotator.change(measure, inputs=sizes, outputs=[mask, table, sizes])

if __name__ == "__main__":
    launch(demo)
