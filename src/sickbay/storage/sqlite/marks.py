"""Sets marks in the history of a space, and returns to them: deletes what was written since, and restores what it replaced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sickbay.storage.facts import NONE
from sickbay.storage.interface import Mark, ReturnToMark
from sickbay.storage.query import marks, snapshots, undo
from sickbay.storage.query.dictionary import DELETED, LIVE
from sickbay.storage.query.saving import INDEX_REVISION, facts_text
from sickbay.storage.sqlite.connection import rows
from sickbay.storage.sqlite.resources import Changes


def set_mark(changes: Changes, step: Mark) -> None:
    space = changes.counters(step.space)
    changes.db.execute(marks.SET, (space.number, step.name, space.sequence))


def return_to_mark(changes: Changes, step: ReturnToMark) -> None:
    """Undo what was written since the mark."""
    changes.reset()
    for space, sequence in rows(changes.db, marks.FIND, (*step.space, step.name)):
        SqliteReturn(changes, step, space, sequence).run()


class SqliteReturn:
    """A return to a position in the history of a space."""

    def __init__(self, changes: Changes, step: ReturnToMark, space: int, sequence: int) -> None:
        self._changes, self._step = changes, step
        self._space, self._sequence = space, sequence

    def run(self) -> None:
        """First restore, then delete: what is restored may refer to what was only referenced at the mark."""
        db, space, since = self._changes.db, self._space, (self._space, self._sequence)
        is_changed = False
        if self._step.keeps_numbers:
            db.execute(marks.KEEP_NUMBERS, (space, *since, space))
        for text, reverse in ((marks.CHANGED, self._restore), (marks.CREATED, self._delete)):
            while page := rows(db, text, since):
                reverse({nid for (nid,) in page})
                is_changed = True
        if is_changed:
            db.execute(marks.FORGET_UNUSED, (space, space, space))
        db.execute(marks.FORGET_LATER, since)

    def repeat(self, nids: list[int], missing: tuple[Any, ...]) -> None:
        """Write versions that a snapshot has. nids: of their resources. missing: which versions."""
        self._count_live(nids, -1)
        self._changes.db.execute(snapshots.KEEP_BODIES, (marks.numbers(nids),))
        self._changes.db.execute(snapshots.ADD_VERSIONS, missing)
        for start in range(0, len(nids), marks.AT_A_TIME):
            self._restore_from_body(nids[start : start + marks.AT_A_TIME])
            self._changes.reset()

    def _restore(self, nids: set[int]) -> None:
        """Index rows that refer to a resource that has no row of its own are made again."""
        db, listed = self._changes.db, marks.numbers(nids)
        versions = rows(db, marks.CHANGES, (listed, self._sequence))
        change, unknown = undo.reverse(versions)
        if created := unknown - self._find_nids(marks.EXISTING, unknown, self._sequence):
            self._delete(created)
        if absent := self._find_nids(marks.ABSENT, undo.targets(change)):
            change, unknown = undo.reverse(versions, unknown | undo.find_referring(change, absent))
        self._count_live(nids - created, -1)
        self._forget_versions(nids)
        self._changes.write_change(change)
        db.execute(marks.RESTORE, (b"", marks.numbers(nids - unknown)))
        self._count_live(nids - unknown, 1)
        self._restore_from_body(sorted(unknown - created))
        self._changes.reset()

    def _find_nids(self, text: str, nids: set[int], *binds: int) -> set[int]:
        return {nid for (nid,) in rows(self._changes.db, text, (marks.numbers(nids), *binds))} if nids else set()

    def _restore_from_body(self, nids: list[int]) -> None:
        """Restore resources whose versions don't say what they changed in the index."""
        changes, space = self._changes, self._changes.counters(self._step.space)
        changes.forget_index(nids)
        changes.db.execute(marks.FORGET_CHANGES, (marks.numbers(nids),))
        for resource in marks.restore(rows(changes.db, marks.AT_MARK, (marks.numbers(nids),)), self._step.index):
            is_live = resource.state == LIVE
            facts, body = (facts_text(resource.entries), resource.body) if is_live else (resource.facts, b"")
            changes.replace(resource.nid, resource.state, resource.version_id, resource.at, INDEX_REVISION, facts, body)
            changes.index(space, resource.type, resource.nid, resource.entries)
            if resource.state == DELETED:
                changes.unindex(resource.nid, hides=resource.hides)
            space.count(resource.type, is_live)

    def _delete(self, nids: set[int]) -> None:
        changes, listed = self._changes, marks.numbers(nids)
        self._count_live(nids, -1)
        changes.forget_index(nids)
        self._forget_versions(nids)
        changes.db.execute(marks.FORGET_CREATED, (listed,))
        changes.db.execute(marks.UNSAVE_CREATED, (NONE, b"", listed))
        changes.reset()

    def _count_live(self, nids: Iterable[int], change: int) -> None:
        """Add `change` for each live resource."""
        space = self._changes.counters(self._step.space)
        for type, live in rows(self._changes.db, marks.LIVE_BY_TYPE, (marks.numbers(nids),)):
            space.count(type, change * live)

    def _forget_versions(self, nids: Iterable[int]) -> None:
        self._changes.db.executemany(marks.FORGET_RANGE, [(*run, self._sequence) for run in marks.ranges(nids)])
