"""Tables and plots of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cfr_icl.evaluation.metrics import clicks_to_reach, mean_ious
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.simulation import Result
from cfr_icl.evaluation.summary import Metrics
from cfr_icl.extras import extra

Numbers = Sequence[float] | np.ndarray
Table = Mapping[str, Mapping[str, Metrics]]
"""Metrics by data set, then by CFR setting."""


def markdown_table(table: Table, rows: str = "data") -> str:
    """A row for each data set and setting, in the paper's order: NoC, NoF, IoU&k, boundary IoU, cost.

    `rows` is the heading of the first column; another one suits tables whose first key is no data set.
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
    """Write two PNGs for each data set: mean IoU by number of clicks, and a histogram of clicks to IoU 0.90.

    Returns:
        Their paths below `folder`, which is made.
    """
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


def save_lines(
    path: Path,
    lines: Mapping[str, tuple[Numbers, Numbers]],
    x: str,
    y: str,
    title: str,
) -> Path:
    """Draw a PNG of named lines and return its path.

    Args:
        lines: abscissas and ordinates of each line, by its name in the legend.
        x, y: labels of the axes.
    """
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
    axes.set(xlabel=f"clicks to IoU {target:g} (last bar: all clicks taken)", ylabel="objects", title=data)
    axes.legend()
    figure.savefig(path, dpi=120)


def _axes():
    # Drawing straight into a file keeps matplotlib's global state and windows out of it.
    with extra("train", "A plot"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()
