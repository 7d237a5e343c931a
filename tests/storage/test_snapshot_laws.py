"""The law of snapshots: after a restore, records and spaces are as they were saved, whatever happened in between."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.laws import examples
from tests.storage.contents import tables
from tests.storage.test_mark_laws import CHANGES, Change, answers, fresh_spaces, in_any_order, index, resource

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.interface import Mark, Put, Record, ResourceSpace, ReturnToMark, Save, Store
from sickbay.storage.snapshot_steps import RemoveSnapshot, RestoreSnapshot, SaveSnapshot

NAMES = ("a", "b")
KINDS = ("app", "token")
ACTIONS = st.one_of(
    st.lists(CHANGES, min_size=1, max_size=4),
    st.tuples(st.sampled_from(("save", "restore", "restore", "restore")), st.sampled_from(NAMES)),
    st.just("reset"),
    st.tuples(st.just("record"), st.integers(0, 3)),
)


def saving(name: str, space: ResourceSpace) -> SaveSnapshot:
    return SaveSnapshot(f"{space.tenant}-{name}", KINDS, (f"filled/{space.tenant}",), (space,))


def restoring(name: str, space: ResourceSpace) -> RestoreSnapshot:
    def index_in(space: ResourceSpace, body: bytes) -> IndexEntries:
        return index(body)

    return RestoreSnapshot(f"{space.tenant}-{name}", KINDS, (f"filled/{space.tenant}",), (space,), index_in)


async def write(store: Store, space: ResourceSpace, changes: list[Change], used: dict[tuple[str, str], set[int]]) -> None:
    """One transaction per change, with numbers that no version had before."""
    for type, id, value in changes:
        last = (await store.last_versions()).get(space, 0)
        stored = await store.read(space, type, id, EVERYTHING)
        before, is_live = (stored.version_id, not stored.deleted) if stored else (0, False)
        if value < 0 and not is_live:
            continue
        number = max(before, last) + 1
        assert number not in used.setdefault((type, id), set())
        used[type, id].add(number)
        if value < 0:
            step = Save(space, type, id, number, b"", IndexEntries(), 1000 * number, "delete", before=before)
        else:
            body = orjson.dumps(resource(type, id, value))
            kind: Any = "update" if is_live else "update-create"
            step = Save(space, type, id, number, body, index(body), 1000 * number, kind, before=before)
        await store.transaction([step])


async def contents(store: Store, space: ResourceSpace) -> Any:
    records = [sorted(await store.find(kind, limit=1000), key=lambda record: record.key) for kind in KINDS]
    return await tables(store, space), in_any_order(await answers(store, space)), records


async def obey(store: Store, before: list[Change], actions: list[Any]) -> None:
    space, _ = fresh_spaces()
    used: dict[tuple[str, str], set[int]] = {}
    await write(store, space, before, used)
    await store.transaction([Mark(space, "patients"), Mark(space, "filled")])
    saved: dict[str, Any] = {}
    for action in actions:
        match action:
            case "reset":
                await store.transaction([ReturnToMark(space, "filled", index, keeps_numbers=True)])
            case ("save", name):
                await store.transaction([saving(name, space)])
                saved[name] = await contents(store, space)
            case ("restore", name):
                if name in saved:
                    await store.transaction([restoring(name, space)])
                    assert await contents(store, space) == saved[name]
                    assert await store.writes_since(space, "filled") is not None
            case ("record", number):
                await store.transaction([Put(Record("app", f"key-{number}", b"{}", label=str(len(used))))])
            case changes:
                await write(store, space, changes, used)
    for name in NAMES:
        await store.transaction([RemoveSnapshot(f"{space.tenant}-{name}")])


PATIENT, OBSERVATION = "Patient", "Observation"


@example(
    [(OBSERVATION, "a", 1)],
    [
        ("save", "a"),
        [(PATIENT, "b", 1), (OBSERVATION, "a", 2)],
        ("save", "b"),
        ("restore", "a"),
        [(PATIENT, "b", 2)],
        ("restore", "b"),
    ],
)
@example(
    [(OBSERVATION, "a", 1)],
    [
        [(OBSERVATION, "a", 0)],
        ("save", "a"),
        "reset",
        [(OBSERVATION, "b", 0)],
        ("restore", "a"),
        [(OBSERVATION, "a", -1)],
        ("restore", "a"),
    ],
)
@settings(max_examples=examples(400))
@given(st.lists(CHANGES, max_size=4), st.lists(ACTIONS, max_size=12))
def test_after_a_restore_everything_is_as_it_was_saved_and_no_version_number_is_used_twice(
    store: Store, runner: asyncio.Runner, before: list[Change], actions: list[Any]
) -> None:
    runner.run(obey(store, before, actions))
