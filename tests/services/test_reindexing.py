"""Resources indexed by an older Sickbay can be searched like newly stored ones, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from tests.postgres import ENGINES

from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING
from sickbay.services.reindexing import BATCH, reindex_resources
from sickbay.storage.interface import Reindex, ResourceSpace, Save, Store
from sickbay.storage.postgres.store import open_store as open_postgres
from sickbay.storage.query.saving import INDEXES
from sickbay.storage.sqlite.connection import connect
from sickbay.storage.sqlite.store import find_published_parameter
from sickbay.storage.sqlite.store import open_store as open_sqlite

OutdatedStore = Callable[[int], Awaitable[Store]]
BASE = "http://h/general/r4"
SPACE = ResourceSpace("general", "r4")
SEARCHES = (
    "code-value-quantity=8867-4$gt70",
    "subject:identifier=urn:mrn|7",
    "code:text=heart",
    "_content=resting",
    "_text=calm",
    "code=8867-4",
    "patient=1",
)


def body(id: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"text": "Heart rate", "coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": "Patient/1", "identifier": {"system": "urn:mrn", "value": "7"}},
        "valueQuantity": {"value": 80, "unit": "1"},
        "note": [{"text": "While resting"}],
        "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>Calm</div>"},
    }


def runtime(store: Store) -> Any:
    return SimpleNamespace(store=store, tenants={"general": SimpleNamespace(fhir_base=lambda version: BASE)})


async def count_matches(store: Store) -> dict[str, int]:
    counts = {}
    for text in SEARCHES:
        query = parse("r4", "Observation", [tuple(text.split("=", 1))], base=BASE)  # type: ignore[list-item]
        assert isinstance(query, Query)
        counts[text] = await store.count(SPACE, query, EVERYTHING)
    return counts


@pytest.fixture(params=ENGINES)
def aged(request: pytest.FixtureRequest, tmp_path: Path) -> OutdatedStore:
    """Creates a store with this number of resources whose index is empty and has revision 1."""
    old = [f"DELETE FROM {table}" for table in INDEXES] + ["UPDATE resource SET index_revision = 1 WHERE state = 1"]
    file = tmp_path / "sickbay.db"

    async def on_sqlite(count: int) -> Store:
        store = open_sqlite(file)
        await fill(store, count)
        await store.close()
        db = connect(file)
        for text in old:
            db.execute(text)
        db.close()
        return open_sqlite(file)

    async def on_postgres(count: int) -> Store:
        server = request.getfixturevalue("postgres")
        address = server.address()
        store = await open_postgres(address, find_published_parameter)
        await fill(store, count)
        await store.close()
        server.say(f"SET search_path = {address.partition('search_path=')[2]}; {'; '.join(old)}")
        return await open_postgres(address, find_published_parameter)

    return on_sqlite if request.param == "sqlite" else on_postgres


async def fill(store: Store, count: int) -> None:
    bodies = [body(f"o{number}") for number in range(count)]
    await store.transaction(
        [
            Save(SPACE, "Observation", resource["id"], 1, orjson.dumps(resource), extract_entries("r4", resource, BASE), 1)
            for resource in bodies
        ]
    )


@pytest.mark.anyio
async def test_every_outdated_resource_is_indexed_again(aged: OutdatedStore) -> None:
    store = await aged(BATCH * 2 + 3)
    assert set((await count_matches(store)).values()) == {0}
    assert await reindex_resources(runtime(store)) == BATCH * 2 + 3
    assert set((await count_matches(store)).values()) == {BATCH * 2 + 3}
    assert await store.list_outdated(1) == []
    assert await reindex_resources(runtime(store)) == 0
    await store.close()


@pytest.mark.anyio
async def test_reindexing_continues_where_it_stopped_and_skips_resources_changed_meanwhile(aged: OutdatedStore) -> None:
    store = await aged(3)
    first, second, third = await store.list_outdated(10)
    other = body(second.id) | {"code": {"coding": [{"code": "other"}]}}
    await store.transaction(
        [
            Reindex(first.space, first.type, first.id, 1, extract_entries("r4", body(first.id), BASE)),
            Save(SPACE, "Observation", second.id, 2, orjson.dumps(other), extract_entries("r4", other, BASE), 2, "update"),
        ]
    )
    await store.transaction(
        [
            Reindex(second.space, second.type, second.id, 1, extract_entries("r4", body(second.id), BASE)),
            Reindex(third.space, third.type, "gone meanwhile", 1, extract_entries("r4", body(third.id), BASE)),
        ]
    )
    assert (await count_matches(store))["code=8867-4"] == 1
    assert [outdated.id for outdated in await store.list_outdated(10)] == [third.id]
    assert await reindex_resources(runtime(store)) == 1
    assert (await count_matches(store))["code=8867-4"] == 2
    await store.close()


@pytest.mark.anyio
async def test_concurrent_workers_and_writes_end_with_the_newest_index(aged: OutdatedStore) -> None:
    store = await aged(BATCH + 20)
    changed = [body(f"o{number}") | {"code": {"coding": [{"code": "other"}]}} for number in range(BATCH + 20)]

    async def write() -> None:
        for resource in changed[::10]:
            entries = extract_entries("r4", resource, BASE)
            await store.transaction(
                [Save(SPACE, "Observation", resource["id"], 2, orjson.dumps(resource), entries, 2, "update")]
            )

    await asyncio.gather(reindex_resources(runtime(store)), reindex_resources(runtime(store)), write())
    assert await store.list_outdated(1) == []
    assert (await count_matches(store))["code=8867-4"] == BATCH + 20 - len(changed[::10])
    assert (await count_matches(store))["patient=1"] == BATCH + 20
    await store.close()
