"""The effect of ICL, SUEM and CFR: four trainings, each evaluated with and without CFR.

Trainings from scratch are evaluated with all of SETTINGS; the first and the last also with zoom-in held
fixed. Trainings that go on from a trained network are evaluated with zoom-in under FROM_WEIGHTS, and so is
that network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfr_icl.cfr import CascadeForward
from cfr_icl.data.source import Source
from cfr_icl.evaluation import Protocol, Result
from cfr_icl.evaluation.job import Job
from cfr_icl.evaluation.run import evaluate
from cfr_icl.learning.settings import Settings
from cfr_icl.learning.train import train

TARGET = 0.90
"""IoU at which the robot user stops, and to which clicks are counted."""
STEPS = (1, 2, 4, 8)
AS_PUBLISHED: dict[str, Any] = {"best_pass": False, "mirror_refinements": True, "remove_specks": False}


def fixed_steps(steps: int, cf_clicks: int | None) -> CascadeForward:
    """So many refinements, no fewer, of the first `cf_clicks` clicks or, with None, of every click."""
    return CascadeForward(steps=steps, adaptive=False, cf_clicks=cf_clicks, **AS_PUBLISHED)


SETTINGS = (
    CascadeForward(steps=0, **AS_PUBLISHED),
    *(fixed_steps(n, cf_clicks) for cf_clicks in (1, None) for n in STEPS),
    *(CascadeForward(steps=max(STEPS), cf_clicks=k, min_change_ratio=0, **AS_PUBLISHED) for k in (1, None)),
)
FROM_WEIGHTS = (SETTINGS[0], fixed_steps(4, None))


@dataclass(frozen=True)
class Training:
    """A run with or without each of the two ideas; everything else is equal."""

    name: str
    icl: bool
    suem: bool

    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(
            settings,
            icl=dataclasses.replace(settings.icl, last_only=not self.icl),
            suem=settings.suem if self.suem else None,
        )


TRAININGS = (
    Training("baseline", icl=False, suem=False),
    Training("+ ICL", icl=True, suem=False),
    Training("+ SUEM", icl=False, suem=True),
    Training("+ ICL + SUEM", icl=True, suem=True),
)
BASELINE, BOTH = TRAININGS[0].name, TRAININGS[-1].name
BEFORE = "the weights before"
"""The name of the weights that the trainings go on from, in tables."""

Results = Mapping[str, Sequence[Result]]
"""The results of each training, by its name."""


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """The four trainings and their evaluations; a stopped run is resumed by another call of `run`.

    Attributes:
        settings: of all trainings, which go on from `model.weights` if these are set.
        sources: data sets for the evaluations.
        half, limit, workers: as for `evaluate`.
        min_area: objects below this share of the picture, 0 to 1, are left out.
        out: folder for trainings and logs of evaluations.
    """

    settings: Settings
    sources: tuple[Source, ...]
    half: str | None
    limit: int | None
    min_area: float
    device: str
    workers: int
    out: Path

    def run(self, tell: Callable[[str], object]) -> dict[bool, Results]:
        """Train and evaluate.

        Args:
            tell: called with the name of each evaluation.

        Returns:
            The results of each training, with zoom-in (True) and with zoom-in held fixed (False).
        """
        by_zoom: dict[bool, dict[str, Sequence[Result]]] = {True: {}, False: {}}
        before = self.settings.model.weights
        if before:
            by_zoom[True][BEFORE] = self._evaluate(before, self.out / "before", zoom=True)
        for number, training in enumerate(TRAININGS):
            out = self.out / f"{number}-{training.name.replace('+ ', '').replace(' ', '-').lower()}"
            train(training.settings(self.settings), out)
            both = training.name in (BASELINE, BOTH) and not before
            for zoom in (True, False) if both else (True,):
                tell(f"{training.name}, {'zoom-in' if zoom else 'zoom-in held fixed'}")
                by_zoom[zoom][training.name] = self._evaluate(str(out / "model"), out, zoom)
        return dict(by_zoom)

    def protocol(self, zoom: bool) -> Protocol:
        """The published protocol at the input size of the training, up to the target IoU."""
        return Protocol(zoom=zoom, widen=True, size=self.settings.augmentation.size, target_iou=TARGET)

    def _evaluate(self, weights: str, out: Path, zoom: bool) -> list[Result]:
        """Evaluate a network; the log of finished objects is in the folder `out`."""
        job = Job(
            weights=weights,
            device=self.device,
            precision="float32",
            sources=self.sources,
            settings=FROM_WEIGHTS if self.settings.model.weights else SETTINGS,
            protocol=self.protocol(zoom),
            min_area=self.min_area,
        )
        log = out / ("zoom.objects.jsonl" if zoom else "fixed.objects.jsonl")
        return evaluate(job, log, self.half, self.limit, self.workers).results
