"""What the page draws of a mask."""

import numpy as np
import pytest

from cfr_icl.annotate.masks import Mask
from cfr_icl.ui.canvas import STATIC

HEIGHT, WIDTH = 40, 60
PAINT = """(mask) => {
  const context = document.querySelector('canvas').getContext('2d');
  context.clearRect(0, 0, 60, 40);
  MaskShape.decode(mask.size, mask.counts).paint(context, 1, '#ffffff', 1, 0);
  return [...context.getImageData(0, 0, 60, 40).data].filter((_, index) => index % 4 === 3);
}"""


@pytest.fixture(scope="module")
def painted(browser):
    """A function that paints a mask, without its contour, and gives the opacity of each pixel."""
    page = browser.new_page()
    page.set_content(f"<canvas width={WIDTH} height={HEIGHT}></canvas>")
    page.add_script_tag(
        type="module", content=(STATIC / "mask.js").read_text() + "window.MaskShape = MaskShape;"
    )
    page.wait_for_function("() => Boolean(window.MaskShape)")
    yield lambda mask: np.reshape(page.evaluate(PAINT, mask.coco), (HEIGHT, WIDTH))
    page.close()


@pytest.mark.parametrize("share", [0, 0.03, 0.3, 0.5, 0.8, 0.97, 1])
def test_each_pixel_of_a_mask_is_filled_and_no_other(painted, share):
    for seed in range(5):
        pixels = np.random.default_rng(seed).random((HEIGHT, WIDTH)) < share
        assert np.array_equal(painted(Mask.of(pixels)), 255 * pixels)
