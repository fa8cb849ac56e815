"""Text as XML can hold it."""

from __future__ import annotations

import re

from cfr_icl.annotate.pictures.listing import shown_name

_NOT_IN_XML = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def xml_text(text: str) -> str:
    """Text with "_" for control characters and for characters that XML cannot hold."""
    return _NOT_IN_XML.sub("_", shown_name(text))
