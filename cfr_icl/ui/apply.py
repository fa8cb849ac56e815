"""Apply actions on a picture's objects and settings to its session."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cfr_icl import clicks
from cfr_icl.annotate.objects import document
from cfr_icl.annotate.objects.document import ACCEPTED, COLOURS, SENT_BACK, ActionError
from cfr_icl.annotate.session.editor import Editor
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
        case do.Click(x=x, y=y, positive=positive, may_overlap=may_overlap):
            session.click(clicks.Click(x, y, positive), may_overlap)
        case do.Box(left=left, top=top, right=right, bottom=bottom):
            session.box(left, top, right, bottom)
        case do.KeepPass(index=index, prediction=prediction):
            session.keep_pass(index, prediction)
        case do.Choose(index=index, object=id):
            session.choose(index, id)
        case do.OverlapClicked(id=id):
            session.overlap_clicked(id)
        case do.ChooseOrLabel():
            _choose_or_label(session, action)
        case do.Cascade(cfr=cfr):
            session.set_cascade(_changed(session.document.cfr, cfr))
        case do.Undo():
            session.undo()
        case do.Redo():
            session.redo()
        case _:
            _edit_objects(session, action)


def _choose_or_label(session: Session, action: do.ChooseOrLabel) -> None:
    """Choose a mask that the network offers, or else the label of this number."""
    if action.masks and session.has_choices and action.index < len(session.choices()[1].choices):
        session.choose(action.index)
    elif 0 <= action.index < len(session.document.labels):
        name = session.document.labels[action.index].name
        if action.ids:
            session.label_objects(action.ids, name)
        else:
            session.set_label(name, session.document.active)


def _edit_objects(editor: Editor, action: SessionAction) -> None:
    """Apply an action on objects that needs no network."""
    match action:
        case do.Paint(points=points, diameter=diameter, add=add):
            editor.paint([(x, y) for x, y in points], diameter, add)
        case do.Lasso(points=points, add=add):
            editor.lasso([(x, y) for x, y in points], add)
        case do.Reshape(points=points):
            editor.reshape([(x, y) for x, y in points])
        case do.FillHole(x=x, y=y):
            editor.fill_hole(x, y)
        case do.Clear():
            editor.clear()
        case do.Finish():
            editor.finish()
        case do.GoToUnsure():
            editor.go_to_unsure()
        case do.Select(id=id):
            editor.select(id)
        case do.Delete(id=id):
            editor.delete(id)
        case do.Duplicate(id=id):
            editor.duplicate(id)
        case do.Edit(id=id):
            editor.edit(id, **action.changes)
        case do.DeleteObjects(ids=ids):
            editor.delete_objects(ids)
        case do.LabelObjects(ids=ids, name=name):
            editor.label_objects(ids, name)
        case do.EditObjects(ids=ids):
            editor.edit_objects(ids, **action.changes)
        case do.MergeObjects(ids=ids):
            editor.merge_objects(ids)
        case do.OrderObjects(ids=ids, front=front):
            editor.order_objects(ids, front)
        case _:
            _edit_labels(editor, action)


def _edit_labels(editor: Editor, action: SessionAction) -> None:
    """Apply an action on labels, attributes or the state of the picture."""
    match action:
        case do.Label(name=name, id=id, active=active):
            editor.set_label(name, editor.document.active if id is None and active else id)
        case do.Attribute(name=name, value=value, ids=ids):
            editor.set_attribute(name, value, ids)
        case do.Labels(labels=labels, attributes=attributes):
            editor.set_labels(_label_list(labels))
            if attributes is not None:
                editor.set_attributes(attributes)
        case do.RenameLabel(name=name, new=new):
            editor.rename_label(name, new)
        case do.RemoveLabel(name=name):
            editor.remove_label(name)
        case do.Done(done=done):
            editor.set_done(done)
        case do.Review(accepted=accepted, note=note):
            editor.set_review(ACCEPTED if accepted else SENT_BACK, note)


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
