"""Sets marks in the history of a space, and performs the actions that return to them (`query/returning.py`)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sickbay.storage.interface import Mark
from sickbay.storage.query import marks
from sickbay.storage.query.dictionary import DELETED, LIVE
from sickbay.storage.query.returning import Action, Actions, DoWith, ForgetIndex, Rewrite
from sickbay.storage.query.saving import INDEX_REVISION, facts_text
from sickbay.storage.query.statement import Do, Row
from sickbay.storage.sqlite.connection import fetch_rows
from sickbay.storage.sqlite.resources import Changes


def set_mark(changes: Changes, step: Mark) -> None:
    space = changes.counters(step.space)
    changes.db.execute(marks.SET, (space.number, step.name, space.sequence))


def perform_actions(changes: Changes, actions: Actions) -> None:
    """Do one action after the other. Raises what they raise."""
    changes.reset()
    found: Any = None
    with suppress(StopIteration):
        while True:
            found = _perform_action(changes, actions.send(found))


def _perform_action(changes: Changes, action: Action) -> list[Row]:
    match action:
        case Do(text, binds):
            return fetch_rows(changes.db, text, binds)
        case DoWith(text, binds, nids):
            between = f"BETWEEN ?{len(binds) + 1} AND ?{len(binds) + 2}"
            changes.db.executemany(text.format(nids=between), [(*binds, *run) for run in marks.find_ranges(nids)])
        case ForgetIndex(nids):
            changes.forget_index(nids)
        case Rewrite():
            _rewrite_resources(changes, action)
        case change:
            changes.write_change(change)
            changes.reset()
    return []


def _rewrite_resources(changes: Changes, action: Rewrite) -> None:
    space = changes.counters(action.step.space)
    for resource in action.resources:
        is_live = resource.state == LIVE
        facts, body = (facts_text(resource.entries), resource.body) if is_live else (resource.facts, b"")
        changes.replace(resource.nid, resource.state, resource.version_id, resource.at, INDEX_REVISION, facts, body)
        changes.index(space, resource.type, resource.nid, resource.entries)
        if resource.state == DELETED:
            changes.unindex(resource.nid, hides=resource.hides)
    changes.reset()
