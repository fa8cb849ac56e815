"""The protocol of an evaluation, and where it deviates from the published one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cfr_icl.cfr import CascadeForward
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.evaluation.metrics import NOC_TARGETS
from cfr_icl.models.base import InteractiveModel
from cfr_icl.segmenter import Segmenter
from cfr_icl.zoom.window import ZoomConfig

WHOLE_PICTURE_SIDE = 1_000_000
"""A smallest window side that no picture has: the window is always the whole picture."""


@dataclass(frozen=True)
class Protocol:
    """What an evaluation fixes beside the CFR settings; the defaults are the published ones.

    Attributes:
        max_clicks: clicks of a session at most.
        target_iou: a session ends at this IoU.
        flip: whether the mirror image is answered too and averaged.
        zoom: False shows the network the whole picture at every pass, which separates what CFR does from
            what an earlier zoom-in does.
        widen: True lets the window follow an object over its edge, for models whose zoom-in does so.
        exact: True lets the zoom window and CFR's stopping rule look at every pixel, also in large pictures.
        size: the network's input in pixels, if not its own.
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
        """A segmenter as this protocol wants it for a data set; DAVIS is seen at 1.5 times the size."""
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
        """Where this, with a model's zoom-in and close-ups, differs from the published protocol.

        Returns:
            A sentence for each difference.
        """
        found = []
        if self.zoom and self.widen and zoom.widen:
            found.append("The window follows an object that runs over its edge; published: it stays.")
        if zoom.exact_up_to is not None and not self.exact:
            found.append(
                f"In pictures above {zoom.exact_up_to / 1e6:g} megapixels, the zoom window and CFR's "
                "stopping rule look at the network's output map; published: at every pixel."
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
            found.append(
                "CFR answers with the pass that agrees most with its mirror image; published: the last."
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
            found.append(f"The network sees {self.size} px; published: the size that belongs to it.")
        return found
