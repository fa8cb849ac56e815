"""The whole annotator as a component for your own Blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.pictures.decoding import MAX_MEGAPIXELS
from cfr_icl.ui.blocks import annotator
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.weights.menu import ModelMenu


@dataclass(frozen=True)
class ObjectChange:
    """An object that was made, changed or deleted."""

    picture: str
    """Name of the picture."""
    id: int
    """Number of the object in its picture, from 1."""
    label: str | None
    """None for an object that was deleted."""
    mask: np.ndarray
    """Pixels of the object, bool (H, W); all False when it was deleted."""


class Annotator:
    """The annotator with all its tools; construct it at its place in the layout, in `with gr.Blocks():`.

    Each visitor has a page of their own; all share the network, which is loaded at the first click.
    Start the Blocks with `cfr_icl.ui.launch` for the page in the visitor's language.

    Args:
        weights: sources of models, as `load_model` takes them; several make a menu, the first one is chosen.
        examples: picture files to choose from.
        steps: CFR steps at the start, 0 to 10.
        max_megapixels: largest picture that is taken.
        height: CSS height of the annotator; None for the height of the window.

    Example:
        >>> with gr.Blocks() as demo:
        ...     annotator = Annotator(examples=["cup.jpg"])
        ...     mask = gr.Image(format="png")
        ...     annotator.change(lambda change: change.mask.astype(np.uint8) * 255, outputs=mask)
        >>> launch(demo)
    """

    def __init__(
        self,
        weights: str | Sequence[str] = "embedded",
        *,
        examples: Sequence[str | Path] = (),
        steps: int = 4,
        max_megapixels: float = MAX_MEGAPIXELS,
        height: str | None = "720px",
    ) -> None:
        menu = ModelMenu([weights] if isinstance(weights, str) else list(weights))
        pictures = [Path(example) for example in examples]
        self.server = Server(
            Settings(menu=menu, examples=pictures, steps=steps, max_megapixels=max_megapixels)
        )
        self.component = annotator(self.server, height=height, tells_changes=True)

    def change(
        self, function: Callable[..., Any], inputs: Any = None, outputs: Any = None, **options: Any
    ) -> Any:
        """Call `function(change, *inputs)` for each changed object, and show its return values in `outputs`.

        Args:
            function: takes an `ObjectChange` and the values of `inputs`; returns those of `outputs`.
            inputs, outputs: components, as in Gradio's events.
            options: further options of Gradio's events. Calls run one after another.
        """

        def changed(event: gr.EventData, *values: Any) -> Iterator[Any]:
            for change in self.changes(event._data):
                yield function(change, *values)

        options = {"trigger_mode": "multiple", "api_visibility": "private", **options}
        return self.component.change(changed, inputs, outputs, **options)

    def changes(self, data: Any) -> list[ObjectChange]:
        """The current state of the objects whose ids a page sent as changed.

        Args:
            data: {"page": token, "ids": [number, ...]} from a browser, untrusted.
        """
        token, ids = (data.get("page"), data.get("ids")) if isinstance(data, dict) else (None, None)
        page = self.server.pages.find(token) if isinstance(token, str) else None
        if page is None or not page.session.has_picture or not isinstance(ids, list):
            return []
        session = page.session
        objects = {instance.id: instance for instance in session.document.instances}
        empty = Mask.empty(*session.size)
        return [
            ObjectChange(session.name, id, instance.label, instance.mask.pixels)
            if (instance := objects.get(id))
            else ObjectChange(session.name, id, None, empty.pixels)
            for id in dict.fromkeys(ids[:1000])
            if type(id) is int and 0 < id < session.document.next_id
        ]
