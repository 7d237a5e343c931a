"""Sets marks in the history of a space, and performs what returns to them (`query/returning.py`). The space is locked, so that
no one else writes in it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from sickbay.storage.interface import Mark
from sickbay.storage.postgres.id_allocation import IdAllocator, list_names
from sickbay.storage.postgres.resources import delete_rows, restore, write_change
from sickbay.storage.postgres.sql_dialect import convert_values, translate_to_postgres
from sickbay.storage.query import marks
from sickbay.storage.query.returning import Action, Actions, DoWith, ForgetIndex, Rewrite
from sickbay.storage.query.statement import Do, Row

MANY_ROWS = 16
"""Minimum number of rows that are processed on a thread."""


async def set_mark(db: Any, numbers: IdAllocator, step: Mark) -> None:
    """Set a mark. It gets its own sequence number, because the sequence skips numbers."""
    space = numbers.spaces[step.space]
    await fetch(db, marks.SET, space, step.name, await db.fetchval("SELECT nextval('history_sequence')"))


async def perform_actions(db: Any, numbers: IdAllocator, actions: Actions) -> None:
    """Do one action after the other. Raises what they raise."""
    numbers, found = numbers.copy(), list[Row]()
    action = next(actions, None)
    while action is not None:
        found = await _perform_action(db, numbers, action)
        action = (
            await asyncio.to_thread(_next_action, actions, found) if len(found) > MANY_ROWS else _next_action(actions, found)
        )


def _next_action(actions: Actions, found: list[Row]) -> Action | None:
    try:
        return actions.send(found)
    except StopIteration:
        return None


async def _perform_action(db: Any, numbers: IdAllocator, action: Action) -> list[Row]:
    match action:
        case Do(text, binds):
            return await fetch(db, text, *binds)
        case DoWith(text, binds, nids):
            await db.execute(
                translate_to_postgres(text).text.format(nids=f"= ANY(${len(binds) + 1})"), *convert_values(binds), list(nids)
            )
        case ForgetIndex(nids):
            await delete_rows(db, list(nids))
        case Rewrite(_, space, resources):
            await numbers.learn_words(db, {name for resource in resources for name in list_names(resource.entries)})
            await restore(db, numbers, space, resources)
        case change:
            await write_change(db, change)
    return []


async def fetch(db: Any, text: str, *binds: Any) -> list[Any]:
    """Return the rows of a statement in the shared dialect."""
    translated, lists = translate_to_postgres(text)
    rows: list[Any] = await db.fetch(translated, *convert_values(binds, lists))
    return rows
