"""Limits and errors that all readers share."""

MAX_OBJECTS = 1000
"""More objects than this in one file are taken for a mistake."""


class MaskFileError(ValueError):
    """A file whose masks cannot be used; the message is one sentence for the person."""
