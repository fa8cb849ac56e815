"""Actions of a person, as Hypothesis draws them."""

import contextlib

from hypothesis import strategies as st

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click

POINT = st.tuples(st.integers(0, 119), st.integers(0, 89))
IDS = st.integers(1, 4)
ACTIONS = st.one_of(
    st.builds(lambda p, positive: lambda s: s.click(Click(*p, positive)), POINT, st.booleans()),
    st.builds(
        lambda steps, adaptive: lambda s: s.set_cascade(CascadeForward(steps=steps, adaptive=adaptive)),
        st.integers(0, 3),
        st.booleans(),
    ),
    st.builds(
        lambda points, add: lambda s: s.paint(points, 5, add), st.lists(POINT, min_size=1), st.booleans()
    ),
    st.builds(lambda a, b: lambda s: s.box(*a, *b), POINT, POINT),
    st.builds(
        lambda id, name, value: lambda s: s.edit(id, **{name: value}),
        IDS,
        st.sampled_from(["visible", "locked", "overlap", "keep_largest", "fill_holes"]),
        st.booleans(),
    ),
    st.builds(lambda id, threshold: lambda s: s.edit(id, threshold=threshold), IDS, st.floats(0.1, 0.9)),
    st.builds(lambda id, name: lambda s: s.set_label(name, id), IDS | st.none(), st.sampled_from("abc")),
    st.builds(
        lambda method, id: lambda s: method(s, id),
        st.sampled_from([Session.select, Session.delete, Session.duplicate]),
        IDS,
    ),
    st.sampled_from([Session.clear, Session.finish]),
)


def perform(session, actions):
    """Perform actions on a session; those that it refuses change nothing."""
    for action in actions:
        with contextlib.suppress(ActionError):
            action(session)
