import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cfr_icl.zoom.resample import crop, crop_picture, paste
from cfr_icl.zoom.window import Window

PICTURE = Window.of_size(400, 600)


@st.composite
def boxes(draw):
    top, left = draw(st.integers(0, 398)), draw(st.integers(0, 598))
    return top, draw(st.integers(top + 1, 400)), left, draw(st.integers(left + 1, 600))


@given(boxes())
def test_cropping_a_pasted_map_restores_it(box):
    top, bottom, left, right = box
    window = Window(left, top, right, bottom)
    maps = torch.rand(1, 1, 400, 600)
    part = crop(maps, window, (window.height, window.width))
    whole = paste(part, window, PICTURE)
    assert torch.allclose(whole[..., top:bottom, left:right], maps[..., top:bottom, left:right], atol=1e-5)
    whole[..., top:bottom, left:right] = 0
    assert not whole.any()


@pytest.mark.parametrize("height, width", [(1, 1), (1, 300), (90, 120), (700, 1100)])
@pytest.mark.parametrize("size", [(64, 64), (48, 200), (1, 5)])
def test_a_picture_is_cropped_as_any_map(height, width, size):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    window = Window(0, height // 3, width - width // 4, height)
    maps = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    assert torch.allclose(crop_picture(picture, window, size), crop(maps, window, size), atol=1e-6)
