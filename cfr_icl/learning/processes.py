"""The processes of one training run, on one machine or many: together they do what one alone would do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from accelerate import Accelerator

OBJECTS = "objects"
"""Entry of a batch's figures: the number of objects that they are means of."""


class LostProcessError(ConnectionError):
    """Another process of the run ended or cannot be reached; the message is one sentence."""


@contextmanager
def lost_process_in_a_sentence(accelerator: Accelerator) -> Iterator[None]:
    """Raise LostProcessError for the error of gloo or NCCL when another process is lost."""
    try:
        yield
    except RuntimeError as error:
        network = re.search("gloo|nccl|connection|store", str(error), re.IGNORECASE)
        if accelerator.num_processes == 1 or not network:
            raise
        raise LostProcessError(
            f"One of the {accelerator.num_processes} processes of the run is lost; start all of them again "
            "with the same command, and the run resumes."
        ) from error


def require_equal(accelerator: Accelerator, step: int) -> None:
    """Check that all processes resume from one checkpoint.

    Args:
        step: the steps that this process's checkpoint has done.

    Raises:
        ValueError: when they differ: the folder of the run is not the same one for all machines.
    """
    if accelerator.num_processes == 1:
        return
    steps = accelerator.gather(torch.tensor([step], device=accelerator.device)).tolist()
    if len(set(steps)) > 1:
        raise ValueError(
            "All machines of a run need one folder in common for --out; the checkpoints there are after "
            f"{', '.join(map(str, sorted(set(steps))))} steps."
        )


def means_of_all(figures: Mapping[str, float], accelerator: Accelerator) -> tuple[dict[str, float], float]:
    """Average the figures of a batch over the objects of all processes.

    Args:
        figures: means over this process's objects, and their number (`OBJECTS`).

    Returns:
        The means over all objects, and the weight of this process's loss. Gradients are averaged over the
        processes; with this weight, that is the gradient of the mean over all objects.
    """
    means = {name: value for name, value in figures.items() if name != OBJECTS}
    if accelerator.num_processes == 1:
        return means, 1.0
    count = figures[OBJECTS]
    sums = torch.tensor([count, *(count * value for value in means.values())], device=accelerator.device)
    total, *rest = accelerator.reduce(sums, reduction="sum").tolist()
    return (
        {name: value / total for name, value in zip(means, rest, strict=True)},
        count * accelerator.num_processes / total,
    )
