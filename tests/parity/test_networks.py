"""A network with published weights gives the published logits."""

import numpy as np
import pytest
import torch

from tests.parity.recorded import converted_model, recorded, recorded_input


def assert_equal_in_float32(logits: torch.Tensor, expected: np.ndarray) -> None:
    """Two maps of logits differ by no more than float32 itself on another processor.

    A sum is rounded by a share of its largest terms, however small the sum is, so the tolerance is one of the
    largest logit. Measured with and without AVX2 and AVX-512, in one thread and in two: up to 6.4e-6 of it.
    """
    largest = float(np.abs(expected).max())
    np.testing.assert_allclose(logits[:, 0, ::4, ::4], expected, rtol=0, atol=2e-5 * largest)


@pytest.mark.parametrize("name", ["vit_xtiny", pytest.param("vit_b", marks=pytest.mark.slow), "hrnet18"])
@torch.inference_mode()
def test_logits_are_the_published_ones(name):
    image, prompt_maps = recorded_input()
    logits = converted_model(name)(image, prompt_maps)
    assert_equal_in_float32(logits, recorded(f"model_{name}.npz")["logits_s4"])


@torch.inference_mode()
def test_auxiliary_logits_are_the_published_ones():
    image, prompt_maps = recorded_input()
    model = converted_model("hrnet18")
    _, auxiliary = model.decode_with_auxiliary(model.encode(image), prompt_maps)
    assert_equal_in_float32(auxiliary, recorded("model_hrnet18.npz")["aux_s4"])
