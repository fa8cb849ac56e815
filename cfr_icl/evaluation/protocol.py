"""The protocol of an evaluation, and where it deviates from the published one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cfr_icl.cfr import MIRROR_AGREEMENT, CascadeForward
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.evaluation.metrics import NOC_TARGETS
from cfr_icl.models.base import InteractiveModel
from cfr_icl.segmenter import Segmenter
from cfr_icl.zoom.window import ZoomConfig

WHOLE_PICTURE_SIDE = 1_000_000
"""A shortest window side longer than any picture's: the window is then always the whole picture."""


@dataclass(frozen=True)
class Protocol:
    """The settings of an evaluation other than those of CFR; the defaults are the published ones.

    Attributes:
        max_clicks: the most clicks of a session.
        target_iou: a session ends at this IoU.
        flip: average the outputs for the picture and for its mirror image.
        zoom: False: the network sees the whole picture in every pass, which separates the effect of CFR from
            that of an earlier zoom-in.
        widen: allow the window to follow an object over its edge, for models whose zoom-in has this.
        exact: compute the zoom window and CFR's stopping rule from every pixel, also in large pictures.
        size: the network's input in pixels; None for the size in the model's configuration.
    """

    max_clicks: int = 20
    target_iou: float = 0.95
    flip: bool = True
    zoom: bool = True
    widen: bool = False
    exact: bool = True
    size: int | None = None

    def __post_init__(self) -> None:
        if self.max_clicks < 1:
            raise ValueError(f"An evaluation needs at least 1 click, not {self.max_clicks}.")
        if not 0 < self.target_iou <= 1:
            raise ValueError(f"The target IoU lies above 0 and up to 1, not at {self.target_iou}.")

    def segmenter(self, model: InteractiveModel, data: str = "") -> Segmenter:
        """The segmenter for a data set under this protocol; DAVIS is predicted at 1.5 times the size."""
        zoom = model.config.zoom
        size = self.size or (zoom.size * 3 // 2 if data == "davis" else zoom.size)
        min_side = zoom.min_side if self.zoom else WHOLE_PICTURE_SIDE
        widen = zoom.widen and self.widen
        exact_up_to = None if self.exact else zoom.exact_up_to
        zoom = replace(zoom, size=size, min_side=min_side, widen=widen, exact_up_to=exact_up_to)
        return Segmenter(model, flip=self.flip, zoom=zoom)

    def deviations(
        self,
        settings: Sequence[CascadeForward],
        zoom: ZoomConfig = ZoomConfig(),
        close_up: CloseUpConfig | None = None,
    ) -> list[str]:
        """Differences of this, with a model's zoom-in and close-ups, from the published protocol.

        Returns:
            A sentence for each difference.
        """
        found = []
        if self.zoom and self.widen and zoom.widen:
            found.append("The window follows an object that runs over its edge; published: it stays.")
        if zoom.exact_up_to is not None and not self.exact:
            found.append(
                f"In pictures above {zoom.exact_up_to / 1e6:g} megapixels, the zoom window and CFR's "
                "stopping rule use the network's output map; published: every pixel."
            )
        if close_up and any(close_up.applies(close_up.first_click, cfr) for cfr in settings):
            found.append(
                f"From click {close_up.first_click} on, the last refinement is a close-up; published: never."
            )
        for cf_clicks in {cfr.cf_clicks for cfr in settings if cfr.steps and cfr.cf_clicks != 1}:
            clicks = "every click" if cf_clicks is None else f"the first {cf_clicks} clicks"
            found.append(f"CFR refines {clicks}; published: the first click only.")
        if any(cfr.steps and cfr.adaptive and cfr.min_change_ratio for cfr in settings):
            found.append("CFR stops at a share of the mask that changes; published: at 20 pixels.")
        if any(cfr.steps and cfr.best_pass for cfr in settings):
            found.append("CFR chooses the pass that agrees most with its mirror image; published: the last.")
        if self.flip and any(cfr.steps and not cfr.mirror_refinements for cfr in settings):
            found.append(
                f"Refinements do without the mirror image where the coarse pass agrees with it by "
                f"{MIRROR_AGREEMENT:g}; published: always with it."
            )
        if self.max_clicks != 20:
            found.append(f"At most {self.max_clicks} clicks; published: 20.")
        if self.target_iou < max(NOC_TARGETS):
            found.append(f"Sessions end at IoU {self.target_iou:g}; measures beyond it are left out.")
        if not self.flip:
            found.append("No test-time flip; published: with flip.")
        if not self.zoom:
            found.append("Zoom-in held fixed at the whole picture; published: zoom-in.")
        if self.size:
            found.append(f"The network's input is {self.size} px; published: the size of its configuration.")
        return found
