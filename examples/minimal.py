"""The smallest tool around the segmenter, of Gradio's own parts: python examples/minimal.py

Open a picture and click on an object; untick "On the object" to click beside it.
"""

import tempfile
from pathlib import Path

import cv2
import gradio as gr
import numpy as np

from cfr_icl import CascadeForward, Click, Segmenter, load_model

model = load_model()
ONE_AT_A_TIME = {"trigger_mode": "multiple", "concurrency_limit": 1, "concurrency_id": "network"}


def open_picture(picture: np.ndarray | None) -> tuple:
    """A new segmenter over the shared network, without clicks."""
    if picture is None:
        return None, [], None, None
    segmenter = Segmenter(model)
    segmenter.set_image(picture)
    return segmenter, [], picture, None


def answer(segmenter: Segmenter, clicks: list[Click], picture: np.ndarray, steps: int) -> tuple:
    """The picture with the mask in blue, and the mask as a file."""
    try:
        mask = segmenter.predict(clicks, cfr=CascadeForward(steps=steps)).mask
    except ValueError as error:  # such as a first click beside the object
        raise gr.Error(str(error)) from error
    shown = np.where(mask[..., None], (0.5 * picture + (29, 65, 123)).astype(np.uint8), picture)
    for click in clicks:
        colour = (0, 200, 0) if click.positive else (220, 0, 0)
        cv2.circle(shown, (int(click.x), int(click.y)), 5, colour, thickness=-1)
    path = Path(tempfile.mkdtemp()) / "mask.png"
    cv2.imwrite(str(path), mask.astype(np.uint8) * 255)
    return clicks, shown, str(path)


def click(segmenter, clicks, picture, steps, positive, event: gr.SelectData) -> tuple:
    return answer(segmenter, [*clicks, Click(*event.index, positive)], picture, steps)


with gr.Blocks(title="Click to segment") as demo:
    segmenter, clicks = gr.State(), gr.State([])
    with gr.Row():
        picture = gr.Image(label="Picture", sources=["upload", "clipboard"], height=240)
        with gr.Column():
            positive = gr.Checkbox(True, label="On the object")
            steps = gr.Slider(0, 10, value=4, step=1, label="CFR steps")
            mask = gr.DownloadButton("Download the mask")
    shown = gr.Image(label="Click here", interactive=False, format="png")
    picture.change(open_picture, picture, [segmenter, clicks, shown, mask])
    shown.select(click, [segmenter, clicks, picture, steps, positive], [clicks, shown, mask], **ONE_AT_A_TIME)

if __name__ == "__main__":
    demo.launch()
