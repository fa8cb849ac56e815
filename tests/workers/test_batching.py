"""Windows of several people in one run of the network: the same masks in fewer runs."""

import threading
import time

import numpy as np
import pytest
import torch

from cfr_icl import Segmenter, load_model
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.models.promptable import PromptableModel
from cfr_icl.workers.batching import BatchedNetwork
from cfr_icl.workers.pool import WorkerPool
from tests.stand_in import ColourModel


class Gated(ColourModel):
    """Counts the entries of each run; the first one waits."""

    def __init__(self, largest=100):
        super().__init__()
        self.reached, self.gate = threading.Event(), threading.Event()
        self.runs = []
        self.largest = largest

    def decode(self, features, prompt_maps):
        self.reached.set()
        self.gate.wait(30)
        self.runs.append(len(prompt_maps))
        if len(prompt_maps) > self.largest:
            raise torch.OutOfMemoryError("The batch is too large.")
        return super().decode(features, prompt_maps)


def together(numbers, function):
    """What the function returns or raises for each number, called in threads at once."""
    found = {}

    def call(number):
        try:
            found[number] = function(number)
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=call, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    return found, threads


def pages(model, picture, count, x=30):
    segmenters = [Segmenter(model) for _ in range(count)]
    for number, segmenter in enumerate(segmenters):
        segmenter.set_image(np.roll(picture, 2 * number, axis=1).copy())
    return segmenters, lambda n: segmenters[n].predict([Click(x + 2 * n, 40)], cfr=CascadeForward(steps=1))


@pytest.mark.parametrize("largest", [100, 2], ids=["fits", "does not fit into memory"])
def test_waiting_windows_are_computed_in_one_batch_with_the_same_masks(picture, largest):
    model = Gated(largest)
    network = BatchedNetwork(model, most=3)
    segmenters, predict = pages(model, picture, 5)
    for segmenter in segmenters:
        segmenter.prepare()
    found, threads = together(range(1), predict)
    model.reached.wait(30)
    others, more = together(range(1, 5), predict)
    while network.waiting < 4:
        time.sleep(0.01)
    model.gate.set()
    for thread in threads + more:
        thread.join()
    found.update(others)
    assert model.runs[0] == 2 and model.runs[1] == 6  # windows and their mirror images
    alone = Gated()
    alone.gate.set()
    for number, expected in enumerate(map(pages(alone, picture, 5)[1], range(5))):
        assert np.array_equal(found[number].probabilities, expected.probabilities)
    assert sum(size for size in model.runs if size <= largest) == sum(alone.runs)
    assert largest < 100 or len(model.runs) < len(alone.runs)


def test_an_error_of_a_window_fails_its_own_call_alone(picture):
    class Picky(ColourModel):
        def decode(self, features, prompt_maps):
            if (features[:, 0].amax((1, 2)) == 0).any():
                raise ValueError("A black picture.")
            return super().decode(features, prompt_maps)

    model = Picky()
    BatchedNetwork(model, most=8)
    segmenters, predict = pages(model, picture, 3)
    segmenters[1].set_image(np.zeros_like(picture))
    found, threads = together(range(3), predict)
    for thread in threads:
        thread.join()
    assert str(found[1]) == "A black picture." and found[0].mask.any() and found[2].mask.any()


def test_networks_that_take_coordinates_are_refused():
    class Coordinates(PromptableModel):
        encode = frame = predict_masks = None

    model = Coordinates.__new__(Coordinates)
    torch.nn.Module.__init__(model)
    model.config = ColourModel().config
    with pytest.raises(ValueError, match="leave out --together"):
        BatchedNetwork(model, 4)


def test_people_at_one_worker_get_the_masks_of_a_network_of_their_own(start, picture):
    model = load_model("embedded", "cpu", "float32", engine="torch")
    _, predict = pages(model, picture, 3)
    expected = [predict(number).mask for number in range(3)]
    BatchedNetwork(model, 3)
    pool = WorkerPool([start(lambda: Segmenter(model), together=3).url])
    far = [pool.predictor() for _ in expected]
    for number, predictor in enumerate(far):
        predictor.set_image(np.roll(picture, 2 * number, axis=1).copy())
    found, threads = together(
        range(3), lambda n: far[n].predict([Click(30 + 2 * n, 40)], cfr=CascadeForward(steps=1)).mask
    )
    for thread in threads:
        thread.join()
    for number, mask in enumerate(expected):
        assert mask.any() and (mask & found[number]).sum() >= 0.999 * (mask | found[number]).sum()
