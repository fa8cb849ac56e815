"""The objects that all pages of a process share."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from gradio.utils import get_upload_folder

from cfr_icl.ui.learning import ServerLearning, learning_of
from cfr_icl.ui.models import Models
from cfr_icl.ui.settings import Settings

JOBS_AT_ONCE = 2
"""Exports of whole folders that run at the same time."""


@dataclass(frozen=True)
class Shared:
    """The objects that all pages of a process share.

    Attributes:
        settings: the settings of the app.
        uploads: the folder in which uploaded files are stored and from which they are served.
        models: the networks.
        learning: learning from the folder's finished pictures; None where that cannot be.
        jobs: runs exports of whole folders.
    """

    settings: Settings
    uploads: Path
    models: Models
    learning: ServerLearning | None
    jobs: Executor

    @classmethod
    def of(cls, settings: Settings, uploads: Path | None = None) -> Shared:
        """Make all of it; `uploads` is None for Gradio's folder."""
        uploads = uploads or Path(get_upload_folder())
        jobs = ThreadPoolExecutor(JOBS_AT_ONCE, "job")
        return cls(settings, uploads, Models(settings), learning_of(settings), jobs)
