"""Summarise the sessions of a data set: mean clicks, and mean IoU after some clicks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cfr_icl.evaluation.metrics import NOC_TARGETS, clicks_to_reach, mean_ious
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.simulation import Result

NOF_TARGETS = (0.90, 0.95)
IOU_CLICKS = (1, 3, 5)


@dataclass(frozen=True)
class Metrics:
    """Means over the objects of a data set; keys are targets as IoU or numbers of clicks."""

    objects: int
    noc: Mapping[float, float]
    """Mean number of clicks to reach the IoU; `max_clicks` if it was not reached."""
    nof: Mapping[float, int]
    """Number of objects that took all clicks, whether or not the IoU was reached, as published (">=20")."""
    iou: Mapping[int, float]
    """Mean IoU after this number of clicks; a session that ended earlier counts with its last IoU."""
    boundary_iou: Mapping[int, float]
    forwards_per_click: float
    seconds_per_click: float


def summarise(results: Sequence[Result], protocol: Protocol) -> Metrics:
    """The metrics of one data set and one setting; raises ValueError without results."""
    if not results:
        raise ValueError("There are no results to summarise.")
    clicks = sum(len(r.ious) for r in results)

    def noc(target: float) -> np.ndarray:
        return np.array([clicks_to_reach(r.ious, target, protocol.max_clicks) for r in results])

    def means_after_clicks(sessions: Sequence[Sequence[float]]) -> dict[int, float]:
        means = mean_ious(sessions, protocol.max_clicks)
        return {k: means[k - 1] for k in IOU_CLICKS if k <= protocol.max_clicks}

    return Metrics(
        objects=len(results),
        noc={t: float(noc(t).mean()) for t in NOC_TARGETS if t <= protocol.target_iou},
        nof={t: int((noc(t) == protocol.max_clicks).sum()) for t in NOF_TARGETS if t <= protocol.target_iou},
        iou=means_after_clicks([r.ious for r in results]),
        boundary_iou=means_after_clicks([r.boundary_ious for r in results]),
        forwards_per_click=sum(sum(r.forwards) for r in results) / clicks,
        seconds_per_click=sum(sum(r.seconds) for r in results) / clicks,
    )
