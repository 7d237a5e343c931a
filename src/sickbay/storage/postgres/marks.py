"""Sets marks in the history of a space, and returns to them. The space is locked, so no one else writes in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from sickbay.storage.facts import NONE
from sickbay.storage.interface import Mark, ReturnToMark
from sickbay.storage.postgres.batch import Batch
from sickbay.storage.postgres.id_allocation import IdAllocator, names
from sickbay.storage.postgres.resources import forget, restore, write, write_change
from sickbay.storage.postgres.sql_dialect import to_postgres, values
from sickbay.storage.query import marks, snapshots, undo


async def set_mark(db: Any, numbers: IdAllocator, step: Mark) -> None:
    """A sequence skips numbers, so the mark gets one of its own."""
    space = numbers.spaces[step.space]
    await execute(db, marks.SET, space, step.name, await db.fetchval("SELECT nextval('history_sequence')"))


async def return_to_mark(db: Any, numbers: IdAllocator, step: ReturnToMark) -> None:
    """Undo what was written since the mark."""
    found = await fetch(db, marks.FIND, *step.space, step.name)
    if found:
        await PostgresReturn(db, numbers.copy(), step, *found[0]).run()


class PostgresReturn:
    """A return to a position in the history of a space."""

    def __init__(self, db: Any, numbers: IdAllocator, step: ReturnToMark, space: int, sequence: int) -> None:
        self._db, self._numbers, self._step = db, numbers, step
        self._space, self._sequence = space, sequence

    async def run(self) -> None:
        """First restore, then delete: what is restored may refer to what was only referenced at the mark."""
        db, space, since = self._db, self._space, (self._space, self._sequence)
        is_changed = False
        if self._step.keeps_numbers:
            await execute(db, marks.KEEP_NUMBERS, space, *since, space)
        for text, reverse in ((marks.CHANGED, self._restore), (marks.CREATED, self._delete)):
            while page := await fetch(db, text, *since):
                await reverse({nid for (nid,) in page})
                is_changed = True
        if is_changed:
            await execute(db, marks.FORGET_UNUSED, space, space, space)
        await execute(db, marks.FORGET_LATER, *since)

    async def repeat(self, nids: list[int], missing: tuple[Any, ...]) -> None:
        """Write versions that a snapshot has. nids: of their resources. missing: which versions."""
        await self._count_live(nids, -1)
        await execute(self._db, snapshots.KEEP_BODIES, marks.numbers(nids))
        await execute(self._db, snapshots.ADD_VERSIONS, *missing)
        for start in range(0, len(nids), marks.AT_A_TIME):
            await self._restore_from_body(nids[start : start + marks.AT_A_TIME])

    async def _restore(self, nids: set[int]) -> None:
        """Index rows that refer to a resource that has no row of its own are made again."""
        db, listed = self._db, marks.numbers(nids)
        versions = await fetch(db, marks.CHANGES, listed, self._sequence)
        change, unknown = await asyncio.to_thread(undo.reverse, versions)
        if created := unknown - await self._find_nids(marks.EXISTING, unknown, self._sequence):
            await self._delete(created)
        if absent := await self._find_nids(marks.ABSENT, undo.targets(change)):
            change, unknown = undo.reverse(versions, unknown | undo.find_referring(change, absent))
        await self._count_live(nids - created, -1)
        await execute(db, marks.FORGET_VERSIONS, listed, self._sequence)
        await write_change(db, change)
        await execute(db, marks.RESTORE, b"", marks.numbers(nids - unknown))
        await self._count_live(nids - unknown, 1)
        await self._restore_from_body(sorted(unknown - created))

    async def _find_nids(self, text: str, nids: set[int], *binds: int) -> set[int]:
        return {nid for (nid,) in await fetch(self._db, text, marks.numbers(nids), *binds)} if nids else set()

    async def _restore_from_body(self, nids: list[int]) -> None:
        """Restore resources whose versions don't say what they changed in the index."""
        if not nids:
            return
        await execute(self._db, marks.FORGET_CHANGES, marks.numbers(nids))
        rows = await fetch(self._db, marks.AT_MARK, marks.numbers(nids))
        resources = await asyncio.to_thread(lambda: list(marks.restore(rows, self._step.index)))
        await self._numbers.learn_words(self._db, {name for resource in resources for name in names(resource.entries)})
        await restore(self._db, self._numbers, self._space, resources)

    async def _delete(self, nids: set[int]) -> None:
        listed = marks.numbers(nids)
        await self._count_live(nids, -1)
        await forget(self._db, list(nids))
        await execute(self._db, marks.FORGET_VERSIONS, listed, self._sequence)
        await execute(self._db, marks.FORGET_CREATED, listed)
        await execute(self._db, marks.UNSAVE_CREATED, NONE, b"", listed)

    async def _count_live(self, nids: Iterable[int], change: int) -> None:
        """Add `change` for each live resource."""
        batch = Batch({}, {}, {})
        for type, live in await fetch(self._db, marks.LIVE_BY_TYPE, marks.numbers(nids)):
            batch.count(self._space, type, change * live)
        await write(self._db, batch)


async def fetch(db: Any, text: str, *binds: Any) -> list[Any]:
    """The rows of a statement in the shared dialect."""
    translated, lists = to_postgres(text)
    rows: list[Any] = await db.fetch(translated, *values(binds, lists))
    return rows


async def execute(db: Any, text: str, *binds: Any) -> None:
    """Execute a statement in the shared dialect."""
    translated, lists = to_postgres(text)
    await db.execute(translated, *values(binds, lists))
