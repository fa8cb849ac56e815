"""The inner loop of Cascade-Forward Refinement on a picture: each pass places its zoom-in window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial

from cfr_icl.box import BOX_EXPANSION, box_fit
from cfr_icl.cfr import CascadeForward, changed_pixels
from cfr_icl.encoded_picture import EncodedPicture
from cfr_icl.models.base import Cues
from cfr_icl.prediction import InnerPass
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window


@dataclass(frozen=True)
class CascadeState:
    """The state that the next click starts from."""

    probabilities: ProbabilityMap
    zoom_window: Window | None
    without_close_ups: ProbabilityMap | None = None
    """The probabilities that the close-up refined; None without a close-up."""


class InnerLoop:
    """The passes of one click: each places its window, then runs the network.

    Args:
        picture: the picture with the network.
        cues: all clicks on the object, and its box.
        window: the window of the last pass for the earlier clicks; None for the unresized picture.
        cfr: settings of the refinements.
        flip: whether the coarse pass also sees the mirror image; the refinements do where they need it.
        has_mask: whether the initial probabilities hold a mask around which the window can be placed.
        choice: index of the mask to take from those that the coarse pass offers; None for the best.
    """

    def __init__(
        self,
        picture: EncodedPicture,
        cues: Cues,
        window: Window | None,
        cfr: CascadeForward,
        *,
        flip: bool,
        has_mask: bool,
        choice: int | None = None,
    ) -> None:
        self.forwards = 0
        """Number of passes so far, the repeated coarse pass included."""
        self._picture = picture
        self._cues = cues
        self._window = window
        self._cfr = cfr
        self._agreement: float | None = None
        """The agreement that the newest pass goes by; None before the coarse pass."""
        self._flip = flip
        self._has_mask = has_mask
        self._choice = choice
        self._prompt = cache(partial(picture.prompt, cues))
        self._boxed = picture.model.takes_boxes and cues.is_box

    def run(self, start: ProbabilityMap, click_number: int) -> tuple[list[InnerPass], int]:
        """Run CFR from these probabilities; return all passes, coarse first, and the chosen one's index."""
        return self._cfr.run(self._forward, start, click_number, self._rating, _changed_pixels)

    def _rating(self, inner_pass: InnerPass) -> float:
        """What `best_pass` goes by: agreement; for a box alone, times how well the mask fills it."""
        if not self._boxed or self._cues.box is None:
            return inner_pass.agreement
        return inner_pass.agreement * box_fit(inner_pass.probabilities, self._cues.box)

    def _forward(self, previous: ProbabilityMap) -> tuple[ProbabilityMap, InnerPass]:
        """Run one pass; the first one on the unresized picture is repeated zoomed in on a small object."""
        self._place_window(previous if self._has_mask else None)
        inner_pass = self._run(previous)
        if self._window is None and self._picture.zoom.small_object(inner_pass.probabilities.uncached()):
            self._place_window(inner_pass.probabilities.uncached())
            inner_pass = self._run(previous)
        choice = self._choice
        if choice is not None and choice != inner_pass.choice and choice < len(inner_pass.choices):
            inner_pass = inner_pass.with_choice(choice)
        self._has_mask = True
        if self._agreement is not None and self._flip and not self._flips:
            # without its mirror image a pass has no agreement of its own
            inner_pass = replace(inner_pass, agreement=self._agreement)
        self._agreement = inner_pass.agreement
        return inner_pass.probabilities.uncached(), inner_pass

    @property
    def _flips(self) -> bool:
        """Whether the next pass sees the mirror image."""
        return self._flip and (self._agreement is None or self._cfr.needs_mirror(self._agreement))

    def _place_window(self, probabilities: ProbabilityMap | None) -> None:
        zoom = self._picture.zoom
        if self._boxed and self._agreement is None:
            zoom = replace(zoom, expansion=BOX_EXPANSION)
        self._window = zoom.next_window(
            self._window, probabilities, self._cues.clicks, self._picture.full_window
        )

    def _run(self, previous: ProbabilityMap) -> InnerPass:
        self.forwards += 1
        prompt, cfr = self._prompt(self._window, self._flips), None if self._agreement is None else self._cfr
        return self._picture.run_pass(previous, self._window, prompt, flip=self._flips, cfr=cfr)


def _changed_pixels(before: ProbabilityMap, after: ProbabilityMap) -> tuple[int, int]:
    """`changed_pixels` of the decision maps; when the window moved, all pixels count as changed."""
    one, other = before.decision_map, after.decision_map
    if one.window != other.window or one.values.shape != other.values.shape:
        return other.values.numel(), 0
    return changed_pixels(one.values, other.values)
