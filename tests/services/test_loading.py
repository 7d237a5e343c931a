"""Batches are prepared while others are written, without reading the store if all resources are new; nothing is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from sickbay.fhir.loading import ParsedResource, Ready, prepare_resource
from sickbay.fhir.visibility import EVERYTHING, Visibility
from sickbay.services.loading import Loading
from sickbay.storage.answers import Stored
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.sqlite.store import SqliteStore, find_published_parameter

SPACE = ResourceSpace("general", "r4")
BASE = "http://h/general/r4"
pytestmark = pytest.mark.anyio


class RecordingStore(SqliteStore):
    """ids: the ids that were read."""

    ids: list[str]

    async def read(self, space: ResourceSpace, type: str, id: str, visibility: Visibility) -> Stored | None:
        self.ids.append(id)
        return await super().read(space, type, id, visibility)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[RecordingStore]:
    store = RecordingStore(tmp_path / "a.db", find_published_parameter)
    store.ids = []
    yield store
    await store.close()


def loading(store: RecordingStore, name: str = "files") -> Loading:
    runtime: Any = SimpleNamespace(
        store=store, effects=SimpleNamespace(now=lambda: 1_700_000_000.0), next_version=lambda space, before: before + 1
    )
    tenant: Any = SimpleNamespace(name="general", fhir_base=lambda version: BASE)
    return Loading(runtime, tenant, "r4", name)


def piece(id: str, family: str) -> Ready:
    resource = {"resourceType": "Patient", "id": id, "name": [{"family": family}]}
    return prepare_resource("r4", ParsedResource("", "Patient", id, orjson.dumps(resource), resource), BASE)


async def load(run: Loading, *batches: list[Ready]) -> tuple[int, int, int]:
    for batch in batches:
        await run.store_batch(batch)
    await run.finish()
    return run.new, run.changed, run.same


async def last(store: RecordingStore, id: str) -> tuple[int, bytes]:
    stored = await store.read(SPACE, "Patient", id, EVERYTHING)
    assert stored
    return stored.version_id, stored.body


async def test_after_a_batch_of_new_resources_the_store_is_not_read_for_the_next(store: RecordingStore) -> None:
    batches = [[piece(f"{number}-{index}", "A") for index in range(3)] for number in range(3)]
    assert await load(loading(store), *batches) == (9, 0, 0)
    ids_read = [id for id in store.ids if id.startswith("2")]
    assert ids_read == []
    assert (await last(store, "2-2"))[0] == 1


async def test_a_resource_that_exists_after_all_is_compared(store: RecordingStore) -> None:
    await load(loading(store, "before"), [piece("b", "A"), piece("c", "A")])
    news = [piece("a", "A"), piece("d", "A")], [piece("e", "A")]
    assert await load(loading(store), *news, [piece("b", "A"), piece("c", "B"), piece("f", "A")]) == (4, 1, 1)
    assert await last(store, "b") == (1, piece("b", "A").body)
    assert await last(store, "c") == (2, piece("c", "B").body)


async def test_an_id_repeated_in_the_next_batch_is_compared_with_what_was_written(store: RecordingStore) -> None:
    news = [piece("x", "A")], [piece("y", "A")], [piece("z", "A")]
    assert await load(loading(store), *news, [piece("z", "A")]) == (3, 0, 1)
    assert await load(loading(store, "more"), [piece("z", "B")], [piece("z", "C")], [piece("z", "C")]) == (0, 2, 1)
    assert await last(store, "z") == (3, piece("z", "C").body)


async def test_earlier_bodies_of_an_id_change_nothing_wherever_a_batch_ends(store: RecordingStore) -> None:
    run = loading(store)
    assert await load(run, [piece("x", "A")], [piece("x", "B")], [piece("x", "A")], [piece("x", "B")]) == (1, 1, 2)
    assert await last(store, "x") == (2, piece("x", "B").body)
