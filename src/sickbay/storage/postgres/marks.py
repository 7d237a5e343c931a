"""Sets marks in the history of a space, and returns to them. The space is locked, so no one else writes in it."""

from __future__ import annotations

import asyncio
from typing import Any

from sickbay.storage.facts import NONE
from sickbay.storage.interface import Mark, ReturnToMark
from sickbay.storage.postgres.batch import Batch
from sickbay.storage.postgres.id_allocation import IdAllocator, names
from sickbay.storage.postgres.resources import forget, restore, write, write_change
from sickbay.storage.postgres.sql_dialect import to_postgres, values
from sickbay.storage.query import marks, snapshots, undo
from sickbay.storage.query.dictionary import LIVE


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
        changed = created = False
        if self._step.keeps_numbers:
            await execute(db, marks.KEEP_NUMBERS, space, *since, space)
        while rows := await fetch(db, marks.CHANGED, *since, self._sequence):
            await self._restore([nid for (nid,) in rows])
            changed = True
        while rows := await fetch(db, marks.CREATED, *since):
            await self._delete([nid for (nid,) in rows])
            created = True
        if changed or created:
            await execute(db, marks.FORGET_UNUSED, space, space, space)
        await execute(db, marks.FORGET_LATER, *since)

    async def repeat(self, nids: list[int], missing: tuple[Any, ...]) -> None:
        """Write versions that a snapshot has. nids: of their resources. missing: which versions."""
        batch = Batch({}, {}, {})
        self._count(batch, await fetch(self._db, marks.NOW, marks.numbers(nids)), -1)
        await write(self._db, batch)
        await execute(self._db, snapshots.KEEP_BODIES, marks.numbers(nids))
        await execute(self._db, snapshots.ADD_VERSIONS, *missing)
        for start in range(0, len(nids), marks.AT_A_TIME):
            await self._extract(nids[start : start + marks.AT_A_TIME])

    async def _restore(self, nids: list[int]) -> None:
        db, listed, batch = self._db, marks.numbers(nids), Batch({}, {}, {})
        reversal = await self._reverse(await fetch(db, marks.CHANGES, listed, self._sequence))
        self._count(batch, await fetch(db, marks.NOW, listed), -1)
        await self._forget_versions(nids)
        await write_change(db, reversal.change)
        known = marks.numbers(nid for nid in nids if nid not in reversal.unknown)
        self._count(batch, await fetch(db, marks.RESTORE, b"", known), 1)
        await write(db, batch)
        if reversal.unknown:
            await self._extract(sorted(reversal.unknown))

    async def _reverse(self, versions: list[tuple[int, bytes | None]]) -> undo.Reversal:
        """Return how to reverse these versions. Rows that refer to a resource without a row have to be made again."""
        reversal = await asyncio.to_thread(undo.reverse, versions)
        found = await fetch(self._db, marks.ABSENT, marks.numbers(undo.targets(reversal.change)))
        absent = {nid for (nid,) in found}
        return undo.reverse(versions, reversal.unknown | undo.find_referring(reversal.change, absent)) if absent else reversal

    async def _extract(self, nids: list[int]) -> None:
        """Restore resources whose versions don't say what they changed in the index."""
        await execute(self._db, marks.FORGET_CHANGES, marks.numbers(nids))
        rows = await fetch(self._db, marks.AT_MARK, marks.numbers(nids))
        resources = await asyncio.to_thread(lambda: list(marks.restore(rows, self._step.index)))
        await self._numbers.learn_words(self._db, {name for resource in resources for name in names(resource.entries)})
        await restore(self._db, self._numbers, self._space, resources)

    async def _delete(self, nids: list[int]) -> None:
        listed, batch = marks.numbers(nids), Batch({}, {}, {})
        self._count(batch, await fetch(self._db, marks.NOW, listed), -1)
        await write(self._db, batch)
        await forget(self._db, nids)
        await self._forget_versions(nids)
        await execute(self._db, marks.FORGET_CREATED, listed)
        await execute(self._db, marks.UNSAVE_CREATED, NONE, b"", listed)

    def _count(self, batch: Batch, types: list[tuple[int, int]], change: int) -> None:
        """Add `change` for each live resource. types: of resources, with their states."""
        for type, state in types:
            if state == LIVE:
                batch.count(self._space, type, change)

    async def _forget_versions(self, nids: list[int]) -> None:
        await execute(self._db, marks.FORGET_VERSIONS, marks.numbers(nids), self._sequence)


async def fetch(db: Any, text: str, *binds: Any) -> list[Any]:
    """The rows of a statement in the shared dialect."""
    translated, lists = to_postgres(text)
    rows: list[Any] = await db.fetch(translated, *values(binds, lists))
    return rows


async def execute(db: Any, text: str, *binds: Any) -> None:
    """Execute a statement in the shared dialect."""
    translated, lists = to_postgres(text)
    await db.execute(translated, *values(binds, lists))
