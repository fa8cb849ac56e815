"""Learn from finished pictures: hold out, count clicks, adapt, count again, keep the better model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from cfr_icl.annotate.learning.state import (
    CHOOSING,
    LEARNING,
    READING,
    RUN,
    Comparison,
    LearningState,
)
from cfr_icl.data.samples import Dataset
from cfr_icl.files import remove_unfinished, write_atomically
from cfr_icl.learning.adapt import Adaptation
from cfr_icl.learning.adapt_checkpoint import finish, read_checkpoint
from cfr_icl.learning.adapt_config import AdaptConfig, config_for
from cfr_icl.learning.average import Weights, mixed
from cfr_icl.learning.budget import Budget
from cfr_icl.learning.comparison import Ious, compare
from cfr_icl.learning.count_clicks import (
    HeldOut,
    QuickScore,
    held_out_objects,
    read_objects,
)
from cfr_icl.learning.held_out import hold_out
from cfr_icl.learning.kind import learn_kind
from cfr_icl.learning.own_pictures import LearnError, OwnPictures, Part
from cfr_icl.learning.progress import Progress
from cfr_icl.learning.timed_counts import counts_after, counts_before
from cfr_icl.models.base import ModelConfig
from cfr_icl.models.digest import weights_digest
from cfr_icl.models.learnt import Kind, LearntModel
from cfr_icl.models.map_model import MapModel
from cfr_icl.pictures.decoding import PictureError, open_picture
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
        progress = Progress(self.tell, 60 * self.minutes)
        remove_unfinished(self.out)
        network = self._trainable()
        first = {name: value.clone() for name, value in network.state_dict().items()}
        digest = weights_digest(network)
        earlier = self._earlier_run(digest)
        pictures = self._read_pictures(progress)
        note = _note(digest, pictures.names, earlier)
        before = self._clicks_before(pictures, note, progress)
        if earlier.get("finished"):
            network.load_state_dict(earlier["weights"])
        learnt = Part(pictures, [pictures.names.index(name) for name in note["learnt"]])
        kind = self._kind(learnt)
        weights, steps, budget = self._adapt(network, first, pictures, learnt, note, progress)
        after = self._clicks_after(network.config, weights, kind, pictures, list(before), progress)
        comparison = compare(before, after, pictures, note["held_out"], steps, budget.used / 60)
        if comparison.better:
            self._write(network.config, weights, kind)
        finish(self._folder, weights, note)
        (self._folder / BEFORE_FILE).unlink(missing_ok=True)
        progress.finish(comparison)
        return comparison

    @property
    def _folder(self) -> Path:
        return self.out / RUN

    def _trainable(self) -> MapModel:
        """The source, ready to be trained."""
        if is_learnt(self.source):
            raise LearnError(
                "{source} has learnt already: name the model that it began with; with --out {source} it "
                "learns more.",
                source=self.source,
            )
        try:
            return load_model(self.source, "cpu", "float32", trainable=True)
        except ValueError as error:
            raise LearnError("{source} cannot learn: {error}", source=self.source, error=error) from error

    def _earlier_run(self, digest: str) -> dict[str, Any]:
        """The checkpoint of an earlier run, or of the part of this one before it was stopped; else {}."""
        earlier = read_checkpoint(self._folder) or {}
        if earlier.get("digest", digest) != digest:
            raise OtherStartError(
                "{out} went on from another model than {source}; choose another folder, or remove it.",
                out=str(self.out),
                source=self.source,
            )
        return earlier

    def _read_pictures(self, progress: Progress) -> OwnPictures:
        """The finished pictures; LearnError where there are too few."""
        pictures = OwnPictures(
            self.dataset, lambda done, count: progress.say(READING, done / count, progress.seconds_left)
        )
        self.sentences += pictures.sentences
        if len(pictures) < FEWEST_PICTURES:
            raise LearnError(
                "Learning needs {fewest} finished pictures with objects; there are {count}.",
                fewest=FEWEST_PICTURES,
                count=len(pictures),
            )
        return pictures

    def _clicks_before(self, pictures: OwnPictures, note: dict[str, Any], progress: Progress) -> Ious:
        """Count clicks with the model in use, unless the run that goes on has done so."""
        objects = held_out_objects(pictures, note["held_out"])
        file = self._folder / BEFORE_FILE
        if file.is_file():
            stored = json.loads(file.read_text(encoding="utf-8"))
            if stored["note"] == note:
                progress.count_seconds = stored.get("seconds", 0.0)
                return {HeldOut(*key): ious for key, ious in stored["ious"]}
        in_use = self.out if (self.out / WEIGHTS_NAME).is_file() else self.source
        model = load_model(str(in_use), "cpu")
        found, remarks = counts_before(model, pictures, objects, progress, self.minutes)
        self.sentences += remarks
        ious = [[[held.picture_index, held.object_index], values] for held, values in found.items()]
        stored = {"note": note, "ious": ious, "seconds": progress.count_seconds}
        write_atomically(file, json.dumps(stored))
        return found

    def _kind(self, learnt: Part) -> Kind:
        """The kind of the pictures that are learnt from; those that cannot be read any more do not count."""
        own = (sample.image for sample in map(learnt.__getitem__, range(len(learnt))) if sample.gt_masks)
        return learn_kind(own, (pixels for path in self.remember if (pixels := _read(path)) is not None))

    def _adapt(
        self,
        network: MapModel,
        first: Weights,
        pictures: OwnPictures,
        learnt: Part,
        note: dict[str, Any],
        progress: Progress,
    ) -> tuple[Weights, int, Budget]:
        """Adapt the network; return the weights to keep, the number of steps, and the budget of time."""
        teacher = cast(MapModel, load_model(self.source, "cpu", "float32"))  # as the network that learns
        objects = read_objects(pictures, held_out_objects(pictures, note["held_out"]))
        score = QuickScore(teacher, objects, network.config.zoom.size)
        progress.score_seconds = (len(SHARES) + 1) * score.seconds
        config = self.config or config_for(network)
        budget = Budget(progress.seconds_for_learning, config.steps)

        def say(step: int, part: float) -> None:
            scores = (len(SHARES) + 1) * score.seconds
            progress.say(LEARNING, part, budget.seconds_left(step) + scores + progress.count_seconds)

        def say_scores(done: int) -> None:
            scores = (len(SHARES) - done) * score.seconds
            progress.say(CHOOSING, done / len(SHARES), scores + progress.count_seconds)

        adaptation = Adaptation(network, first, config, self._folder, note)
        best, steps = adaptation.run(learnt, teacher, budget, score, say)
        trial = cast(MapModel, load_model(self.source, "cpu", "float32", trainable=True))
        return nearest_mixture(trial, first, best, score, say_scores), steps, budget

    def _clicks_after(
        self,
        config: ModelConfig,
        weights: Weights,
        kind: Kind,
        pictures: OwnPictures,
        objects: Sequence[HeldOut],
        progress: Progress,
    ) -> Ious:
        """Count clicks with the learnt model, which is written and read as the person will use it."""
        save_weights(config, halved_without_loss(weights), self._folder / "model", dtype=None)
        learnt = LearntModel(load_model(self._folder / "model", "cpu"), load_model(self.source, "cpu"), kind)
        return counts_after(learnt, pictures, objects, progress)

    def _write(self, config: ModelConfig, weights: Weights, kind: Kind) -> None:
        """Write the model; its weights, without which it is none, last."""
        if not (start_of(self.out) / CONFIG_NAME).is_file():
            copy_model(*find_model(self.source), start_of(self.out))
        write_kind(kind, self.out)
        save_weights(config, halved_without_loss(weights), self.out, dtype=None)


def nearest_mixture(
    network: MapModel,
    first: Weights,
    best: Weights,
    score: Callable[[MapModel], float],
    tell: Callable[[int], None] = lambda done: None,
) -> Weights:
    """The mixture nearest to the first weights that is nearly as good as any on held-out objects.

    Args:
        network: takes the weights of each mixture, for `score`.
        tell: called before each score with the number of those that are done.
    """
    found = []
    for done, share in enumerate(SHARES):
        tell(done)
        weights = mixed(first, best, share)
        network.load_state_dict(weights)
        found.append((score(network), weights))
    good = max(quality for quality, _ in found) - NEARLY
    return [weights for quality, weights in found if quality >= good][-1]


def _note(digest: str, names: Sequence[str], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored beside the weights: the start, pictures held out and learnt from, the round."""
    held_out = hold_out(names, earlier.get("held_out", ()), earlier.get("learnt", ()))
    return {
        "digest": digest,
        "held_out": held_out,
        "learnt": [name for name in names if name not in held_out],
        "round": earlier.get("round", 1) + bool(earlier.get("finished")),
    }


def _read(path: Path) -> np.ndarray | None:
    """The pixels of a picture; None for one that cannot be read."""
    try:
        return open_picture(path).pixels
    except (PictureError, OSError):
        return None
