"""Apply actions on a picture's objects and settings to its session."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cfr_icl import clicks
from cfr_icl.annotate.objects import document
from cfr_icl.annotate.objects.document import ACCEPTED, COLOURS, SENT_BACK, ActionError
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.sentences import sentence_of
from cfr_icl.ui.protocol import session_actions as do
from cfr_icl.ui.protocol.action import SessionAction
from cfr_icl.ui.protocol.fields import LabelEntry


def apply(session: Session, action: SessionAction) -> None:
    """Apply one action; raises ActionError when it cannot be applied now."""
    match action:
        case do.Prepare():
            session.check_open()
            session.predictor.prepare()
        case do.Click(x=x, y=y, positive=positive):
            session.click(clicks.Click(x, y, positive))
        case do.Box(left=left, top=top, right=right, bottom=bottom):
            session.box(left, top, right, bottom)
        case do.Paint(points=points, diameter=diameter, add=add):
            session.paint([(x, y) for x, y in points], diameter, add)
        case do.Lasso(points=points, add=add):
            session.lasso([(x, y) for x, y in points], add)
        case do.Reshape(points=points):
            session.reshape([(x, y) for x, y in points])
        case do.FillHole(x=x, y=y):
            session.fill_hole(x, y)
        case do.Undo():
            session.undo()
        case do.Redo():
            session.redo()
        case do.Clear():
            session.clear()
        case do.Finish():
            session.finish()
        case do.Select(id=id):
            session.select(id)
        case do.Delete(id=id):
            session.delete(id)
        case do.Duplicate(id=id):
            session.duplicate(id)
        case do.Edit(id=id):
            session.edit(id, **action.changes)
        case do.DeleteObjects(ids=ids):
            session.delete_objects(ids)
        case do.LabelObjects(ids=ids, name=name):
            session.label_objects(ids, name)
        case do.EditObjects(ids=ids):
            session.edit_objects(ids, **action.changes)
        case do.MergeObjects(ids=ids):
            session.merge_objects(ids)
        case do.OrderObjects(ids=ids, front=front):
            session.order_objects(ids, front)
        case do.Label(name=name, id=id, active=active):
            session.set_label(name, session.document.active if id is None and active else id)
        case do.Attribute(name=name, value=value, ids=ids):
            session.set_attribute(name, value, ids)
        case do.Labels(labels=labels, attributes=attributes):
            session.set_labels(_label_list(labels))
            if attributes is not None:
                session.set_attributes(attributes)
        case do.RenameLabel(name=name, new=new):
            session.rename_label(name, new)
        case do.RemoveLabel(name=name):
            session.remove_label(name)
        case do.Done(done=done):
            session.set_done(done)
        case do.Review(accepted=accepted, note=note):
            session.set_review(ACCEPTED if accepted else SENT_BACK, note)
        case do.KeepPass(index=index):
            session.keep_pass(index)
        case do.Choose(index=index):
            session.choose(index)
        case do.Cascade(cfr=cfr):
            session.set_cascade(_changed(session.document.cfr, cfr))


def _label_list(entries: list[LabelEntry]) -> list[document.Label]:
    """The labels of a received list, each name once, with default colours for entries without one."""
    labels: dict[str, document.Label] = {}
    for index, entry in enumerate(entries):
        if entry.name:
            colour = entry.colour or COLOURS[index % len(COLOURS)]
            labels.setdefault(entry.name, document.Label(entry.name, colour))
    return list(labels.values())


def _changed(cfr: CascadeForward, changes: dict[str, Any]) -> CascadeForward:
    """CFR settings with some fields changed; raises ActionError for other names and values."""
    try:
        return CascadeForward.from_json({**asdict(cfr), **changes})
    except ValueError as error:
        raise ActionError(sentence_of(error)) from error
