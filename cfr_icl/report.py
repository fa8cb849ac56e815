"""What an evaluation found, for people: a table, plots and a page of the worst cases."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cfr_icl.evaluation import Metrics, Protocol, Result, clicks_to_reach

GALLERY_WIDTH = 320

Table = Mapping[str, Mapping[str, Metrics]]
"""Metrics by data set, then by CFR setting."""


def markdown_table(table: Table, rows: str = "data") -> str:
    """A row a data set and setting, in the paper's order: NoC, NoF, IoU&k, boundary IoU, cost.

    `rows` heads the first column, where the tables are of something else than data sets.
    """
    first = next(iter(next(iter(table.values())).values()))
    header = [
        rows,
        "setting",
        "objects",
        *(f"NoC {t:.0%}".rstrip("%") for t in first.noc),
        *(f"NoF {t:.0%}".rstrip("%") for t in first.nof),
        *(f"IoU&{k}" for k in first.iou),
        *(f"BIoU&{k}" for k in first.boundary_iou),
        "forwards/click",
        "s/click",
    ]
    cells = [
        [
            data,
            setting,
            str(m.objects),
            *(f"{value:.2f}" for value in m.noc.values()),
            *(f"{value} ({value / m.objects:.1%})" for value in m.nof.values()),
            *(f"{value:.2%}".rstrip("%") for value in m.iou.values()),
            *(f"{value:.2%}".rstrip("%") for value in m.boundary_iou.values()),
            f"{m.forwards_per_click:.2f}",
            f"{m.seconds_per_click:.2f}",
        ]
        for data, settings in table.items()
        for setting, m in settings.items()
    ]
    rule = ["---", "---", *("---:" for _ in header[2:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *cells])


def save_plots(results: Sequence[Result], folder: Path, protocol: Protocol) -> list[Path]:
    """Two pictures a data set: mean IoU against clicks, and how many clicks the objects took."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for data in dict.fromkeys(r.data for r in results):
        sessions: dict[str, list[list[float]]] = {}
        for result in results:
            if result.data == data:
                sessions.setdefault(result.setting, []).append(result.ious)
        for name, draw in (("iou", _draw_ious), ("clicks", _draw_clicks)):
            paths.append(folder / f"{data}_{name}.png")
            draw(sessions, data, protocol, paths[-1])
    return paths


def _draw_ious(sessions: dict[str, list[list[float]]], data: str, protocol: Protocol, path: Path) -> None:
    clicks = range(1, protocol.max_clicks + 1)
    lines = {setting: (clicks, mean_ious(ious, len(clicks))) for setting, ious in sessions.items()}
    save_lines(path, lines, "clicks", "mean IoU", data)


def mean_ious(sessions: Sequence[Sequence[float]], clicks: int) -> list[float]:
    """Mean IoU after each number of clicks; a session that ended earlier keeps its last."""
    return [
        float(np.mean([values[min(k, len(values)) - 1] for values in sessions])) for k in range(1, clicks + 1)
    ]


def save_lines(
    path: Path, lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], x: str, y: str, title: str
) -> Path:
    """A plot of named lines, each its abscissas and ordinates, with labelled axes."""
    figure, axes = _axes()
    for name, (abscissas, ordinates) in lines.items():
        axes.plot(abscissas, ordinates, marker=".", label=name)
    axes.set(xlabel=x, ylabel=y, title=title)
    whole = all(float(value).is_integer() for abscissas, _ in lines.values() for value in abscissas)
    axes.xaxis.get_major_locator().set_params(integer=whole)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def _draw_clicks(sessions: dict[str, list[list[float]]], data: str, protocol: Protocol, path: Path) -> None:
    figure, axes = _axes()
    target = min(0.90, protocol.target_iou)
    counts = [
        [clicks_to_reach(values, target, protocol.max_clicks) for values in ious]
        for ious in sessions.values()
    ]
    axes.hist(counts, bins=np.arange(1, protocol.max_clicks + 2) - 0.5, label=list(sessions))
    axes.set(
        xlabel=f"clicks to IoU {target:g}; the last bar holds what took all", ylabel="objects", title=data
    )
    axes.legend()
    figure.savefig(path, dpi=120)


def _axes():
    # Drawing straight into a file keeps matplotlib's global state and windows out of it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def worst(results: Sequence[Result], count: int, target: float = 0.90) -> list[Result]:
    """The sessions that took the most clicks to reach the IoU; of equals, those with the lowest last IoU."""
    return sorted(results, key=lambda r: (-clicks_to_reach(r.ious, target, len(r.ious) + 1), r.ious[-1]))[
        :count
    ]


def save_gallery(
    results: Sequence[Result],
    path: Path,
    masks: Callable[[Result], tuple[np.ndarray, np.ndarray, np.ndarray]],
    title: str,
) -> None:
    """One HTML page that needs nothing else: each case's picture with clicks, its truth and its mask.

    Args:
        masks: for a result its picture uint8 (H, W, 3), truth int (H, W) and last mask bool (H, W).
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


def _case(result: Result, image: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> str:
    views = {
        "clicks": _with_clicks(image, result.clicks),
        "truth": np.select([truth == 1, truth == -1], [255, 128], 0).astype(np.uint8),
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
    """The picture at the gallery's width with numbered dots."""
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
    data = io.BytesIO()
    picture = Image.fromarray(view)
    if picture.width > GALLERY_WIDTH:
        picture = picture.resize(
            (GALLERY_WIDTH, max(1, round(picture.height * GALLERY_WIDTH / picture.width)))
        )
    picture.save(data, "JPEG" if view.ndim == 3 else "PNG")
    kind = "jpeg" if view.ndim == 3 else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data.getvalue()).decode()}"
