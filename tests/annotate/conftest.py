import pytest

from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel


@pytest.fixture
def session(picture) -> Session:
    session = Session(Segmenter(ColourModel()), CascadeForward(steps=2))
    session.open(picture, "squares.png")
    return session
