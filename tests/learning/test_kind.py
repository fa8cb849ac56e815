"""A learnt model predicts on pictures of its kind alone; on all others it is the model that it began with."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

from cfr_icl import Click, Segmenter, load_model
from cfr_icl.cli.app import example_pictures
from cfr_icl.learning.kind import OTHER_PICTURES, embedded_descriptor, kind_of, learn_kind
from cfr_icl.models.digest import weights_digest
from cfr_icl.models.learnt import LearntModel
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.learnt import write_kind
from cfr_icl.weights.saving import save_model
from cfr_icl.workers.batching import BatchedNetwork
from tests.stand_in import ColourModel


class Everything(ColourModel):
    """Takes all of the picture, whatever is clicked."""

    def decode(self, features, prompt_maps):
        return torch.full_like(prompt_maps[:, :1], 9.0)


def boards(count):
    """Pictures of one kind: chequered, in various sizes, places and colours."""
    rng = np.random.default_rng(count)
    for _ in range(count):
        side, height, width = rng.integers(12, 24), *rng.integers(150, 250, 2)
        rows, columns = np.indices((height, width)) // side
        colours = rng.integers(0, 80, 3), rng.integers(170, 255, 3)
        yield np.where(((rows + columns) % 2)[..., None], *colours).astype(np.uint8)


@pytest.fixture(scope="module")
def kind():
    return learn_kind(boards(8))


@pytest.fixture(scope="module")
def examples():
    return [np.asarray(Image.open(path).convert("RGB")) for path in example_pictures()]


def test_new_pictures_of_the_kind_are_accepted_and_others_are_not(kind, examples):
    assert all(map(kind.accepts, boards(10)))
    assert not any(map(kind.accepts, examples))


def test_pictures_for_the_starting_model_raise_the_threshold_of_the_kind(kind):
    own = [kind.descriptor(picture) for picture in boards(6)]
    direction, threshold = kind_of(own)
    again, higher = kind_of(own, [own[0]])
    assert torch.equal(direction, again) and higher > threshold
    assert kind_of(own[:1])[1] == pytest.approx(kind_of(own[:1], [])[1])  # one picture is enough


def test_a_picture_of_another_kind_gets_the_starting_models_masks_bit_for_bit(kind, examples):
    start, learnt = ColourModel(size=48), Everything(size=48)
    segmenter = Segmenter(LearntModel(learnt, start, kind))
    for picture, expected in [(examples[0], start), (next(boards(1)), learnt), (examples[1], start)]:
        alone = Segmenter(expected)
        for each in (alone, segmenter):
            each.set_image(picture)
        for clicks in ([Click(40, 50)], [Click(40, 50), Click(90, 30, False)]):
            one, other = alone.predict(clicks), segmenter.predict(clicks)
            assert np.array_equal(one.probabilities, other.probabilities)
        assert segmenter.is_of_kind == (expected is learnt)
    assert Segmenter(start).is_of_kind is None


def test_windows_of_both_networks_are_joined(kind, examples):
    model = LearntModel(Everything(size=48), ColourModel(size=48), kind)
    expected = Segmenter(ColourModel(size=48))
    BatchedNetwork(model, 2)
    joined = Segmenter(model)
    for each in (expected, joined):
        each.set_image(examples[0])
    assert np.array_equal(expected.predict([Click(9, 9)]).mask, joined.predict([Click(9, 9)]).mask)


@pytest.fixture
def folder(tmp_path, tiny, kind):
    """A learnt model in a folder."""
    for number, name in enumerate(("learnt/start", "learnt")):
        torch.manual_seed(number)
        save_model(build_model(default_config("tiny")), tmp_path / name)
    write_kind(kind, tmp_path / "learnt")
    return tmp_path / "learnt"


def test_the_folder_of_a_learnt_model_holds_both_networks(folder, examples):
    model = load_model(folder)
    start = load_model(folder / "start")
    assert model.parameter_count == 2 * start.parameter_count
    assert weights_digest(model.for_picture(examples[0])) == weights_digest(start)
    assert weights_digest(model.for_picture(next(boards(1)))) != weights_digest(start)
    assert weights_digest(load_model(folder, trainable=True)) == weights_digest(model.learnt)


def test_a_folder_of_an_older_version_without_a_kind_still_opens(folder, examples):
    (folder / "kind.safetensors").unlink()
    model = load_model(folder)
    assert model.for_picture(examples[0]) is model


def test_damaged_files_of_a_learnt_model_are_refused_in_one_sentence(folder):
    for content in ({"threshold": torch.zeros(())}, {"threshold": torch.tensor(torch.nan)}):
        save_file(content, folder / "kind.safetensors")
        with pytest.raises(ValueError, match=r"damaged or of another version \([^\n]+\)\.$"):
            load_model(folder)
    (folder / "kind.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="damaged or of another version"):
        load_model(folder)
    (folder / "start" / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"start.* holds no config.json"):
        load_model(folder)


def test_stored_descriptors_of_other_pictures_are_of_the_embedded_encoder():
    with safe_open(OTHER_PICTURES, framework="pt") as file:
        made_with = file.metadata()["encoder"]
    assert made_with == weights_digest(embedded_descriptor()), "run training/other_pictures.py"
