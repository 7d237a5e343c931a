"""What an older Sickbay indexed is found as if this one had stored it, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from tests.postgres import ENGINES

from sickbay.fhir.search.index import extract
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING
from sickbay.services.reindexing import BATCH, index_anew
from sickbay.storage.interface import Reindex, ResourceSpace, Save, Store
from sickbay.storage.postgres.store import open_store as open_postgres
from sickbay.storage.query.saving import INDEXES
from sickbay.storage.sqlite.connection import connect
from sickbay.storage.sqlite.store import open_store as open_sqlite
from sickbay.storage.sqlite.store import published

Aged = Callable[[int], Awaitable[Store]]
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


async def found(store: Store) -> dict[str, int]:
    counts = {}
    for text in SEARCHES:
        query = parse("r4", "Observation", [tuple(text.split("=", 1))], base=BASE)  # type: ignore[list-item]
        assert isinstance(query, Query)
        counts[text] = await store.count(SPACE, query, EVERYTHING)
    return counts


@pytest.fixture(params=ENGINES)
def aged(request: pytest.FixtureRequest, tmp_path: Path) -> Aged:
    """Makes a store whose index is of revision 1 and holds nothing, with so many resources."""
    old = [f"DELETE FROM {table}" for table in INDEXES] + ["UPDATE resource SET index_revision = 1 WHERE state = 1"]
    file = tmp_path / "sickbay.db"

    async def on_sqlite(count: int) -> Store:
        store = open_sqlite(file)
        await filled(store, count)
        await store.close()
        db = connect(file)
        for text in old:
            db.execute(text)
        db.close()
        return open_sqlite(file)

    async def on_postgres(count: int) -> Store:
        server = request.getfixturevalue("postgres")
        address = server.address()
        store = await open_postgres(address, published)
        await filled(store, count)
        await store.close()
        server.say(f"SET search_path = {address.partition('search_path=')[2]}; {'; '.join(old)}")
        return await open_postgres(address, published)

    return on_sqlite if request.param == "sqlite" else on_postgres


async def filled(store: Store, count: int) -> None:
    bodies = [body(f"o{number}") for number in range(count)]
    await store.transaction(
        [Save(SPACE, "Observation", one["id"], 1, orjson.dumps(one), extract("r4", one, BASE), 1) for one in bodies]
    )


@pytest.mark.anyio
async def test_every_outdated_resource_is_indexed_anew_and_then_none_is_left(aged: Aged) -> None:
    store = await aged(BATCH * 2 + 3)
    assert set((await found(store)).values()) == {0}
    assert await index_anew(runtime(store)) == BATCH * 2 + 3
    assert set((await found(store)).values()) == {BATCH * 2 + 3}
    assert await store.outdated(1) == []
    assert await index_anew(runtime(store)) == 0
    await store.close()


@pytest.mark.anyio
async def test_it_goes_on_where_it_was_and_leaves_alone_what_was_changed_meanwhile(aged: Aged) -> None:
    store = await aged(3)
    first, second, third = await store.outdated(10)
    other = body(second.id) | {"code": {"coding": [{"code": "other"}]}}
    await store.transaction(
        [
            Reindex(first.space, first.type, first.id, 1, extract("r4", body(first.id), BASE)),
            Save(SPACE, "Observation", second.id, 2, orjson.dumps(other), extract("r4", other, BASE), 2, "update"),
        ]
    )
    await store.transaction(
        [
            Reindex(second.space, second.type, second.id, 1, extract("r4", body(second.id), BASE)),
            Reindex(third.space, third.type, "gone meanwhile", 1, extract("r4", body(third.id), BASE)),
        ]
    )
    assert (await found(store))["code=8867-4"] == 1
    assert [one.id for one in await store.outdated(10)] == [third.id]
    assert await index_anew(runtime(store)) == 1
    assert (await found(store))["code=8867-4"] == 2
    await store.close()


@pytest.mark.anyio
async def test_several_workers_at_once_and_those_who_write_meanwhile_end_with_the_newest_index(aged: Aged) -> None:
    store = await aged(BATCH + 20)
    changed = [body(f"o{number}") | {"code": {"coding": [{"code": "other"}]}} for number in range(BATCH + 20)]

    async def write() -> None:
        for one in changed[::10]:
            facts = extract("r4", one, BASE)
            await store.transaction([Save(SPACE, "Observation", one["id"], 2, orjson.dumps(one), facts, 2, "update")])

    await asyncio.gather(index_anew(runtime(store)), index_anew(runtime(store)), write())
    assert await store.outdated(1) == []
    assert (await found(store))["code=8867-4"] == BATCH + 20 - len(changed[::10])
    assert (await found(store))["patient=1"] == BATCH + 20
    await store.close()
