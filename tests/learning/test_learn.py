"""Learning from a person's own pictures: what is learnt from, what is kept, and when a model is accepted."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.learning.run import LOCK
from cfr_icl.annotate.learning.state import FAILED, FINISHED, LearningState, read_state
from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.cli.main import main
from cfr_icl.learning import adapt, budget, count_clicks, learn, progress, timed_counts
from cfr_icl.learning.adapt_checkpoint import read_checkpoint
from cfr_icl.learning.average import mixed
from cfr_icl.learning.bad_labels import why_bad
from cfr_icl.learning.held_out import hold_out
from cfr_icl.learning.own_pictures import LearnError, OwnPictures, Part, open_own_pictures
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.sentences import Sentence
from cfr_icl.weights.loading import load_model
from cfr_icl.weights.saving import save_model
from tests.learning.tiny import QUICK, learning


def test_a_model_that_needs_fewer_clicks_is_written_and_another_one_is_not(data, source, tmp_path, clicks):
    clicks(6, 6, 6, 4, 4, 3)
    assert not learning(data, source, tmp_path).run().better
    assert not (tmp_path / "learnt" / "model.safetensors").exists()
    found = learning(data, source, tmp_path).run()  # goes on
    assert (found.better, found.before, found.after, found.difference) == (True, 6, 4, -2)
    first = load_model(tmp_path / "learnt").state_dict()
    assert learning(data, source, tmp_path).run().before == 4  # against the model in use
    second = load_model(tmp_path / "learnt").state_dict()
    start, given = load_model(tmp_path / "learnt" / "start").state_dict(), load_model(source).state_dict()
    assert all(torch.equal(start[name], given[name]) for name in given)
    # byte for byte, so that its engines are not measured and exported again
    stored = [folder / "model.safetensors" for folder in (tmp_path / "learnt" / "start", Path(source))]
    assert stored[0].read_bytes() == stored[1].read_bytes()
    with pytest.raises(LearnError, match="has learnt already: name the model that it began with"):
        learning(data, str(tmp_path / "learnt"), tmp_path / "another").run()
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_fewer_clicks_without_better_first_ones_may_be_chance(data, source, tmp_path, clicks):
    clicks(9, 8)
    found = learning(data, source, tmp_path).run()
    assert found.difference == -1 and found.iou_gain == 0 and not found.better


def test_a_stopped_run_writes_no_model_and_resumes(data, source, tmp_path, clicks):
    steps = []

    def stop_at(step):
        def tell(state):
            if state.stage == "learning":
                steps.append(state.progress)
                if len(steps) == step:
                    raise KeyboardInterrupt

        return tell

    clicks(6, 4)  # counted before learning once, though the run is interrupted
    learn_now = learning(data, source, tmp_path, tell=stop_at(1))
    with pytest.raises(KeyboardInterrupt):
        learn_now.run()
    assert not (tmp_path / "learnt" / "model.safetensors").exists()
    before = read_checkpoint(tmp_path / "learnt" / "run")
    assert not before["finished"] and before["state"]["step"] >= 1
    found = learning(data, source, tmp_path).run()
    assert found.better and found.steps == QUICK.steps
    assert read_checkpoint(tmp_path / "learnt" / "run")["finished"]


class Clock:
    """In place of the module `time`."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def slow_clicks(monkeypatch):
    """A clock that stands still, except that a click takes 2.5 s, of 20 on each object."""
    clock = Clock()
    for module in (adapt, budget, count_clicks, progress, timed_counts):
        monkeypatch.setattr(module, "time", clock)

    def simulate(*arguments):
        *_, on_click = arguments
        for _ in range(20):
            clock.now += 2.5
            on_click()
        return SimpleNamespace(ious=[0.1] * 20)

    monkeypatch.setattr(count_clicks, "simulate", simulate)
    return clock


def test_a_model_that_is_slow_to_count_clicks_with_stays_within_its_minutes(
    data, source, tmp_path, slow_clicks
):
    steps = []

    def tell(state):
        if state.stage == "learning":
            steps.append(slow_clicks.now)
            slow_clicks.now += 5

    endless = replace(QUICK, steps=None, check_every=0.5)
    run = learning(data, source, tmp_path, tell=tell, config=endless)
    assert run.run().held_out_objects == 2  # of three; 24 % of the minutes are over after two of them
    assert slow_clicks.now <= 60 * run.minutes + 5 and len(steps) > 10
    assert [str(sentence) for sentence in run.sentences] == [
        "Clicks were counted on 2 held-out objects alone; more minutes allow more."
    ]


def test_a_stopped_run_leaves_time_to_count_again_when_it_goes_on(data, source, tmp_path, slow_clicks):
    def tell(state):
        if state.stage == "learning":
            slow_clicks.now += 5
            if slow_clicks.now < 150:
                raise KeyboardInterrupt

    run = learning(data, source, tmp_path, tell=tell, config=replace(QUICK, steps=None, check_every=0.5))
    with pytest.raises(KeyboardInterrupt):
        run.run()
    slow_clicks.now = begun = 1000.0
    learning(data, source, tmp_path, tell=tell, config=replace(QUICK, steps=None, check_every=0.5)).run()
    assert slow_clicks.now - begun <= 60 * run.minutes + 5


def test_a_run_of_few_steps_ends_before_its_minutes_and_tells_the_time_left(
    data, source, tmp_path, slow_clicks
):
    left = []

    def tell(state):
        if state.stage == "learning":
            left.append(state.seconds_left)
            slow_clicks.now += 10

    run = learning(data, source, tmp_path, tell=tell, config=replace(QUICK, steps=4, check_every=0.5))
    run.minutes = 60
    assert run.run().steps == 4
    assert slow_clicks.now < 60 * run.minutes / 2
    counting = 150  # again, after learning
    assert left[1:] == pytest.approx([counting + 10, counting + 20 / 3, counting])


def test_each_stage_is_told_and_the_time_left_stands_until_the_last(data, source, tmp_path):
    stages, left, progress = [], [], []

    def tell(state):
        stages.append(state.stage)
        left.append(state.seconds_left)
        progress.append(state.progress)

    learning(data, source, tmp_path, tell=tell).run()
    told = [stage for stage, before in zip(stages, [None, *stages], strict=False) if stage != before]
    assert told == ["reading", "before", "learning", "choosing", "after", "finished"]
    assert left[stages.index("choosing")] > 0
    assert progress == sorted(progress) and progress[-1] == 1


def test_the_used_part_of_a_budget_is_that_of_the_time_or_of_the_steps_whichever_is_more(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(budget, "time", clock)
    timed, capped = budget.Budget(100), budget.Budget(100, steps=10)
    assert (capped.progress(0), capped.seconds_left(0)) == (0, 100)
    clock.now = 20
    assert (timed.progress(5), timed.seconds_left(5)) == (0.2, 80)
    assert (capped.progress(5), capped.seconds_left(5)) == (0.5, 20)
    assert (capped.progress(1), capped.seconds_left(1)) == (0.2, 80)
    assert capped.progress(10) == 1 and capped.seconds_left(10) == 0
    none = budget.Budget(100, steps=0)
    assert none.progress(0) == 1 and none.seconds_left(0) == 0


def test_minutes_that_pass_with_counting_clicks_are_refused_with_those_that_are_needed(
    data, source, tmp_path, slow_clicks
):
    run = learning(data, source, tmp_path)
    run.minutes = 1
    with pytest.raises(LearnError, match=r"take this model 50 s here, .*: it needs 35 minutes or more, or"):
        run.run()
    assert slow_clicks.now < 20  # not even the first object is waited for


def test_held_out_pictures_stay_held_out_when_others_are_added(data, source, tmp_path, clicks):
    names = [f"picture{number}" for number in range(40)]
    first = hold_out(names[:20])
    assert len(first) == 5
    learnt = [name for name in names[:20] if name not in first]
    later = hold_out(names, first, learnt)
    assert set(first) < set(later) and len(later) == 10 and not set(later) & set(learnt)


def test_bad_labels_are_left_out_and_counted(data, source, tmp_path, clicks):
    path = data / "masks" / "picture1.png"
    labels = np.asarray(Image.open(path)).copy()
    labels[0, 0] = 7
    Image.fromarray(labels).save(path)
    Image.fromarray(np.ones_like(labels)).save(data / "masks" / "picture2.png")
    pictures = OwnPictures(open_own_pictures(data / "images", data / "masks"))
    # the small squares have 16 pixels
    assert pictures.dropped == {"speck": 6, "everything": 1} and "picture2" not in pictures.names
    region = np.zeros((40, 40), np.int8)
    assert why_bad(region) == "empty"
    region[10:20, 10:20] = 1
    assert why_bad(region) is None and why_bad(region.copy(), [region]) == "doubled"
    region[10:20, 10] = -1
    assert why_bad(np.where(region == 1, 1, -1)) == "everything"  # all that the annotation speaks of


def test_finished_pictures_of_a_work_folder_are_learnt_from(data, tmp_path):
    folder = Folder(data / "images", tmp_path / "work")
    pixels = np.zeros((64, 80), bool)
    pixels[5:45, 5:45] = True
    mask = Mask.of(pixels)
    thing = Instance(id=1, label="thing", colour="#123456", network_mask=mask, mask=mask)
    for number, done in enumerate((True, True, False)):
        document = Document(instances=(thing,), done=done, next_id=2)
        folder.save(f"picture{number}.png", document, (64, 80), 0)
    folder.save("picture3.png", Document(done=True), (64, 80), 0)
    pictures = OwnPictures(open_own_pictures(data / "images", tmp_path / "work"))
    assert pictures.names == ["picture0.png", "picture1.png"]
    assert np.array_equal(pictures[0].gt_masks[0] == 1, pixels)


def test_large_pictures_are_reduced_with_their_masks(tmp_path, monkeypatch):
    monkeypatch.setattr("cfr_icl.learning.own_pictures.LARGEST", 5000)
    for part, picture in (("images", np.zeros((100, 200, 3))), ("masks", np.zeros((100, 200)))):
        (tmp_path / part).mkdir()
        picture[20:60, 40:100] = 1
        Image.fromarray(picture.astype(np.uint8)).save(tmp_path / part / "one.png")
    sample = OwnPictures(open_own_pictures(tmp_path / "images", tmp_path / "masks"))[0]
    assert sample.image.shape == (50, 100, 3)
    assert np.array_equal(sample.gt_masks[0] == 1, sample.image[..., 0] == 1)


def test_pictures_that_are_deleted_meanwhile_are_skipped_until_none_is_left(data, monkeypatch):
    monkeypatch.setattr("cfr_icl.learning.own_pictures.CACHED_BYTES", 1)
    pictures = OwnPictures(open_own_pictures(data / "images", data / "masks"))
    part = Part(pictures, [0, 1])
    (data / "images" / "picture0.png").unlink()
    assert part[0].gt_masks == () and len(part[1].gt_masks) == 1
    (data / "images" / "picture1.png").unlink()
    pictures[2]  # takes the place of the one in memory
    with pytest.raises(LearnError, match="not there any more"):
        part[1]


def test_few_pictures_another_starting_model_and_a_damaged_checkpoint_are_refused(
    data, source, tmp_path, clicks
):
    clicks(6, 4)
    learning(data, source, tmp_path).run()
    torch.manual_seed(1)
    save_model(build_model(default_config("tiny")), tmp_path / "another")
    with pytest.raises(LearnError, match="went on from another model"):
        learning(data, str(tmp_path / "another"), tmp_path).run()
    (tmp_path / "learnt" / "run" / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match="damaged"):
        learning(data, source, tmp_path).run()
    for number in range(3):
        (data / "images" / f"picture{number}.png").unlink()
    with pytest.raises(LearnError, match="needs 5 finished pictures with objects; there are 3"):
        learning(data, source, tmp_path / "new").run()


def test_learn_prints_clicks_before_and_after_and_exits_with_3_if_nothing_got_better(
    data, source, tmp_path, clicks, monkeypatch, capsys
):
    monkeypatch.setattr(learn, "config_for", lambda model: QUICK)
    command = ["learn", "--images", str(data / "images"), "--work", str(data / "masks"), "--minutes", "5"]
    command += ["--from", source, "--out", str(tmp_path / "learnt")]
    clicks(5, 5, 5, 2)
    assert main(command) == 3
    assert "Nothing got better" in capsys.readouterr().out
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "| before | 5.00 |" in shown and "| after | 2.00 |" in shown and "-3.00 clicks" in shown
    assert "6 (16 pixels or fewer)" in shown
    state = tmp_path / "learnt" / "learning.json"
    state.write_text("of the other process")
    monkeypatch.setattr("cfr_icl.cli.learn.LOCK_SECONDS", 0)
    with FileLock(tmp_path / "learnt" / LOCK):
        assert main([*command, "--background"]) == 2
    assert "Another process is learning into" in capsys.readouterr().err
    assert state.read_text() == "of the other process"
    assert main([*command[:3], "--work", str(tmp_path / "none"), *command[5:]]) == 2
    assert "There is no folder or file" in capsys.readouterr().err


def test_the_state_of_learning_is_read_back_with_a_translatable_sentence(tmp_path, data, source, clicks):
    clicks(6, 4)
    found = learning(data, source, tmp_path).run()
    LearningState(stage=FINISHED, comparison=found).write(tmp_path)
    assert read_state(tmp_path).comparison == found
    LearningState(stage=FAILED, sentence=Sentence("{count} are few.", count=3)).write(tmp_path)
    state = read_state(tmp_path)
    assert (str(state.sentence), state.sentence.template) == ("3 are few.", "{count} are few.")
    (tmp_path / "learning.json").write_text('{"stage": 1}')
    assert read_state(tmp_path) is None


def test_mixed_weights_lie_between_those_of_the_two_models():
    first, last = {"a": torch.zeros(2), "n": torch.tensor(1)}, {"a": torch.ones(2), "n": torch.tensor(5)}
    assert mixed(first, last, 0.25)["a"].tolist() == [0.25, 0.25] and mixed(first, last, 0.25)["n"] == 5


def test_of_equally_good_mixtures_the_one_nearest_to_the_starting_model_is_taken(source):
    network = load_model(source, "cpu", "float32", trainable=True)
    first = {name: torch.zeros_like(weight) for name, weight in network.state_dict().items()}
    last = {name: torch.ones_like(weight) for name, weight in first.items()}

    def share(model):
        return float(next(model.parameters()).detach().flatten()[0])

    def found(score):
        return share_of(learn.nearest_mixture(network, first, last, score))

    assert found(share) == 1
    assert found(lambda model: min(0.75, share(model))) == 0.75
    assert found(lambda model: 0.5) == 0.5  # what gains nothing stays near


def share_of(weights):
    return float(next(iter(weights.values())).flatten()[0])
