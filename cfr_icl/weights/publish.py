"""Publish a model folder on the Hugging Face Hub, with a model card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, ModelCard, ModelCardData
from huggingface_hub.errors import HfHubHTTPError

from cfr_icl import InteractiveModel, load_model
from cfr_icl.models.learnt import LearntModel
from cfr_icl.sentences import short_reason
from cfr_icl.weights.names import CARD_NAME, CONFIG_NAME, WEIGHTS_NAME


@dataclass(frozen=True, kw_only=True)
class Publication:
    """The model folder to publish, and the content of its card.

    Attributes:
        folder: holds config.json and model.safetensors; the card is written into it.
        repository: OWNER/NAME on the Hub.
        license: of the weights, such as apache-2.0.
        base_model: repository of the weights from which these were fine-tuned or converted.
        data: names of the training data.
        evaluation: the JSON that `cfr-icl evaluate` wrote.
        private: create the repository for its owner alone.
    """

    folder: Path
    repository: str
    license: str
    base_model: str | None = None
    data: Sequence[str] = ()
    evaluation: Path | None = None
    private: bool = False


def publish(publication: Publication) -> str:
    """Check the folder, write its card, upload it, and return the commit's address.

    Raises:
        ValueError: for a folder that is no model, or when the Hub refuses; the message says what to do.
        ConnectionError: when the Hub does not answer.
        OSError: when the folder cannot be read or written.
    """
    try:
        return _publish(publication)
    except HfHubHTTPError as error:
        refused = error.response is not None and error.response.status_code in (401, 403)
        advice = "log in with `hf auth login` as someone who may write there" if refused else str(error)
        raise ValueError(f"{publication.repository} was not published: {advice}.") from error
    except Exception as error:
        # of httpx or of httpx2, as the version of huggingface_hub has it (tried on 2.4)
        if not any(kind.__name__ == "TransportError" for kind in type(error).__mro__):
            raise
        raise ConnectionError(
            f"{publication.repository} was not published: the Hub cannot be reached ({short_reason(error)})."
        ) from error


def _publish(options: Publication) -> str:
    # load the model first: a folder that cannot be loaded is not published
    model = load_model(options.folder, device="cpu", precision="float32")
    if isinstance(model, LearntModel):
        raise ValueError(f"{options.folder} is a learnt model of two networks, which the Hub cannot hold.")
    card = model_card(model, options, _read_clicks(options.evaluation) if options.evaluation else None)
    api = HfApi()
    api.create_repo(options.repository, private=options.private or None, exist_ok=True)
    card.save(options.folder / CARD_NAME)
    commit = api.upload_folder(
        repo_id=options.repository,
        folder_path=options.folder,
        allow_patterns=[CONFIG_NAME, WEIGHTS_NAME, CARD_NAME],
        commit_message=f"{model.config.architecture} weights",
    )
    return commit.commit_url


def _read_clicks(file: Path) -> str:
    """The table of a file's evaluation; raises ValueError for any other file."""
    try:
        return clicks_table(json.loads(file.read_text()))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        raise ValueError(
            f"{file} does not hold the metrics that `cfr-icl evaluate --json` writes."
        ) from error


def model_card(model: InteractiveModel, options: Publication, clicks: str | None) -> ModelCard:
    """Write the model card: network, example, and the measured number of clicks if there is a table of it."""
    metadata = ModelCardData(
        license=options.license,
        base_model=options.base_model,
        library_name="cfr-icl",
        pipeline_tag="mask-generation",
        tags=["interactive-segmentation", "click-based-segmentation", model.config.architecture],
    )
    zoom = model.config.zoom
    parameters = model.parameter_count / 1e6
    side = "longest side" if zoom.keep_aspect else "square"
    name = options.repository.split("/")[-1]
    sections = [
        f"---\n{metadata.to_yaml()}\n---",
        f"# {name}",
        "Click on an object, get its mask: a network for interactive image segmentation with "
        "Cascade-Forward Refinement (CFR-ICL, arXiv 2303.05620).",
        f"- Network: `{model.config.architecture}`, {parameters:.1f} M parameters\n"
        f"- Input: {zoom.size} px ({side}), zoomed in on the object\n"
        + (f"- Trained on: {', '.join(options.data)}\n" if options.data else "")
        + f"- License of the weights: {options.license}",
        "## Use",
        "```python\nfrom cfr_icl import Click, Segmenter, load_model\n\n"
        f'segmenter = Segmenter(load_model("hf://{options.repository}"))\n'
        "segmenter.set_image(picture)  # uint8 (H, W, 3) RGB\n"
        "mask = segmenter.predict([Click(x=120, y=80)]).mask\n```",
    ]
    if clicks:
        sections += ["## Clicks needed", clicks]
    return ModelCard("\n\n".join(sections) + "\n")


def clicks_table(evaluation: dict[str, Any]) -> str:
    """Table of the NoC (mean number of clicks to an IoU) and the deviations of an evaluation."""
    rows = [
        [data, setting, *(f"{clicks:.2f}" for clicks in metrics["noc"].values())]
        for data, settings in evaluation["metrics"].items()
        for setting, metrics in settings.items()
    ]
    targets = next(iter(next(iter(evaluation["metrics"].values())).values()))["noc"]
    header = ["data", "setting", *(f"NoC {float(target):.0%}".rstrip("%") for target in targets)]
    rule = ["---", "---", *("---:" for _ in targets)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])
    notes = "\n".join(f"- {sentence}" for sentence in evaluation["deviations"])
    return f"{table}\n\nDeviations from the published protocol:\n{notes}" if notes else table
