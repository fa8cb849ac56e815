"""The whole annotator inside Blocks of one's own: python examples/embed.py

Each object that changes is measured, and its mask is shown beside the annotator.
"""

from pathlib import Path

import gradio as gr
import numpy as np

from cfr_icl.ui import Annotator, ObjectChange, launch

HERE = Path(__file__).parent


def measure(change: ObjectChange, table: list[list]) -> tuple[np.ndarray, list[list]]:
    """The object's mask as a picture, and the table with a row for it."""
    rows = [row for row in table if row[0] != change.id]
    if change.label is not None:
        rows.append([change.id, change.label, int(change.mask.sum())])
    return change.mask.astype(np.uint8) * 255, sorted(rows)


with gr.Blocks(title="An annotator with a table", fill_width=True) as demo:
    gr.Markdown("## How large are they?")
    with gr.Row():
        with gr.Column(scale=4):
            annotator = Annotator(examples=[HERE / "coffee.png", HERE / "flower.jpg"], height="640px")
        with gr.Column(scale=1):
            mask = gr.Image(label="Mask of the last object", format="png", interactive=False)
            table = gr.Dataframe(headers=["object", "label", "pixels"], type="array", label="Objects")
    annotator.change(measure, inputs=table, outputs=[mask, table])

if __name__ == "__main__":
    launch(demo)
