"""Learning that is killed at any moment: the model in use stays, nothing is half written, and it goes on."""

import multiprocessing
import os
import signal
from dataclasses import replace

import pytest
import torch

from cfr_icl.files import PREFIX
from cfr_icl.learning import adapt_checkpoint, comparison, learn, timed_counts
from cfr_icl.learning.adapt_checkpoint import read_checkpoint
from cfr_icl.learning.feature_pool import FeaturePool
from cfr_icl.learning.own_pictures import open_own_pictures
from cfr_icl.models.digest import weights_digest
from cfr_icl.models.learnt import LearntModel
from cfr_icl.models.registry import ARCHITECTURES, build_model, default_config
from cfr_icl.weights import saving
from cfr_icl.weights.loading import load_model
from cfr_icl.weights.saving import save_model
from tests.learning.tiny import ARCHITECTURE, QUICK

FIRST, SECOND, THIRD = 6, 4, 3
"""Clicks that the model needs before learning, after a first round, and after a second one."""


def digest(model):
    """A digest of the weights that learnt; the kind of pictures beside them may be of a later round."""
    return weights_digest(model.learnt if isinstance(model, LearntModel) else model)


def sessions_of(clicks):
    """A robot user who needs so many clicks with a model of this digest, and THIRD with others."""

    def sessions(model, pictures, objects, tell=None, *limits):
        count = clicks.get(digest(model), THIRD)
        return [(held, [0.5] * (count - 1) + [0.9]) for held in objects]

    return sessions


def learning(data, source, out):
    dataset = open_own_pictures(data / "images", data / "masks")
    return learn.Learning(dataset, source, out, 5, config=replace(QUICK, save_seconds=0))


def killed_at(call, function):
    """The function, within whose call of this number the process is killed before anything happens."""
    calls = iter(range(1, call))
    return lambda *args, **options: function(*args, **options) if next(calls, None) else kill()


def killed_within(call, function):
    """A function that writes a file: within the call of this number, half of it is written."""
    calls = iter(range(1, call))

    def write(content, file, *args, **options):
        function(content, file, *args, **options)
        if not next(calls, None):
            os.truncate(file, os.path.getsize(file) // 2)
            kill()

    return write


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


MOMENTS = {
    "features": (FeaturePool, "add", killed_at, 2),
    "training": (torch.nn.utils, "clip_grad_norm_", killed_at, 4),
    "writing the checkpoint": (adapt_checkpoint.torch, "save", killed_within, 3),
    "evaluation": (comparison, "clicks_of", killed_at, 1),
    "writing the model that is compared": (saving, "save_file", killed_within, 1),
    "writing the model": (saving, "save_file", killed_within, 2),
    "the model is written": (learn, "finish", killed_at, 1),
    "the run is finished": (learn.Path, "unlink", killed_at, 1),
}


def learn_until_killed(moment, clicks, *arguments):
    torch.set_num_threads(1)
    ARCHITECTURES["tiny"] = ARCHITECTURE
    timed_counts.sessions = sessions_of(clicks)
    owner, name, killed, call = MOMENTS[moment]
    setattr(owner, name, killed(call, getattr(owner, name)))
    learning(*arguments).run()


@pytest.mark.parametrize("moment", MOMENTS)
def test_learning_that_is_killed_keeps_the_old_model_and_resumes(moment, data, tmp_path, monkeypatch):
    source, out = str(tmp_path / "source"), tmp_path / "learnt"
    torch.manual_seed(0)
    save_model(build_model(default_config("tiny")), source)
    clicks = {weights_digest(load_model(source)): FIRST}
    monkeypatch.setattr(timed_counts, "sessions", lambda *given: sessions_of(clicks)(*given))
    assert learning(data, source, out).run().better
    old = digest(load_model(out))
    clicks[old] = SECOND

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.learning.test_killed"])
    child = context.Process(target=learn_until_killed, args=(moment, clicks, data, source, out))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL

    kept = digest(load_model(out))
    assert (kept == old) == (moment not in ("the model is written", "the run is finished"))
    finished = read_checkpoint(out / "run")["finished"]
    assert finished == (moment in ("features", "the run is finished"))
    found = learning(data, source, out).run()
    assert found.before == (THIRD if moment == "the run is finished" else SECOND)
    assert found.after == THIRD and found.steps == QUICK.steps
    assert not list(out.rglob(f"{PREFIX}*"))
