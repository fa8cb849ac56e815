"""Draw examples of wrong masks after one click and after a few more, on shipped pictures.

python training/failures.py [--weights embedded] [--out docs/failures.png]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from cfr_icl import Click, Segmenter, load_model

ROOT = Path(__file__).parents[1]

CASES = (
    ("rocket.jpg", "A thin object", [Click(321, 150), Click(321, 350), Click(321, 390)]),
    ("china.jpg", "A large object with much structure", [Click(240, 200), Click(200, 320), Click(215, 120)]),
    ("coffee.png", "A surface: the table", [Click(560, 60), Click(200, 150, positive=False), Click(60, 330)]),
    ("rocket.jpg", "A region without edges: the sky", [Click(100, 200), Click(450, 100), Click(250, 60)]),
)
"""Picture, title, and clicks as a person would set them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="embedded", help="what load_model takes")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "failures.png")
    options = parser.parse_args()
    segmenter = Segmenter(load_model(options.weights))
    figure = Figure(figsize=(4 * len(CASES), 6), layout="constrained")
    columns = figure.subplots(2, len(CASES)).T
    for axes, (name, wanted, clicks) in zip(columns, CASES, strict=True):
        picture = np.asarray(Image.open(ROOT / "examples" / name).convert("RGB"))
        segmenter.set_image(picture)
        for panel, count in zip(axes, (1, len(clicks)), strict=True):
            panel.imshow(drawn(picture, segmenter.predict(clicks[:count]).mask, clicks[:count]))
            panel.set_axis_off()
        axes[0].set_title(f"{wanted}\none click")
        axes[1].set_title(f"{len(clicks)} clicks")
    figure.savefig(options.out, dpi=70)
    compress(options.out)


def drawn(picture: np.ndarray, mask: np.ndarray, clicks: list[Click]) -> np.ndarray:
    """The picture with its mask in violet and a dot a click, red where it is negative."""
    view = np.where(mask[..., None], picture // 2 + np.array([60, 0, 127], np.uint8), picture)
    radius = round(0.012 * max(mask.shape)) + 1
    for click in clicks:
        centre = (round(click.x), round(click.y))
        cv2.circle(view, centre, radius + 2, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(view, centre, radius, (0, 150, 0) if click.positive else (200, 0, 0), -1, cv2.LINE_AA)
    return view


def compress(path: Path) -> None:
    """Rewrite a PNG with a palette, a third of its size."""
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    main()
