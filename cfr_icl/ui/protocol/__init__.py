"""The protocol of browser and server: all actions with their fields and ranges, and all replies.

The browser sends parcels, `{"actions": [Action, ...], "known": Known}`. Actions are numbered from 1 in their
page, and each is applied once and in order. The server returns one `Reply` for each parcel, with the number
of the last applied action and all changes that the browser does not show yet. All names are snake_case.

Positions are (x, y) in pixels of the picture. What a browser sends is untrusted: `read_action` checks
types and ranges, and refuses an action in one sentence.

* `action.py`: the base of all actions.
* `session_actions.py`: actions on the objects and settings of a picture.
* `page_actions.py`: actions on pictures, folders, files, models and learning.
* `fields.py`: types of their fields, with the checks.
* `reading.py`: `read_action`, `read_number`, `read_known`, and the table `ACTIONS` of all actions by kind.
* `preview.py`: the one question that is no action, what a click would give.
* `replies.py`: `Reply` and its parts.
"""

from cfr_icl.ui.protocol.preview import PreviewQuestion, read_preview
from cfr_icl.ui.protocol.reading import ACTIONS, DIRECT, Known, read_action, read_known, read_number

__all__ = [
    "ACTIONS",
    "DIRECT",
    "Known",
    "PreviewQuestion",
    "read_action",
    "read_known",
    "read_number",
    "read_preview",
]
