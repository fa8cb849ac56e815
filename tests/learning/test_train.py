"""Training on a handful of tiny pictures: it resumes exactly, spreads out, does what its settings say."""

import multiprocessing
import os
import runpy
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cfr_icl.clicks import Click
from cfr_icl.data import samples
from cfr_icl.data.registry import DATASETS
from cfr_icl.evaluation.run import one_thread
from cfr_icl.icl import ICLConfig, IterativeClickLoss
from cfr_icl.learning import train as training
from cfr_icl.learning.encoders import load_encoder
from cfr_icl.learning.initial_states import TrainingConfig
from cfr_icl.learning.optimiser import make_optimiser, set_rates
from cfr_icl.learning.run_settings import changed_settings
from cfr_icl.learning.settings import read_settings
from cfr_icl.models.registry import ARCHITECTURES, Architecture, build_model, default_config
from cfr_icl.segmenter import Segmenter
from cfr_icl.weights.loading import load_model
from cfr_icl.zoom.zoom_config import ZoomConfig
from tests.addresses import free_port
from tests.learning.tiny import TinyNet

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(
    p for folder in (".", "embedded") for p in (ROOT / "training" / "configs" / folder).glob("*.yaml")
)


PAPER = ROOT / "training" / "configs" / "vit_b_cocolvis.yaml"


@pytest.fixture
def config(write_config):
    """A run of six steps in seconds."""
    return write_config(steps=6, icl={"warm_up": 1}, save_every=2, picture_every=3, seed=5)


def trained(config, out, *changes):
    training.train(read_settings(config, list(changes)), out)
    return weights(out)


def weights(out):
    """Every weight of a run's network, bit for bit."""
    tensors = load_file(out / "model" / "model.safetensors")
    return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}


def scalars(out):
    """What was written at each step; a resumed run writes another file of events."""
    found = {}
    for file in (out / "tensorboard").iterdir():
        events = EventAccumulator(str(file))
        events.Reload()
        for tag in events.Tags()["scalars"]:
            found.setdefault(tag, {}).update({event.step: event.value for event in events.Scalars(tag)})
    return found


class Killed(BaseException):
    pass


def dying(function, calls, before=lambda *_: None):
    """The function, which at this call stops everything."""
    count = iter(range(1, 1000))

    def called(*arguments, **options):
        if next(count) == calls:
            before(*arguments)
            raise Killed
        return function(*arguments, **options)

    return called


def half_a_file(_, path):
    Path(path).write_bytes(b"half of a checkp")


@pytest.mark.parametrize(
    "where",
    [
        ("Monitor.scalars", 1, None),
        ("Monitor.scalars", 3, None),
        ("Monitor.scalars", 6, None),
        ("torch.save", 1, half_a_file),
        ("torch.save", 2, half_a_file),
        ("save_model", 2, None),
    ],
    ids=lambda where: f"{where[0]} {where[1]}",
)
def test_a_run_killed_at_any_moment_resumes_exactly(config, tmp_path, monkeypatch, where):
    whole = trained(config, tmp_path / "whole")
    name, calls, before = where
    *owners, attribute = name.split(".")
    owner = training
    for part in owners:
        owner = getattr(owner, part)
    with monkeypatch.context() as patch:
        patch.setattr(owner, attribute, dying(getattr(owner, attribute), calls, before or (lambda *_: None)))
        with pytest.raises(Killed):
            trained(config, tmp_path / "killed")
    assert trained(config, tmp_path / "killed") == whole
    assert scalars(tmp_path / "killed") == scalars(tmp_path / "whole")


def test_the_same_settings_train_the_same_weights_and_another_seed_others(config, tmp_path):
    first, again = trained(config, tmp_path / "first"), trained(config, tmp_path / "again")
    assert first == again != trained(config, tmp_path / "other", "seed=6")


def test_the_number_of_loader_processes_does_not_change_the_weights(config, tmp_path):
    assert trained(config, tmp_path / "none") == trained(config, tmp_path / "two", "workers=2")


def test_accumulated_parts_equal_one_batch(config, tmp_path):
    same = ["model.options.dropout=0", "optimiser.name=adam", "steps=3"]
    trained(config, tmp_path / "whole", *same)
    trained(config, tmp_path / "parts", *same, "batch_size=1", "accumulation=2")
    whole, parts = (load_model(tmp_path / name / "model").state_dict() for name in ("whole", "parts"))
    start = build_model(default_config("tiny")).state_dict()
    for name in whole:
        assert torch.allclose(whole[name], parts[name], atol=1e-5)
        assert not torch.equal(whole[name], start[name])


def test_a_run_writes_scalars_pictures_settings_and_weights(config, tmp_path):
    trained(config, tmp_path / "run")
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    values = scalars(tmp_path / "run")
    assert {"loss", "iou_first", "iou_last", "lr"} <= set(values)
    assert all(sorted(column) == [1, 2, 3, 4, 5, 6] for column in values.values())
    assert len(events.Images("first answers")) == 2
    assert yaml.safe_load((tmp_path / "run" / "settings.yaml").read_text())["seed"] == 5
    assert isinstance(load_model(tmp_path / "run" / "model"), TinyNet)


def test_a_time_budget_ends_the_run(config, tmp_path):
    trained(
        config, tmp_path / "run", "minutes=0.02", "steps=100000", "save_every=100000", "picture_every=100000"
    )
    assert 1 <= len(scalars(tmp_path / "run")["loss"]) < 100000


def test_one_setting_trains_without_the_iterative_click_loss(config, tmp_path):
    assert trained(config, tmp_path / "icl") != trained(config, tmp_path / "baseline", "icl.last_only=true")


def test_a_rate_of_zero_freezes_the_encoder_and_an_average_of_zero_is_the_network_itself(config, tmp_path):
    trained(config, tmp_path / "run", "optimiser.encoder_lr=0", "optimiser.ema=0")
    torch.manual_seed(5)
    start = build_model(default_config("tiny")).state_dict()
    end = load_model(tmp_path / "run" / "model").state_dict()
    same = {name for name in start if torch.equal(start[name], end[name])}
    assert same == {"encoder.weight", "encoder.bias"}
    checkpoint = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert all(torch.equal(checkpoint["network"][name], end[name]) for name in end)


def test_frozen_weights_and_statistics_of_norms_do_not_change(config, tmp_path, monkeypatch):
    class Normed(TinyNet):
        def __init__(self) -> None:
            super().__init__()
            self.head.insert(0, torch.nn.BatchNorm2d(8))

    monkeypatch.setitem(ARCHITECTURES, "normed", Architecture(lambda: Normed, {}, ZoomConfig(size=32)))
    changes = ("model.architecture=normed", "optimiser.ema=0", "model.frozen=[prompt_embed, encoder.bias]")
    trained(config, tmp_path / "run", *changes, "model.frozen_norms=true")
    torch.manual_seed(5)
    start = build_model(default_config("normed")).state_dict()
    end = load_model(tmp_path / "run" / "model").state_dict()
    same = {name for name in start if torch.equal(start[name], end[name])}
    statistics = {f"head.0.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}
    assert same == {"prompt_embed.weight", "prompt_embed.bias", "encoder.bias"} | statistics


def rates(config, *changes):
    settings = read_settings(config, ["optimiser.lr=1", "optimiser.warm_up=0", *changes])
    optimiser = make_optimiser(build_model(default_config("tiny")), settings.optimiser)
    found = []
    for progress in (0.0, 0.5, 0.85, 0.95):
        set_rates(optimiser, settings.optimiser, 100, progress)
        found.append(optimiser.param_groups[0]["lr"])
    return found


def test_learning_rates_fall_at_milestones_or_towards_the_end(config):
    milestones = "optimiser.milestones=[0.5, 0.9]"
    assert rates(config, milestones, "optimiser.cool_down=0") == pytest.approx([1, 0.1, 0.1, 0.01])
    assert rates(config, "optimiser.cool_down=0.5") == pytest.approx([1, 1, 0.3, 0.1])


def test_layers_further_from_the_output_learn_more_slowly():
    model = build_model(default_config("vit_xtiny"))
    scales = model.learning_rate_scales(encoder=0.5, layer_decay=0.75)
    assert set(scales) == {name for name, _ in model.named_parameters()}
    assert scales["head.logit.weight"] == scales["neck.to_4.0.weight"] == scales["hint_embed.weight"] == 1
    assert scales["blocks.7.norm1.weight"] == 0.5 * 0.75
    assert scales["blocks.0.norm1.weight"] == pytest.approx(0.5 * 0.75**8)
    assert scales["position"] == scales["image_embed.bias"] == pytest.approx(0.5 * 0.75**9)


@pytest.mark.parametrize("architecture", ["compact", "vit_xtiny", "hrnet18s"])
def test_every_weight_of_a_network_is_trained(architecture):
    """Several processes wait for the gradient of every weight."""
    torch.manual_seed(0)
    loss = IterativeClickLoss(build_model(default_config(architecture)).train(), ICLConfig())
    gt_mask = torch.zeros(2, 1, 64, 64)
    gt_mask[:, :, 16:48, 16:48] = 1
    value, _ = loss(torch.rand(2, 3, 64, 64), gt_mask, [[Click(30, 30)]] * 2, np.random.default_rng(0))
    value.backward()
    assert [name for name, weight in loss.named_parameters() if weight.grad is None] == []


def two_nodes(config, out, *changes):
    """The script on two nodes of one process each, with the environment of accelerate's launcher.

    Both are on loopback and compute on the CPU. They are forked from a process that has imported everything.
    """
    arguments = ["--config", str(config), "--out", str(out), "--set", *changes]
    shared = {
        "ACCELERATE_USE_CPU": "true",
        "CUDA_VISIBLE_DEVICES": "",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "1",
        "LOCAL_RANK": "0",
    }
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cfr_icl.learning.train", "cfr_icl.models.compact"])
    processes = [
        context.Process(target=run_script, args=(arguments, {**shared, "RANK": rank, "NODE_RANK": rank}))
        for rank in "01"
    ]
    for process in processes:
        process.start()
    return processes


def run_script(arguments, environment):
    os.environ.update(environment)
    torch.set_num_threads(1)
    sys.argv[1:] = arguments
    runpy.run_path(str(ROOT / "training" / "train.py"), run_name="__main__")


def finished(processes):
    for process in processes:
        process.join(timeout=400)
    assert [process.exitcode for process in processes] == [0, 0]


def losses(out):
    values = scalars(out)["loss"]
    return [values[step] for step in sorted(values)]


@pytest.mark.slow
def test_two_nodes_train_as_one_process_and_resume_exactly_after_one_is_lost(config, tmp_path):
    """The same examples, clicks and losses; batch norms, of each process its own, rest here."""
    same = [
        "model.architecture=compact",
        "model.frozen_norms=true",
        "augmentation={size: 64, min_pixels: 20, objects: 2}",
        "icl.close_up=0.2",
        "global_batch=4",
    ]
    finished(two_nodes(config, tmp_path / "whole", *same))
    with one_thread():
        trained(config, tmp_path / "alone", *same)
    assert losses(tmp_path / "whole") == pytest.approx(losses(tmp_path / "alone"), rel=1e-3)
    first, other = two_nodes(config, tmp_path / "killed", *same, "minutes=60")
    while not (tmp_path / "killed" / "checkpoint.pt").exists():
        assert first.exitcode is None
        time.sleep(0.01)
    other.kill()
    first.join(timeout=60)
    assert first.exitcode == 2  # a sentence
    shutil.copytree(tmp_path / "killed", tmp_path / "one")
    finished(two_nodes(config, tmp_path / "killed", *same, "minutes=60"))
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    with one_thread():
        trained(config, tmp_path / "one", *same)
    assert losses(tmp_path / "one") == pytest.approx(losses(tmp_path / "whole"), rel=1e-3)


def test_any_encoder_of_timm_trains_on_a_folder_of_ones_own(write_config, tmp_path, monkeypatch):
    """As in training/README.md; timm's download is stood in for by weights that can be told apart."""
    create, asked = timm.create_model, []

    def with_weights(name, pretrained, **options):
        encoder = create(name, pretrained=False, **options)
        if pretrained:
            asked.append(name)
            torch.nn.init.constant_(encoder.bn1.weight, 3)
        return encoder

    monkeypatch.setattr(timm, "create_model", with_weights)
    config = write_config(steps=2, icl={"warm_up": 1})
    chosen = read_settings(ROOT / "training" / "configs" / "own_pictures.yaml").model
    assert (chosen.architecture, chosen.encoder_weights) == ("compact", "timm")
    changes = ["model.architecture=compact", "model.options.encoder=resnet10t", "model.encoder_weights=timm"]
    trained(config, tmp_path / "run", *changes, "optimiser.encoder_lr=0")
    assert asked == ["resnet10t"]
    model = load_model(tmp_path / "run" / "model")
    assert asked == ["resnet10t"], "a trained model is loaded without a download"
    assert (model.encoder.bn1.weight == 3).all()
    segmenter = Segmenter(model)
    segmenter.set_image(np.zeros((64, 64, 3), np.uint8))
    assert segmenter.predict([Click(30, 30)]).mask.shape == (64, 64)


@pytest.mark.parametrize("kind", ["whole", "ten classes", "feature maps", "checkpoint", "safetensors"])
@pytest.mark.parametrize("encoder", ["resnet10t", "convnext_atto"])
def test_an_encoder_starts_from_weights_in_a_file(tmp_path, encoder, kind):
    torch.manual_seed(1)
    options = {"ten classes": {"num_classes": 10}, "feature maps": {"features_only": True}}.get(kind, {})
    state = timm.create_model(encoder, pretrained=False, **options).state_dict()
    file = tmp_path / ("own.safetensors" if kind == "safetensors" else "own.pth")
    if kind == "safetensors":
        save_file(state, file)
    else:
        torch.save({"state_dict": state} if kind == "checkpoint" else state, file)
    network = build_model(default_config("compact", encoder=encoder))
    load_encoder(network, str(file))
    given = {name.replace(".", "_"): value for name, value in state.items()}
    for name, value in network.encoder.state_dict().items():
        assert torch.equal(value, given[name.replace(".", "_")]), name


@pytest.mark.parametrize("content", ["another encoder", "text", "a whole module", "a list"])
def test_a_file_without_the_weights_of_the_encoder_is_told(tmp_path, content):
    file = tmp_path / "own.pth"
    other = timm.create_model("resnet14t", pretrained=False)
    if content == "text":
        file.write_text("hello")
    else:
        stored = {"another encoder": other.state_dict(), "a whole module": other, "a list": [1]}[content]
        torch.save(stored, file)
    network = build_model(default_config("compact", encoder="convnext_atto"))
    with pytest.raises(
        ValueError, match=r"own\.pth (does not hold the weights|is no state dict|holds no state)"
    ):
        load_encoder(network, str(file))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_names_known_models_and_data_sets(path):
    settings = read_settings(path)
    assert settings.model.weights or settings.model.architecture in ARCHITECTURES
    assert {source.kind for source in settings.data} <= set(DATASETS)


def test_settings_are_changed_by_name(config):
    changes = ["icl.betas=[1, 1]", "optimiser.lr=5e-6", "data.0.weight=3", "suem=null", "minutes=2"]
    settings = read_settings(config, changes)
    assert settings.icl.betas == (1, 1) and settings.optimiser.lr == 5e-6 and settings.minutes == 2
    assert settings.data[0].weight == 3 and settings.suem is None


@pytest.mark.parametrize(
    "change, message",
    [
        ("optimizer.lr=1", "no setting optimizer"),
        ("icl.beta=1", r"no setting icl\.beta; there are betas"),
        ("optimiser.lr=fast", r"optimiser\.lr is a number, not 'fast'"),
        ("data=[{kind: folder}]", "data.path is missing"),
        ("steps=many", r"steps is a whole number, not 'many'"),
        ("steps=-1", r"steps is 1 or more, not -1"),
        ("steps=0", r"steps is 1 or more"),
        ("batch_size=2.5", r"batch_size is a whole number, not 2\.5"),
        ("minutes=0", r"minutes is above 0"),
        ("icl.betas=3", r"icl\.betas is a list, not 3"),
        ("icl.detach=maybe", r"icl\.detach is true or false, not 'maybe'"),
        ("icl", r"KEY=VALUE, not 'icl'"),
        ("icl=", r"icl is "),
        ("data.7.path=x", r"no setting data\.7\.path"),
        ("steps.more=1", r"no setting steps\.more"),
        ("icl.betas=[1", r"icl\.betas is no YAML"),
        ("icl.betas=[]", r"icl\.betas needs the weight of a click"),
        ("icl.betas=[a]", r"icl\.betas is a number, not 'a'"),
        ("augmentation.zoom=[1]", r"augmentation\.zoom is a list of 2, not of 1"),
        ("augmentation.zoom=[0, 0]", r"augmentation\.zoom is from 0\.01 to 100, not 0"),
        ("augmentation.size=0", r"augmentation\.size is from 16 to 8192, not 0"),
        ("augmentation.whole=2", r"augmentation\.whole is from 0 to 1, not 2"),
        ("augmentation.click_decay=1", r"augmentation\.click_decay is from 0 to 0\.99"),
        ("data.0.weight=-1", r"data\.weight is 0 or more, not -1"),
        ("data.0.weight=0", r"data needs a data set with a weight above 0"),
        ("data=[]", r"data needs a data set"),
        ("optimiser.name=sgd", r"optimiser\.name is adamw or adam, not 'sgd'"),
        ("optimiser.lr=.nan", r"optimiser\.lr is 0 or more, not nan"),
        ("precision=fp32", r"precision is no or fp16 or bf16, not 'fp32'"),
        ("seed=-1", r"seed is 0 or more"),
        ("workers=-1", r"workers is 0 or more"),
    ],
)
def test_a_wrong_setting_is_named(config, change, message):
    with pytest.raises(ValueError, match=message):
        read_settings(config, [change])


def test_no_without_quotation_marks_is_a_precision(config):
    assert read_settings(config, ["precision=no"]).precision == "no"


@pytest.mark.parametrize("content", ["a: [", "", "- 1", b"\xff\xfe\x00"])
def test_a_file_without_settings_is_told(tmp_path, content):
    path = tmp_path / "run.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r"run\.yaml (is no YAML file|holds no settings)"):
        read_settings(path)


def test_a_finished_run_is_not_taken_for_one_with_other_settings(config, tmp_path, capsys):
    before = trained(config, tmp_path / "run", "steps=1")
    with pytest.raises(ValueError, match=r"finished, with other settings \(icl\.betas, seed\); give --out"):
        trained(config, tmp_path / "run", "steps=1", "icl.betas=[1]", "seed=6")
    assert weights(tmp_path / "run") == before
    trained(config, tmp_path / "run", "steps=1")
    assert "is finished" in capsys.readouterr().err
    trained(config, tmp_path / "run", "steps=2", "seed=6")
    assert "begun with other settings (seed)" in capsys.readouterr().err


def test_an_encoder_for_another_size_is_told(write_config, tmp_path, monkeypatch):
    changes = ["model.architecture=compact", "model.options.encoder=vit_tiny_patch16_224"]
    with pytest.raises(ValueError, match=r"does not take windows of \d+ x \d+ pixels: Input height"):
        trained(write_config(steps=1), tmp_path / "run", *changes)


def test_a_run_of_another_network_is_told(config, tmp_path):
    trained(config, tmp_path / "run", "steps=1")
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    state["network"]["more"] = torch.zeros(1)
    torch.save(state, tmp_path / "run" / "checkpoint.pt")
    with pytest.raises(ValueError, match="run of another network; give --out"):
        trained(config, tmp_path / "run", "steps=2")
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"cut off")
    with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged; remove it to start anew\."):
        trained(config, tmp_path / "run", "steps=2")


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_its_last_checkpoint(config, tmp_path, monkeypatch):
    before = trained(config, tmp_path / "run", "steps=2")
    saved = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    with pytest.raises(ValueError, match=r"loss of step \d is not finite, so the run ends"):
        trained(config, tmp_path / "run", "steps=9", "optimiser.lr=1e38", "optimiser.clip=.inf")
    assert weights(tmp_path / "run") == before
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == saved


def test_another_batch_size_of_a_resumed_run_is_named_unless_processes_share_one(config, tmp_path):
    trained(config, tmp_path / "run", "steps=1")
    changed = [
        changed_settings(tmp_path / "run", read_settings(config, [change]))
        for change in ("batch_size=3", "steps=9")
    ]
    assert changed == [["batch_size"], []]
    trained(config, tmp_path / "shared", "steps=1", "global_batch=2")
    shared = read_settings(config, ["steps=1", "global_batch=2"]).for_processes(2)
    assert not changed_settings(tmp_path / "shared", shared)


@pytest.mark.parametrize("labels", ["empty", "all 255"])
@pytest.mark.parametrize("workers", [0, 1])
def test_pictures_without_objects_end_the_run_in_a_sentence(
    config, data, tmp_path, monkeypatch, labels, workers
):
    monkeypatch.setattr(samples, "MOST_USELESS", 20)
    for path in (data / "masks").iterdir():
        values = np.asarray(Image.open(path))
        Image.fromarray((values > 0).astype(np.uint8) * (255 if labels == "all 255" else 0)).save(path)
    with pytest.raises(ValueError, match=r"None of 20 random pictures has an object .* 255 is ignored"):
        trained(config, tmp_path / "run", f"workers={workers}")


@pytest.mark.parametrize(
    "change, message",
    [
        ("model.frozen=[encodr]", r"model\.frozen names 'encodr', but no weight"),
        ("model.frozen=['']", r"model\.frozen names all"),
        ("model.options.foo=1", r"network tiny has no option 'foo'; it has"),
        (
            "model.options.dropout=much",
            r"option dropout of the network tiny is 'much', .* of the kind of 0\.2",
        ),
    ],
)
def test_a_setting_that_fits_no_network_is_told(config, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        trained(config, tmp_path / "run", change)


@pytest.mark.parametrize(
    "option, message",
    [
        ("widths=[1, 2]", r"option widths of the network compact is \[1, 2\], .*\(16, 32, 48, 96, 128\)"),
        ("widths=5", r"option widths .* is 5, which is not of the kind of"),
        ("blocks=[1, 2, 2, -2]", r"option blocks .* of the kind of \(1, 2, 2, 2\)"),
        ("attention=x", r"option attention .* is 'x', which is not of the kind of 2"),
        ("encoder=5", r"option encoder .* is 5, which is not of the kind of 'tf_efficientnet_lite0'"),
        ("pyramid=[1]", r"no network compact with the options \{'pyramid': \[1\]\}"),
        ("encoder_options={foo: 1}", r"no network compact with .* unexpected keyword argument 'foo'"),
    ],
)
def test_an_option_that_no_network_has_is_told(config, tmp_path, option, message):
    with pytest.raises(ValueError, match=message):
        trained(config, tmp_path / "run", "model.architecture=compact", f"model.options.{option}")


def test_a_config_changes_its_base_key_by_key(tmp_path):
    (tmp_path / "base.yaml").write_text(
        "data: [{kind: folder, path: x}]\noptimiser: {lr: 1, clip: 2}\nsteps: 3\n"
    )
    (tmp_path / "run.yaml").write_text("base: base.yaml\noptimiser: {lr: 5e-6}\nseed: 4\n")
    settings = read_settings(tmp_path / "run.yaml", ["seed=9"])
    assert (settings.optimiser.lr, settings.optimiser.clip, settings.steps, settings.seed) == (5e-6, 2, 3, 9)


def test_a_budget_in_epochs_is_shared_by_the_processes(config):
    changes = ["epochs=2", "epoch=100", "batch_size=5", "accumulation=2"]
    settings = read_settings(config, [*changes, "steps=1000"])
    assert [settings.for_processes(n).steps for n in (1, 2, 3)] == [20, 10, 7]
    assert read_settings(config, changes).for_processes(1).steps == 6, "what ends first counts"
    assert read_settings(PAPER, ["epochs=2"]).for_processes(1).steps == 1875
    assert read_settings(PAPER, ["steps=4"]).for_processes(1).steps == 4
    assert read_settings(config).for_processes(4).steps == 6


def test_a_global_batch_is_shared_by_the_processes(config):
    settings = read_settings(config, ["global_batch=12", "epochs=2", "epoch=60", "steps=100"])
    shared = [settings.for_processes(n) for n in (1, 2, 3)]
    assert [(each.batch_size, each.steps) for each in shared] == [(12, 10), (6, 10), (4, 10)]
    with pytest.raises(ValueError, match="cannot be shared by 5 processes"):
        settings.for_processes(5)


def test_the_configs_of_the_paper_hold_the_published_numbers():
    for path in CONFIGS:
        if not path.stem.startswith(("vit", "hrnet")):
            continue
        settings = read_settings(path)
        assert settings.icl == TrainingConfig(betas=(1, 2, 3)) and settings.batch_size == 32
        assert settings.augmentation.max_clicks == (12 if path.stem.startswith("vit_h") else 24)
        assert settings.optimiser.name == "adam"
        assert settings.optimiser.lr == (5e-5 if path.stem.endswith("mae") else 5e-6)
