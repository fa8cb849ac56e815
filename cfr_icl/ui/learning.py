"""Learning from the folder's finished pictures: actions of pages on its process, and the state they show."""

from __future__ import annotations

from dataclasses import asdict

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.learning.run import FolderLearning
from cfr_icl.annotate.learning.state import FINISHED
from cfr_icl.annotate.saved.session_files import DONE
from cfr_icl.ui.messages import translated
from cfr_icl.ui.protocol import page_actions as do
from cfr_icl.ui.protocol.action import Action
from cfr_icl.ui.protocol.replies import Learning
from cfr_icl.ui.settings import Settings
from cfr_icl.weights.menu import ModelMenu

NEEDED = 10
"""Finished pictures from which learning is offered."""
LEARNT = "learnt from this folder"
"""Name of the learnt model in the menu."""


class ServerLearning:
    """One process for all pages; its model joins the menu when it is better."""

    def __init__(self, folder: Folder, menu: ModelMenu) -> None:
        self._folder, self._menu = folder, menu
        self._run = FolderLearning(folder, next(iter(menu)))
        self._offered = False
        self.version = 0
        """Changes whenever another model is offered under the name."""
        if self._run.has_model:
            self._offer()

    def act(self, action: Action) -> None:
        """Start, stop or forget; raises StoreError."""
        match action:
            case do.Learn():
                self._run.start()
            case do.StopLearning():
                self._run.stop()
            case do.ForgetLearnt():
                self._run.forget()
                self._menu.withdraw(LEARNT)

    def describe(self, language: str, version: int | None = None) -> Learning:
        """The state of learning, with messages in a language.

        Args:
            version: the version of the learnt model that the page uses; None if it uses another model.
        """
        seen = self._run.look()
        state = seen.state
        if seen.running:
            self._offered = False
        comparison = state.comparison if state else None
        if state and state.stage == FINISHED and comparison and comparison.better and not self._offered:
            self._offer()
        left = state.seconds_left if state else None
        return {
            "finished": self._finished(),
            "needed": NEEDED,
            "running": seen.running,
            "stopping": seen.stopping,
            "elsewhere": seen.elsewhere,
            "stage": state.stage if state else None,
            "begun": self._run.has_checkpoint,
            "progress": round(state.progress, 2) if state else 0.0,
            "seconds_left": None if left is None else 60 * -(-left // 60),
            "message": translated(state.sentence, language) if state and state.sentence else None,
            "model": LEARNT if LEARNT in self._menu else None,
            "newer": version not in (None, self.version),
            "comparison": asdict(comparison) if comparison else None,
        }

    def _finished(self) -> int:
        """Number of finished pictures with objects: those that can be learnt from."""
        labels_of = self._folder.pictures.labels_of
        return sum(
            state == DONE and bool(labels_of.get(name))
            for name, state in self._folder.pictures.states.items()
        )

    def _offer(self) -> None:
        """Put the model into the menu, anew where it learnt more: pages that use it keep what they have."""
        self._menu.offer(LEARNT, str(self._run.out))
        self._offered = True
        self.version += 1


def learning_of(settings: Settings) -> ServerLearning | None:
    """Learning from the folder's pictures; None without a folder, and where models run elsewhere."""
    if settings.folder is None or settings.remote or not isinstance(settings.menu, ModelMenu):
        return None
    return ServerLearning(settings.folder, settings.menu)
