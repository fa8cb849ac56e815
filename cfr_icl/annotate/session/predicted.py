"""An object's prediction: the network's input from its clicks, and the object with the network's mask."""

from __future__ import annotations

import time
from dataclasses import replace

from cfr_icl.annotate.objects.document import Instance, Timing
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.cfr import CascadeForward
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import Predictor
from cfr_icl.rectangle import Rectangle


def predict(predictor: Predictor, instance: Instance, cfr: CascadeForward) -> Prediction:
    """Predict an object from its clicks, box and previous mask.

    Args:
        cfr: the settings for an object that has none of its own.
    """
    return predictor.predict(
        instance.network_clicks,
        previous_mask=instance.previous_mask,
        box=None if instance.initial_mask else instance.box,
        choice=instance.choice,
        cfr=instance.cfr or cfr,
    )


def predicted(predictor: Predictor, instance: Instance, cfr: CascadeForward) -> tuple[Instance, Prediction]:
    """Predict an object; return it with new `network_mask` and `timing`, and the prediction.

    `chosen_pass` becomes None where the prediction has no such pass. `mask` stays as it was.

    Raises:
        PredictionError: when the network's output is not finite.
    """
    start = time.perf_counter()
    prediction = predict(predictor, instance, cfr)
    timing = Timing(
        prediction.forwards,
        1000 * (time.perf_counter() - start),
        Rectangle(*prediction.window) if prediction.window else None,
        len(prediction.passes),
        prediction.last_change(instance.threshold),
        len(prediction.choices) if len(instance.clicks) == 1 else 0,
    )
    # another network may need fewer passes
    chosen_pass = instance.chosen_pass if instance.chosen_pass in range(len(prediction.passes)) else None
    mask = Mask.of_runs(*instance.size, prediction.rle_above(instance.threshold, chosen_pass))
    return replace(instance, network_mask=mask, timing=timing, chosen_pass=chosen_pass), prediction
