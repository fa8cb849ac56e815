"""Learn from finished pictures: hold out, count clicks, adapt, count again, accept what is better."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from cfr_icl.annotate.learning.state import (
    AFTER,
    BEFORE,
    FINISHED,
    LEARNING,
    READING,
    RUN,
    Comparison,
    LearningState,
)
from cfr_icl.annotate.pictures.decoding import PictureError, open_picture
from cfr_icl.data.samples import Dataset
from cfr_icl.files import remove_unfinished, write_atomically
from cfr_icl.learning.adapt import Adaptation
from cfr_icl.learning.adapt_checkpoint import finish, read_checkpoint
from cfr_icl.learning.adapt_config import AdaptConfig, config_for
from cfr_icl.learning.average import Weights, mixed
from cfr_icl.learning.budget import Budget
from cfr_icl.learning.comparison import Ious, compare
from cfr_icl.learning.count_clicks import HeldOut, QuickScore, held_out_objects, read_objects, sessions
from cfr_icl.learning.held_out import hold_out
from cfr_icl.learning.kind import learn_kind
from cfr_icl.learning.own_pictures import LearnError, OwnPictures, Part
from cfr_icl.models.base import InteractiveModel, ModelConfig
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.digest import weights_digest
from cfr_icl.models.learnt import Kind, LearntModel
from cfr_icl.models.map_model import MapModel
from cfr_icl.sentences import Sentence
from cfr_icl.weights.learnt import is_learnt, start_of, write_kind
from cfr_icl.weights.loading import find_model, load_model
from cfr_icl.weights.names import CONFIG_NAME, WEIGHTS_NAME
from cfr_icl.weights.saving import copy_model, halved_without_loss, save_weights

BEFORE_FILE = "before.json"
FEWEST_PICTURES = 5
SHARES = (1.0, 0.75, 0.5)
"""Parts of the way from the first weights to the learnt ones that are tried; averages may be better."""
NEARLY = 0.005
"""Mean IoU on held-out objects that is given up for weights nearer to the first ones."""
COUNTING = 0.12
"""Part of the minutes for each count of clicks."""
TELL_SECONDS = 1.0


class OtherStartError(LearnError):
    """What was learnt began with another model than the one that is given."""


@dataclass
class Learning:
    """One run, or the rest of one that was stopped.

    Attributes:
        dataset: finished pictures, as `open_own_pictures` gives them.
        source: the model that everything began with, as for `load_model`; weights are drawn back to it.
        out: folder for the learnt model; what the run needs beside it is in `out/run`.
        minutes: for everything, on this machine.
        tell: called with the state now and then; what it raises stops the run, which can go on later.
        config: how to adapt; None for what suits the network.
        remember: files of pictures of other things, for which the starting model is to predict.
        sentences: what was left out, for the person.
    """

    dataset: Dataset
    source: str
    out: Path
    minutes: float
    tell: Callable[[LearningState], None] = lambda state: None
    config: AdaptConfig | None = None
    remember: Sequence[Path] = ()
    sentences: list[Sentence] = field(default_factory=list)

    def run(self) -> Comparison:
        """Learn, and put the model into `out` if it is better than the one there, or else than the source.

        Raises:
            LearnError: when there is too little to learn from, or `out` went on from another model.
            ValueError, OSError: for a model that cannot be trained, and files that cannot be written.
        """
        self._begun = self._told = time.monotonic()
        remove_unfinished(self.out)
        network = self._trainable()
        first = {name: value.clone() for name, value in network.state_dict().items()}
        digest = weights_digest(network)
        earlier = read_checkpoint(self._folder) or {}
        if earlier.get("digest", digest) != digest:
            raise OtherStartError(
                "{out} went on from another model than {source}; choose another folder, or remove it.",
                out=str(self.out),
                source=self.source,
            )
        pictures = OwnPictures(self.dataset, lambda done, count: self._say(READING, done / count))
        self.sentences += pictures.sentences
        if len(pictures) < FEWEST_PICTURES:
            raise LearnError(
                "Learning needs {fewest} finished pictures with objects; there are {count}.",
                fewest=FEWEST_PICTURES,
                count=len(pictures),
            )
        held_out = hold_out(pictures.names, earlier.get("held_out", ()), earlier.get("learnt", ()))
        learnt = [name for name in pictures.names if name not in held_out]
        round_ = earlier.get("round", 1) + bool(earlier.get("finished"))
        note = {"digest": digest, "held_out": held_out, "learnt": learnt, "round": round_}
        before = self._clicks_before(pictures, note)
        if earlier.get("finished"):
            network.load_state_dict(earlier["weights"])
        learning = Part(pictures, [pictures.names.index(name) for name in learnt])
        teacher = cast(MapModel, load_model(self.source, "cpu", "float32"))  # as the network that learns
        size = network.config.zoom.size
        score = QuickScore(teacher, read_objects(pictures, held_out_objects(pictures, held_out)), size)
        kind = self._kind(learning)
        config = self.config or config_for(network)
        adaptation = Adaptation(network, first, config, self._folder, note)
        budget = Budget(self._seconds_for_learning())
        self._budget = budget
        best, steps = adaptation.run(learning, teacher, budget, score, self._say_learning)
        weights = self._mixed(first, best, score)
        save_weights(network.config, halved_without_loss(weights), self._folder / "model", dtype=None)
        learnt_model = load_model(self._folder / "model", "cpu")
        found_after = self._count(
            LearntModel(learnt_model, load_model(self.source, "cpu"), kind), pictures, list(before), AFTER
        )
        found = compare(before, found_after, pictures, held_out, steps, budget.used / 60)
        if found.better:
            self._write(network.config, weights, kind)
        finish(self._folder, weights, note)
        (self._folder / BEFORE_FILE).unlink(missing_ok=True)
        self.tell(LearningState(stage=FINISHED, progress=1.0, seconds_left=0.0, comparison=found))
        return found

    def _trainable(self) -> MapModel:
        if is_learnt(self.source):
            raise LearnError(
                "{source} has learnt already: name the model that it began with; with --out {source} it "
                "learns more.",
                source=self.source,
            )
        try:
            network = load_model(self.source, "cpu", "float32", trainable=True)
        except ValueError as error:
            raise LearnError("{source} cannot learn: {error}", source=self.source, error=error) from error
        if isinstance(network, CompactNet):
            network.answer_first_clicks(by_branch=False)  # the branch that learns answers them
        return network

    @property
    def _folder(self) -> Path:
        return self.out / RUN

    def _clicks_before(self, pictures: OwnPictures, note: dict[str, Any]) -> Ious:
        """Count clicks with the model in use, unless the run that goes on has done so."""
        objects = held_out_objects(pictures, note["held_out"])
        file = self._folder / BEFORE_FILE
        if file.is_file():
            stored = json.loads(file.read_text(encoding="utf-8"))
            if stored["note"] == note:
                return {HeldOut(*key): ious for key, ious in stored["ious"]}
        in_use = self.out if (self.out / WEIGHTS_NAME).is_file() else self.source
        found = self._count(load_model(str(in_use), "cpu"), pictures, objects, BEFORE)
        if not found:
            raise LearnError("The pictures that are learnt from are not there any more.")
        ious = [[[held.picture, held.object], values] for held, values in found.items()]
        write_atomically(file, json.dumps({"note": note, "ious": ious}))
        return found

    def _count(
        self, model: InteractiveModel, pictures: OwnPictures, objects: Sequence[HeldOut], stage: str
    ) -> Ious:
        seconds = COUNTING * 60 * self.minutes if stage == BEFORE else float("inf")
        said = sessions(
            model, pictures, objects, lambda done: self._say(stage, done / max(1, len(objects))), seconds
        )
        self._count_began = time.monotonic()
        found = dict(said)
        self._counting = time.monotonic() - self._count_began
        return found

    def _seconds_for_learning(self) -> float:
        """What is left of the minutes when clicks are counted once more; half of them at least."""
        used = time.monotonic() - self._begun
        return max(60 * self.minutes - used - self._counting, 30 * self.minutes)

    _counting = 0.0
    """Seconds that the last count of clicks took."""
    _stage = ""

    def _mixed(self, first: Weights, best: Weights, score: QuickScore) -> Weights:
        """The mixture nearest to the first weights that is nearly as good as any on held-out objects."""
        network = load_model(self.source, "cpu", "float32", trainable=True)
        found = []
        for share in SHARES:
            weights = mixed(first, best, share)
            network.load_state_dict(weights)
            found.append((score(network), weights))
        good = max(quality for quality, _ in found) - NEARLY
        return [weights for quality, weights in found if quality >= good][-1]

    def _kind(self, learning: Part) -> Kind:
        """The kind of the pictures that are learnt from; those that cannot be read any more do not count."""
        own = (sample.image for sample in map(learning.__getitem__, range(len(learning))) if sample.gt_masks)
        return learn_kind(own, (pixels for path in self.remember if (pixels := _read(path)) is not None))

    def _write(self, config: ModelConfig, weights: Weights, kind: Kind) -> None:
        """Write the model; its weights, without which it is none, last."""
        if not (start_of(self.out) / CONFIG_NAME).is_file():
            copy_model(*find_model(self.source), start_of(self.out))
        write_kind(kind, self.out)
        save_weights(config, halved_without_loss(weights), self.out, dtype=None)

    # ---- what is told

    def _say_learning(self, step: int, progress: float) -> None:
        self._say(LEARNING, progress)

    def _say(self, stage: str, part: float) -> None:
        """Tell the stage, and how much of the whole is over; within a stage once in TELL_SECONDS."""
        now = time.monotonic()
        if stage == self._stage and now < self._told + TELL_SECONDS:
            return
        self._told, self._stage = now, stage
        begin, end = SPANS[stage]
        left = None
        if stage == LEARNING:
            left = max(0.0, self._budget.seconds - self._budget.used) + self._counting
        elif stage in (READING, BEFORE):
            left = max(0.0, 60 * self.minutes - (now - self._begun))
        elif part:
            left = (now - self._count_began) * (1 - part) / part
        self.tell(LearningState(stage=stage, progress=begin + part * (end - begin), seconds_left=left))


def _read(path: Path) -> np.ndarray | None:
    """The pixels of a picture; None for one that cannot be read."""
    try:
        return open_picture(path).pixels
    except (PictureError, OSError):
        return None


SPANS = {READING: (0.0, 0.03), BEFORE: (0.03, 0.15), LEARNING: (0.15, 0.9), AFTER: (0.9, 1.0)}
"""The part of a run that each stage takes, roughly."""
