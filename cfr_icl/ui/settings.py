"""The settings of the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.document import Attribute, Label
from cfr_icl.pictures.decoding import MAX_MEGAPIXELS
from cfr_icl.remote import Predict
from cfr_icl.workers.pool import WorkerPool


@dataclass(frozen=True)
class Settings:
    """The settings with which the app is started."""

    model: Any = None
    """The network; None for the first of the menu, which is then loaded at its first use."""
    steps: int = 4
    """CFR steps at the start, 0 to 10."""
    examples: Sequence[Path] = ()
    max_megapixels: float = MAX_MEGAPIXELS
    labels: Sequence[Label] = ()
    """The list of labels at the start, in the order of their class numbers."""
    attributes: Sequence[Attribute] = ()
    """Definitions of attributes at the start."""
    folder: Folder | None = None
    """The folder of pictures to annotate; None if users open their own pictures."""
    remote: Predict | None = None
    """Predicts in one GPU call, on services such as ZeroGPU; None to predict in this process."""
    workers: WorkerPool | None = None
    """Networks in other processes that answer in place of one of this process; None for none."""
    menu: Mapping[str, Any] = field(default_factory=dict)
    """Networks that a page may switch to, by name, `model` first. Reading one may load it."""
