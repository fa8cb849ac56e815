import numpy as np
import pytest

from cfr_icl.annotate.session import Session
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel

RED, BLUE, GREY = (220, 30, 30), (30, 30, 220), (128, 128, 128)


@pytest.fixture
def picture() -> np.ndarray:
    """A red and a blue square on grey, 90 x 120."""
    picture = np.full((90, 120, 3), GREY, np.uint8)
    picture[20:60, 10:50] = RED
    picture[30:70, 70:110] = BLUE
    return picture


@pytest.fixture
def session(picture) -> Session:
    session = Session(Segmenter(ColourModel(), steps=2))
    session.open(picture, "squares.png")
    return session
