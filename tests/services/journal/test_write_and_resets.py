"""What the journal keeps while other workers reset hospitals and restore snapshots, in whatever order that is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs
from tests.services.journal.test_write import Store, exchange, make_refused, runtime

from sickbay.services import runtime_settings
from sickbay.services.context import Runtime
from sickbay.services.journal import write as journal
from sickbay.services.journal.write import Journal
from sickbay.services.reset_revisions import ResetRevisions, compare_revisions, make_revisions
from sickbay.settings.database import Unavailable
from sickbay.storage.interface import Put
from sickbay.storage.resets import Revisions, WasReset, current

HOSPITALS = ("general", "epic")


class SharedStore(Store):
    """A store that another worker resets, also while this one writes.

    An event is `reset` (of all hospitals), the name of the hospital that is reset, `restore`, `notice` (this worker begins a
    request, so it learns of the others), or `away` (the next transaction fails).
    """

    def __init__(self) -> None:
        super().__init__()
        self.resets = make_revisions(HOSPITALS)
        self.expected: set[str] = set()
        self.while_writing: list[str] = []
        self.runtime = runtime(self)

    def apply(self, event: str) -> None:
        if event == "notice":
            self.notice()
        elif event == "away":
            self.away = True
        else:
            self.resets = make_later(self.resets, event)
            self.expected = {id for id in self.expected if not is_deleted(id, event)}
            self.kept = {id: count for id, count in self.kept.items() if not is_deleted(id, event)}

    def notice(self) -> None:
        noticed, self.runtime.resets = compare_revisions(self.runtime.resets, self.resets), self.resets
        for reset in noticed:
            self.runtime.memory.forget(reset)

    async def transaction(self, steps: list[Put]) -> None:
        events, self.while_writing = self.while_writing, []
        for event in events:
            self.apply(event)
        if current().revisions and current().revisions != self.resets.all:
            raise WasReset
        try:
            await super().transaction(steps)
        finally:
            self.away = False


def is_deleted(id: str, event: str) -> bool:
    return event == "reset" or id.startswith(event)


def make_later(known: ResetRevisions, event: str) -> ResetRevisions:
    """The revisions after this event."""
    key = "resets" if event in ("reset", "restore") else f"resets/{event}"
    of: dict[str, Revisions] = {
        name: {each: count + (each == key) for each, count in counts.items()} for name, counts in known.of.items()
    }
    return known._replace(of=of, restores=known.restores + (event == "restore"))


EVENTS = st.sampled_from(["reset", "restore", "notice", "away", *HOSPITALS])
WRITES = st.tuples(st.sampled_from(["granted", "refused", "unexplained"]), st.sampled_from(HOSPITALS))
FLUSHES = st.lists(EVENTS, max_size=4)


async def write(store: SharedStore, writer: Journal, kind: str, hospital: str, number: int) -> None:
    """As a request does it: it learns of resets first."""
    store.notice()
    id = f"{hospital} {number}"
    store.expected.add(id)
    if kind == "granted":
        writer.hold(structs.replace(exchange("access"), id=id, tenant=hospital))
    elif kind == "refused":
        await writer.write(structs.replace(make_refused(id), tenant=hospital))
    else:
        writer.write_later(structs.replace(make_refused(id), tenant=hospital), lambda waiting: waiting)


async def flush(writer: Journal) -> None:
    with suppress(Unavailable):
        await writer.flush()


async def notice(runtime: Runtime) -> None:
    cast(SharedStore, runtime.store).notice()


@pytest.fixture(autouse=True, scope="module")
def settings_are_only_resets() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime_settings, "refresh_settings", notice)
        yield


@given(st.lists(WRITES | FLUSHES | EVENTS, max_size=12))
@example([("granted", "epic"), ["restore", "notice", "away"], "epic", "restore"])
def test_an_exchange_is_kept_unless_its_hospital_is_reset_afterwards(actions: list[tuple[str, str] | list[str] | str]) -> None:
    async def steps() -> None:
        store = SharedStore()
        writer = Journal(store.runtime)
        writer._at_once = journal.AT_ONCE
        for number, action in enumerate(actions):
            if isinstance(action, str):
                store.apply(action)
            elif isinstance(action, tuple):
                await write(store, writer, *action, number)
            else:
                store.while_writing = action
                await flush(writer)
        store.while_writing, store.away = [], False
        await writer.flush()
        assert set(store.kept) == store.expected

    asyncio.run(steps())
