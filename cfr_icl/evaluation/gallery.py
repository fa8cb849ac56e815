"""A page of the worst cases of an evaluation."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cfr_icl import Click, InteractiveModel
from cfr_icl.data_url import data_url
from cfr_icl.evaluation.job import Job, Worker
from cfr_icl.evaluation.metrics import clicks_to_reach
from cfr_icl.evaluation.simulation import Result, setting_name

GALLERY_WIDTH = 320


def worst(results: Sequence[Result], count: int) -> list[Result]:
    """The `count` sessions with the most clicks to IoU 0.90; of equals, the lowest final IoU first."""

    def badness(result: Result) -> tuple[int, float]:
        return clicks_to_reach(result.ious, 0.90, len(result.ious) + 1), -result.ious[-1]

    return sorted(results, key=badness, reverse=True)[:count]


class Replay:
    """Predicts the last mask of a logged session again from its clicks, for the gallery."""

    def __init__(self, job: Job, model: InteractiveModel) -> None:
        self.worker = Worker(job, model)
        self.labels = [source.label for source in job.sources]
        self.settings = {setting_name(s): s for s in job.settings}

    def __call__(self, result: Result) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return picture uint8 (H, W, 3), ground truth int8 (H, W) and mask bool (H, W) of a result."""
        number = self.labels.index(result.data)
        dataset, segmenter = self.worker.datasets[number], self.worker.segmenters[number]
        sample = dataset[list(dataset.names).index(result.picture)]
        segmenter.set_image(sample.image)
        clicks = [Click(x, y, bool(positive)) for x, y, positive in result.clicks]
        mask = segmenter.predict(clicks, cfr=self.settings[result.setting]).mask
        return sample.image, sample.gt_masks[result.object_id], mask


def save_gallery(
    results: Sequence[Result],
    path: Path,
    masks: Callable[[Result], tuple[np.ndarray, np.ndarray, np.ndarray]],
    title: str,
) -> None:
    """Write one self-contained HTML page: each case's picture with clicks, its ground truth and its mask.

    Args:
        path: the HTML file; its folder is made.
        masks: returns a result's picture uint8 (H, W, 3), ground truth int (H, W) and last mask bool (H, W).
    """
    cases = "\n".join(_case(result, *masks(result)) for result in results)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        _PAGE.format(title=html.escape(title), cases=cases, width=GALLERY_WIDTH), encoding="utf-8"
    )


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fafafa; }}
section {{ margin: 1.5rem 0; }}
h2 {{ font-size: 1rem; margin: 0 0 .4rem; }}
figure {{ display: inline-block; margin: 0 .5rem .5rem 0; }}
img {{ width: {width}px; display: block; }}
figcaption {{ color: #666; font-size: .85rem; }}
</style></head><body>
<h1>{title}</h1>
<p>Green dots are positive clicks, red dots negative ones, in their order.
White is the object, grey is ignored.</p>
{cases}
</body></html>
"""


def _case(result: Result, image: np.ndarray, gt_mask: np.ndarray, mask: np.ndarray) -> str:
    views = {
        "clicks": _with_clicks(image, result.clicks),
        "ground truth": np.select([gt_mask == 1, gt_mask == -1], [255, 128], 0).astype(np.uint8),
        f"mask after {len(result.clicks)} clicks": mask.astype(np.uint8) * 255,
    }
    figures = "".join(
        f'<figure><img alt="{name}" src="{_data_url(view)}"><figcaption>{name}</figcaption></figure>'
        for name, view in views.items()
    )
    ious = " ".join(f"{value:.3f}" for value in result.ious)
    name = html.escape(f"{result.data} {result.picture}, object {result.object_id}, {result.setting}")
    return f"<section><h2>{name}</h2><p>IoU by click: {ious}</p>{figures}</section>"


def _with_clicks(image: np.ndarray, clicks: Sequence[Sequence[int]]) -> np.ndarray:
    """The picture at the gallery's width, with a numbered dot for each click (x, y, positive)."""
    scale = GALLERY_WIDTH / image.shape[1]
    size = (GALLERY_WIDTH, max(1, round(image.shape[0] * scale)))
    view = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    for number, (x, y, positive) in enumerate(clicks, 1):
        centre = (round(x * scale), round(y * scale))
        cv2.circle(view, centre, 4, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(view, centre, 3, (0, 170, 0) if positive else (220, 0, 0), -1, cv2.LINE_AA)
        corner = (centre[0] + 5, centre[1] - 3)
        for colour, thickness in (((0, 0, 0), 2), ((255, 255, 255), 1)):
            cv2.putText(
                view, str(number), corner, cv2.FONT_HERSHEY_SIMPLEX, 0.35, colour, thickness, cv2.LINE_AA
            )
    return view


def _data_url(view: np.ndarray) -> str:
    """A picture uint8 (H, W, 3) or (H, W) as a data URL, at most GALLERY_WIDTH pixels wide."""
    picture = Image.fromarray(view)
    if picture.width > GALLERY_WIDTH:
        picture = picture.resize(
            (GALLERY_WIDTH, max(1, round(picture.height * GALLERY_WIDTH / picture.width)))
        )
    return data_url(picture, "JPEG" if view.ndim == 3 else "PNG", quality=75)
