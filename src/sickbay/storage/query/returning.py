"""Returns to marks, and saves, restores and removes snapshots, with the same actions on both engines.

Each function yields its actions to `perform` of an engine, and receives the rows that a statement selects.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from sickbay.storage.facts import NONE
from sickbay.storage.interface import Conflict, ReturnToMark
from sickbay.storage.query import marks, snapshots, undo
from sickbay.storage.query.statement import Do, Row
from sickbay.storage.snapshot_steps import RestoreSnapshot, SaveSnapshot, SnapshotStep


class DoWith(NamedTuple):
    """A statement about resources. In the text, `{nids}` stands for what follows a nid in a condition, after other values."""

    text: str
    binds: tuple[Any, ...]
    nids: Collection[int]


class ForgetIndex(NamedTuple):
    """Delete all index rows of resources."""

    nids: Collection[int]


class Rewrite(NamedTuple):
    """Write the current versions of resources again, and add their index rows."""

    step: ReturnToMark
    space: int
    resources: list[marks.Restored]


Action: TypeAlias = Do | DoWith | ForgetIndex | Rewrite | undo.IndexChange
Actions: TypeAlias = Generator[Action, list[Row], None]


def actions_of(step: ReturnToMark | SnapshotStep) -> Actions:
    """Return the actions of a step. Raises Conflict before one that changes a space."""
    match step:
        case ReturnToMark():
            for space, sequence in (yield Do(marks.FIND, (*step.space, step.name))):
                yield from Return(step, space, sequence).run()
        case RestoreSnapshot():
            yield from _restore_snapshot(step)
        case _:
            yield from snapshots.save(step) if isinstance(step, SaveSnapshot) else snapshots.remove(step.name)


class Return:
    """A return to a position in the history of a space."""

    def __init__(self, step: ReturnToMark, space: int, sequence: int) -> None:
        self._step, self._space, self._sequence = step, space, sequence

    def run(self) -> Actions:
        """Restore first, then delete, because restored resources may refer to rows that deletion would remove."""
        space, since, is_changed = self._space, (self._space, self._sequence), False
        if self._step.keeps_numbers:
            yield Do(marks.KEEP_NUMBERS, (space, *since, space))
        for text, reverse in ((marks.CHANGED, self._restore_resources), (marks.CREATED, self._delete_created)):
            while page := (yield Do(text, since)):
                yield from reverse({nid for (nid,) in page})
                is_changed = True
        if is_changed:
            yield Do(marks.FORGET_UNUSED, (space, space, space))
        yield Do(marks.FORGET_LATER, since)

    def repeat(self, nids: list[int], missing: tuple[Any, ...]) -> Actions:
        """Write versions of a snapshot. nids: those of their resources. missing: selects the versions."""
        yield _count_live(nids, -1)
        yield Do(snapshots.KEEP_BODIES, (marks.encode_numbers(nids),))
        yield Do(snapshots.ADD_VERSIONS, missing)
        for start in range(0, len(nids), marks.AT_A_TIME):
            yield from self._reindex_resources(nids[start : start + marks.AT_A_TIME])
        yield _count_live(nids, 1)

    def _restore_resources(self, nids: set[int]) -> Actions:
        """Restore resources. Rebuilds index rows that refer to a resource without a row."""
        versions = yield Do(marks.CHANGES, (marks.encode_numbers(nids), self._sequence))
        change, unknown = undo.reverse_versions(versions)
        if created := unknown - (yield from _find_nids(marks.EXISTING, unknown, self._sequence)):
            yield from self._delete_created(created)
        if absent := (yield from _find_nids(marks.ABSENT, undo.list_targets(change))):
            change, unknown = undo.reverse_versions(versions, unknown | undo.find_referring_resources(change, absent))
        existed = nids - created
        yield _count_live(existed, -1)
        yield DoWith(marks.FORGET_VERSIONS, (self._sequence,), existed)
        yield change
        yield Do(marks.RESTORE, (b"", marks.encode_numbers(nids - unknown)))
        yield from self._reindex_resources(sorted(unknown - created))
        yield _count_live(existed, 1)

    def _reindex_resources(self, nids: list[int]) -> Actions:
        """Restore resources whose versions have no record of their index changes."""
        if nids:
            yield ForgetIndex(nids)
            yield Do(marks.FORGET_CHANGES, (marks.encode_numbers(nids),))
            versions = yield Do(marks.AT_MARK, (marks.encode_numbers(nids),))
            yield Rewrite(self._step, self._space, list(marks.restore(versions, self._step.index)))

    def _delete_created(self, nids: set[int]) -> Actions:
        yield _count_live(nids, -1)
        yield ForgetIndex(nids)
        yield DoWith(marks.FORGET_VERSIONS, (self._sequence,), nids)
        yield DoWith(marks.FORGET_CREATED, (), nids)
        yield DoWith(marks.UNSAVE_CREATED, (NONE, b""), nids)


def _find_nids(text: str, nids: set[int], *binds: int) -> Generator[Action, list[Row], set[int]]:
    return {nid for (nid,) in (yield Do(text, (marks.encode_numbers(nids), *binds)))} if nids else set()


def _count_live(nids: Collection[int], change: int) -> DoWith:
    """Add `change` for each live resource."""
    return DoWith(marks.COUNT_LIVE, (change,), nids)


def _restore_snapshot(step: RestoreSnapshot) -> Actions:
    for space in step.spaces:
        for number, base, saved in (yield Do(snapshots.BASES, (step.name, *space))):
            if base is None or saved is None or (yield Do(snapshots.IS_REFILLED, (number, saved, base))):
                raise Conflict(step)
            returns = ReturnToMark(space, snapshots.BASE, partial(step.index, space), keeps_numbers=True)
            yield from _restore_space(step.name, returns, number, min(base, saved))
    yield from snapshots.restore_records(step)


def _restore_space(name: str, returns: ReturnToMark, space: int, base: int) -> Actions:
    of = name, space
    ((difference,),) = yield Do(snapshots.FIRST_DIFFERENCE, (space, base, *of, *of))
    if difference is not None:
        undone = Return(returns, space, difference - 1)
        yield from undone.run()
        missing: tuple[Any, ...] = (*of, difference)
        yield Do(snapshots.ADD_RESOURCES, (NONE, b"", *missing))
        nids = [nid for (nid,) in (yield Do(snapshots.RESOURCES, missing))]
        yield from undone.repeat(nids, missing)
    yield Do(snapshots.FORGET_MARKS, (space,))
    yield Do(snapshots.ADD_MARKS, of)
