"""Pictures that a model never learns from, so that its clicks can be counted on them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

SHARE = 0.25
FEWEST, MOST = 3, 15


def hold_out(names: Sequence[str], before: Iterable[str] = (), learnt: Iterable[str] = ()) -> list[str]:
    """Choose a quarter of the pictures, 3 to 15, by the CRC-32 of their names.

    Args:
        before: pictures that an earlier run held out; they stay held out.
        learnt: pictures that an earlier run learnt from; none of them is held out.
    """
    wanted = min(MOST, max(FEWEST, round(SHARE * len(names))))
    kept = [name for name in before if name in set(names)]
    taken = {*kept, *learnt}
    fresh = sorted((name for name in names if name not in taken), key=lambda n: zlib.crc32(n.encode()))
    return kept + fresh[: max(0, wanted - len(kept))]
