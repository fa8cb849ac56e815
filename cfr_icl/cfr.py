"""Cascade-Forward Refinement: an inner loop feeds the mask back to the network between two clicks.

Sun et al., CFR-ICL: Cascade-Forward Refinement with Iterative Click Loss for Interactive Image
Segmentation, AAAI 2024 (arXiv 2303.05620), section 3.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

import numpy as np
import torch

from cfr_icl.sentences import Refusal
from cfr_icl.settings import check_settings, published_values, setting

MAX_STEPS = 10
MASK_THRESHOLD = 0.49
"""Probability above which a pixel belongs to the mask."""
THRESHOLD_LOGIT = math.log(MASK_THRESHOLD / (1 - MASK_THRESHOLD))

MIRROR_AGREEMENT = 0.95
"""Agreement of a pass from which on the refinements after it do without the mirror image."""

Map = TypeVar("Map")
Pass = TypeVar("Pass")


def changed_pixels(before: torch.Tensor, after: torch.Tensor) -> tuple[int, int]:
    """Compare two probability maps of equal shape at `MASK_THRESHOLD`.

    Returns:
        The number of pixels that enter or leave the mask, and the number of pixels of the second mask.
    """
    # NumPy counts in one thread, which costs less than waking torch's threads
    before_mask, mask = before.numpy() > MASK_THRESHOLD, after.numpy() > MASK_THRESHOLD
    return int(np.count_nonzero(before_mask ^ mask)), int(np.count_nonzero(mask))


@dataclass(frozen=True, kw_only=True)
class CascadeForward:
    """Settings of the inner loop: one coarse pass and up to `steps` refinements with the clicks fixed.

    Attributes:
        steps: the most refinements of a click, 0 to 10.
        adaptive: stop early, at `min_change_pixels` or `min_change_ratio`; otherwise take all steps.
        cf_clicks: number of clicks, from the first on, that are refined; None refines every click.
            Published: 1.
        min_change_pixels: stop when a refinement changes at most this number of mask pixels. Published: 20.
        min_change_ratio: also stop when a refinement changes at most this ratio of the mask's pixels,
            0 to 1. Not in the paper; published: 0. Measured in training/RESULTS.md.
        best_pass: choose the pass with the highest agreement (IoU of the masks of the picture and of its
            mirror image) instead of the last pass. Not in the paper.
        close_ups: replace the last refinement by a close-up (cfr_icl/close_up.py), for models trained with
            close-ups. Not in the paper.
        mirror_refinements: show the network the mirror image in every pass. Otherwise refinements do without
            it once a pass of the click agrees with it by MIRROR_AGREEMENT; they then take half of the time.
            Not in the paper, which always shows it; measured in benchmarks/RESULTS.md.
        remove_specks: in answers to refined clicks, leave parts of at most 0.2 % of the mask without a
            positive click out of it (cfr_icl/specks.py). Not in the paper; measured in training/RESULTS.md.
        pseudo_clicks: add a click at the deepest place of the mask to each refinement, for models that take
            clicks as coordinates (SAM's family). Not in the paper; measured in docs/models.md.
        pseudo_boxes: add a box around the mask to each refinement, for the same models. Not in the paper.

    Each field has the metadata of `cfr_icl.settings.setting`, from which command-line flags are derived.

    Raises:
        ValueError: for a number out of its range.
    """

    steps: int = setting(
        int,
        4,
        "most refinements of a click: passes in which the mask is fed back to the network",
        published=4,
        least=0,
        most=MAX_STEPS,
    )
    adaptive: bool = setting(bool, True, "stop refining when the mask hardly changes", published=True)
    cf_clicks: int | None = setting(
        int, None, "refine only the first N clicks", published=1, least=0, most=1000
    )
    min_change_pixels: int = setting(
        int,
        20,
        "stop refining when at most N pixels of the mask change",
        published=20,
        least=0,
        most=1_000_000,
    )
    min_change_ratio: float = setting(
        float,
        0.02,
        "stop refining when at most this share of the mask's pixels changes",
        published=0.0,
        least=0,
        most=1,
    )
    best_pass: bool = setting(
        bool,
        True,
        "take the pass that agrees most with its mirror image, not the last one",
        published=False,
    )
    close_ups: bool = setting(
        bool,
        True,
        "replace the last refinement by a close-up of the newest click, for exact edges",
        published=False,
    )
    mirror_refinements: bool = setting(
        bool,
        False,
        "show the mirror image in every pass, not only until a pass agrees with it; takes twice as long",
        published=True,
    )
    remove_specks: bool = setting(
        bool,
        True,
        "leave out parts of at most two thousandths of the mask, unless they were clicked on",
        published=False,
    )
    pseudo_clicks: bool = setting(
        bool,
        True,
        "add a click at the deepest place of the mask to each refinement (SAM's family)",
        published=False,
        coordinates_only=True,
    )
    pseudo_boxes: bool = setting(
        bool,
        False,
        "add a box around the mask to each refinement (SAM's family)",
        published=False,
        coordinates_only=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)

    @classmethod
    def default(cls) -> CascadeForward:
        """The settings that the app and the command line start with."""
        return cls()

    @classmethod
    def published(cls, steps: int = 4) -> CascadeForward:
        """The published method with at most `steps` refinements; 4 is "A-CFR-4" in the paper's tables."""
        return cls(**{**published_values(cls), "steps": steps})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> CascadeForward:
        """Read settings from untrusted data; names of older versions are read too.

        Raises:
            ValueError: for anything but a mapping of known names to values of their type and range.
        """
        if not isinstance(values, Mapping):
            raise Refusal("CFR settings must be an object with names and values.")
        values = _with_current_names(values)
        for name in values.keys() - {entry.name for entry in fields(cls)}:
            raise Refusal("There is no CFR setting {name!r:.40}.", name=name)
        return cls(**values)

    def refinements(self, click_number: int) -> int:
        """The most refinements of the click with this number, counted from 1."""
        return self.steps if self.cf_clicks is None or click_number <= self.cf_clicks else 0

    def needs_mirror(self, agreement: float) -> bool:
        """Whether the refinements after a pass need the mirror image, by its agreement (0 to 1)."""
        return self.mirror_refinements or agreement < MIRROR_AGREEMENT

    def run(
        self,
        forward: Callable[[Map], tuple[Map, Pass]],
        previous: Map,
        click_number: int,
        rating: Callable[[Pass], float] = lambda _: 1.0,
        changed: Callable[[Any, Any], tuple[int, int]] = changed_pixels,
    ) -> tuple[list[Pass], int]:
        """Run the inner loop for the click with this number, counted from 1.

        Args:
            forward: runs one pass of the network: previous probabilities -> new probabilities and a record
                of the pass.
            previous: the probabilities that the coarse pass starts from.
            rating: rates a pass by its record; `best_pass` chooses the highest, of equals the latest.
            changed: returns the number of changed mask pixels and the size of the new mask, from the
                probabilities before and after a pass.

        Returns:
            The records of all passes, coarse first, and the index of the chosen pass.
        """
        probabilities, record = forward(previous)
        passes = [record]
        for _ in range(self.refinements(click_number)):
            before = probabilities
            probabilities, record = forward(before)
            passes.append(record)
            if self.adaptive and self._stops(*changed(before, probabilities)):
                break
        last = len(passes) - 1
        if not self.best_pass:
            return passes, last
        return passes, max(range(last, -1, -1), key=lambda index: rating(passes[index]))

    def _stops(self, changed: int, size: int) -> bool:
        return changed <= max(self.min_change_pixels, self.min_change_ratio * size)


_OLDER_NAMES = {"tolerance": "min_change_pixels", "settled": "min_change_ratio", "close_up": "close_ups"}


def _with_current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with the names of older versions replaced."""
    renamed = {_OLDER_NAMES.get(name, name): value for name, value in values.items()}
    if "every_click" in renamed:
        every_click = renamed.pop("every_click")
        if not isinstance(every_click, bool):
            raise Refusal(
                "The setting {name!r} must be true or false, not {value!r:.40}.",
                name="every_click",
                value=every_click,
            )
        renamed["cf_clicks"] = None if every_click else 1
    return renamed
