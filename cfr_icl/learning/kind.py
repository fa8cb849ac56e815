"""Describe the kind of a person's pictures, on which the network that learnt from them predicts.

The descriptions of pictures of all sorts are modelled by their mean and covariance, those of a person's
pictures by their mean alone (Fisher's linear discriminant). A score is a place along the direction that
parts the two, in standard deviations of pictures of all sorts from their mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from cfr_icl.models.learnt import Descriptor, Kind
from cfr_icl.weights.loading import EMBEDDED
from cfr_icl.weights.names import WEIGHTS_NAME

OTHER_PICTURES = EMBEDDED / "other_pictures.safetensors"
PREFIX = "encoder."
"""Beginning of the names of the embedded network's weights that are its encoder's."""
AXES = 64
"""Directions in which pictures of all sorts differ most, whose variances are stored one by one."""
USUAL = 2.6
"""Score above which 1 of 200 pictures of all sorts would lie if scores were normally distributed."""
MISSED = 0.05
"""Share of the person's pictures that may score lower than the `own` side of the threshold."""


@dataclass(frozen=True)
class OtherPictures:
    """Mean and covariance of the descriptions of pictures of all sorts.

    Attributes:
        mean: float32 (D,).
        axes, variances: the AXES first eigenvectors of the covariance, (AXES, D), and their eigenvalues.
        rest: the mean of the other eigenvalues, ().
    """

    mean: torch.Tensor
    axes: torch.Tensor
    variances: torch.Tensor
    rest: torch.Tensor

    @classmethod
    def of(cls, descriptions: torch.Tensor) -> OtherPictures:
        """Measure descriptions (N, D) of pictures of all sorts."""
        values, vectors = torch.linalg.eigh(torch.cov(descriptions.double().T))
        rest = values[:-AXES].mean()
        parts = descriptions.double().mean(0), vectors[:, -AXES:].T, values[-AXES:], rest
        return cls(*(part.float().contiguous() for part in parts))

    @classmethod
    def of_package(cls) -> OtherPictures:
        """Those that the package brings, made by training/other_pictures.py."""
        return cls(**load_file(OTHER_PICTURES))

    def to_tensors(self) -> dict[str, torch.Tensor]:
        return asdict(self)

    def direction(self, descriptions: torch.Tensor) -> torch.Tensor:
        """The direction (D,) from pictures of all sorts to these descriptions (N, D), in units of scores."""
        difference = descriptions.mean(0) - self.mean
        along = self.axes @ difference
        towards = self.axes.T @ (along / self.variances) + (difference - self.axes.T @ along) / self.rest
        return towards / (towards @ difference).clamp(min=1e-12).sqrt()


def kind_of(own: Sequence[torch.Tensor], others: Sequence[torch.Tensor] = ()) -> tuple[torch.Tensor, float]:
    """The direction and the threshold of a `Kind`.

    The threshold lies in the middle between what nearly all of the own pictures exceed, each scored without
    itself, and what hardly any picture of all sorts exceeds, nor any of the others.

    Args:
        own: descriptions of the person's pictures, one at least.
        others: descriptions of pictures for which the starting network is to predict.
    """
    of_all_sorts = OtherPictures.of_package()
    rows = torch.stack(list(own))
    scores = [
        float((row - of_all_sorts.mean) @ of_all_sorts.direction(torch.cat([rows[:n], rows[n + 1 :]])))
        for n, row in enumerate(rows)
        if len(rows) > 1
    ]
    direction = of_all_sorts.direction(rows)
    away = max([USUAL, *(float((row - of_all_sorts.mean) @ direction) for row in others)])
    middle = (float(np.quantile(scores or [USUAL], MISSED)) + away) / 2
    return direction, middle + float(of_all_sorts.mean @ direction)


def learn_kind(pictures: Iterable[np.ndarray], others: Iterable[np.ndarray] = ()) -> Kind:
    """The kind of these pictures, uint8 (H, W, 3); `others` are pictures that it should not accept."""
    kind = Kind()
    kind.descriptor.load_state_dict(embedded_descriptor().state_dict())
    own, away = ([kind.descriptor(picture) for picture in some] for some in (pictures, others))
    kind.direction, threshold = kind_of(own, away)
    kind.threshold = torch.tensor(threshold)
    return kind


def embedded_descriptor() -> Descriptor:
    """The descriptor with the weights of the embedded network's encoder."""
    descriptor = Descriptor()
    with safe_open(EMBEDDED / WEIGHTS_NAME, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith(PREFIX)]  # noqa: SIM118  no mapping
        weights = {name.removeprefix(PREFIX): file.get_tensor(name).float() for name in names}
    descriptor.encoder.load_state_dict(weights)
    return descriptor
