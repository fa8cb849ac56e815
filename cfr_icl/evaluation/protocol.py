"""The protocol of an evaluation, and its deviations from the published one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from cfr_icl.cfr import MIRROR_AGREEMENT, CascadeForward
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.evaluation.metrics import NOC_TARGETS
from cfr_icl.models.base import InteractiveModel
from cfr_icl.segmenter import Segmenter
from cfr_icl.specks import SPECK_SHARE
from cfr_icl.zoom.zoom_config import ZoomConfig

WHOLE_PICTURE_SIDE = 1_000_000
"""`ZoomConfig.min_side` with which the window is always the whole picture: longer than any picture's side."""

DESCRIBED_SETTINGS = (
    "steps",
    "adaptive",
    "cf_clicks",
    "min_change_ratio",
    "best_pass",
    "close_ups",
    "mirror_refinements",
    "remove_specks",
)
"""Fields of CascadeForward with a phrase of their own in `deviations` and in `setting_name`.

Both give the others by name and value, so that a new field needs no change here.
"""


@dataclass(frozen=True)
class Protocol:
    """The settings of an evaluation other than those of CFR; the defaults are the published ones.

    Attributes:
        max_clicks: the most clicks of a session.
        target_iou: a session ends at this IoU.
        flip: average the outputs for the picture and for its mirror image.
        zoom: zoom in on the object. Otherwise the network sees the whole picture in every pass, which
            separates the effect of CFR from that of an earlier zoom-in.
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
        """The segmenter for a data set under this protocol.

        Args:
            data: the name of the data set in `data.registry.DATASETS`; "davis" is predicted at 1.5 times the
                network's input size, as published.
        """
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
        """Describe the differences from the published protocol, one sentence each.

        Args:
            settings: the CFR settings that are evaluated.
            zoom: the model's zoom-in.
            close_up: the model's close-ups; None without.
        """
        sentences = []
        if self.zoom and self.widen and zoom.widen:
            sentences.append("The window follows an object that runs over its edge; published: it stays.")
        if zoom.exact_up_to is not None and not self.exact:
            sentences.append(
                f"In pictures above {zoom.exact_up_to / 1e6:g} megapixels, the zoom window and CFR's "
                "stopping rule use the network's output map; published: every pixel."
            )
        if close_up and any(close_up.applies(close_up.first_click, cfr) for cfr in settings):
            sentences.append(
                f"From click {close_up.first_click} on, the last refinement is a close-up; published: never."
            )
        sentences += _cfr_deviations([cfr for cfr in settings if cfr.steps], self.flip)
        if self.max_clicks != 20:
            sentences.append(f"At most {self.max_clicks} clicks; published: 20.")
        if self.target_iou < max(NOC_TARGETS):
            sentences.append(f"Sessions end at IoU {self.target_iou:g}; measures beyond it are left out.")
        if not self.flip:
            sentences.append("No test-time flip; published: with flip.")
        if not self.zoom:
            sentences.append("Zoom-in held fixed at the whole picture; published: zoom-in.")
        if self.size:
            sentences.append(
                f"The network's input is {self.size} px; published: the size of its configuration."
            )
        return sentences


def _cfr_deviations(settings: Sequence[CascadeForward], flip: bool) -> list[str]:
    """The sentences of `Protocol.deviations` about CFR settings that refine."""
    sentences = []
    for cf_clicks in {cfr.cf_clicks for cfr in settings if cfr.cf_clicks != 1}:
        clicks = "every click" if cf_clicks is None else f"the first {cf_clicks} clicks"
        sentences.append(f"CFR refines {clicks}; published: the first click only.")
    if any(cfr.adaptive and cfr.min_change_ratio for cfr in settings):
        sentences.append("CFR stops at a share of the mask that changes; published: at 20 pixels.")
    if any(cfr.best_pass for cfr in settings):
        sentences.append("CFR chooses the pass that agrees most with its mirror image; published: the last.")
    if flip and any(not cfr.mirror_refinements for cfr in settings):
        sentences.append(
            f"Refinements do without the mirror image once a pass of the click agrees with it by "
            f"{MIRROR_AGREEMENT:g}; published: always with it."
        )
    if any(cfr.remove_specks for cfr in settings):
        sentences.append(f"Parts of at most {SPECK_SHARE:.1%} of a mask are left out; published: kept.")
    for name, value, published in sorted({each for cfr in settings for each in _other_deviations(cfr)}):
        sentences.append(f"The CFR setting {name} is {value}; published: {published}.")
    return sentences


def _other_deviations(cfr: CascadeForward) -> list[tuple[str, str, str]]:
    """Name, value and published value of each field without a phrase of its own; all networks have these."""
    return [
        (entry.name, str(getattr(cfr, entry.name)), str(entry.metadata["published"]))
        for entry in fields(cfr)
        if entry.name not in DESCRIBED_SETTINGS
        and not entry.metadata["coordinates_only"]
        and getattr(cfr, entry.name) != entry.metadata["published"]
    ]
