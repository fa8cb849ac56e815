"""The model that a page uses: switching it, learning from the folder, and the part of replies about both."""

from __future__ import annotations

from typing import Any

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.session.session import Session
from cfr_icl.ui.learning import LEARNT
from cfr_icl.ui.protocol.action import Action
from cfr_icl.ui.protocol.replies import Learning
from cfr_icl.ui.shared import Shared


class ModelInUse:
    """The first model of the menu, until the person switches to another one."""

    def __init__(self, shared: Shared) -> None:
        self._menu = shared.settings.menu
        self._models = shared.models
        self._learning = shared.learning
        self.predictor = shared.models.predictor()
        self._name = next(iter(self._menu), None)
        self._learnt_version = 0
        """Version of the learnt model when the page began to use its model."""
        self._sent_cost: dict[str, Any] | None = None
        self._sent_learning: Learning | None = None

    @property
    def first(self) -> str:
        """Name of the first model of the menu."""
        return next(iter(self._menu))

    @property
    def is_gone(self) -> bool:
        """Whether the menu has lost the model: a learnt one that was thrown away."""
        return self._name is not None and bool(self._menu) and self._name not in self._menu

    def switch(self, name: str, session: Session) -> None:
        """Load a model of the menu, and predict the session's active object with it.

        Raises:
            ActionError: for an unknown name, or a model that cannot be loaded.
        """
        version = self._learning.version if self._learning else 0
        predictor = self._models.predictor(name)
        predictor.load()
        session.switch_predictor(predictor)
        self.predictor, self._name, self._learnt_version = predictor, name, version

    def learn(self, action: Action) -> None:
        """Start, stop or forget learning; raises ActionError without a folder."""
        if self._learning is None:
            raise ActionError("There is no folder of pictures to learn from.")
        self._learning.act(action)

    def describe(self, language: str, same_page: bool) -> dict[str, Any]:
        """The fields of a `replies.Reply` about the model and about learning.

        Args:
            same_page: whether the browser has the last reply, so that it needs only the changes.
        """
        fields: dict[str, Any] = {}
        if self._name is not None:
            fields["model"] = self._name
        if self.predictor.takes_coordinates:
            fields["takes_coordinates"] = True
        cost = self.predictor.cost
        if cost and (cost != self._sent_cost or not same_page):
            fields["model_cost"] = self._sent_cost = cost
        if self._learning:
            version = self._learnt_version if self._name == LEARNT else None
            learning = self._learning.describe(language, version)
            if not (same_page and learning == self._sent_learning):
                fields["learning"] = self._sent_learning = learning
        return fields
