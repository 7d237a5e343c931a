"""What an older Sickbay indexed is found as if this one had stored it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from sickbay.fhir.index import extract
from sickbay.fhir.query import Query
from sickbay.fhir.search import parse
from sickbay.fhir.visibility import EVERYTHING
from sickbay.operations.reindexing import BATCH, index_anew
from sickbay.storage.sql.saving import INDEXES
from sickbay.storage.sqlite.connection import connect
from sickbay.storage.sqlite.store import SqliteStore, open_store
from sickbay.storage.store import Reindex, Save, Space

BASE = "http://h/general/r4"
SPACE = Space("general", "r4")
SEARCHES = (
    "code-value-quantity=8867-4$gt70",
    "subject:identifier=urn:mrn|7",
    "code:text=heart",
    "code=8867-4",
    "patient=1",
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def body(id: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": id, "status": "final",
        "code": {"text": "Heart rate", "coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": "Patient/1", "identifier": {"system": "urn:mrn", "value": "7"}},
        "valueQuantity": {"value": 80, "unit": "1"},
    }  # fmt: skip


def world(store: SqliteStore) -> Any:
    return SimpleNamespace(store=store, tenants={"general": SimpleNamespace(fhir_base=lambda version: BASE)})


async def found(store: SqliteStore) -> dict[str, int]:
    counts = {}
    for text in SEARCHES:
        query = parse("r4", "Observation", [tuple(text.split("=", 1))], base=BASE)  # type: ignore[list-item]
        assert isinstance(query, Query)
        counts[text] = await store.count(SPACE, query, EVERYTHING)
    return counts


async def aged(path: Path, count: int) -> SqliteStore:
    """A store whose index is of revision 1, and holds nothing of these resources but the wrong token."""
    store = open_store(path)
    bodies = [body(f"o{number}") for number in range(count)]
    saves = [Save(SPACE, "Observation", one["id"], 1, orjson.dumps(one), extract("r4", one, BASE), 1) for one in bodies]
    await store.transaction(saves)
    await store.close()
    db = connect(path)
    for table in INDEXES:
        db.execute(f"DELETE FROM {table}")
    db.execute("UPDATE resource SET index_revision = 1 WHERE state = 1")
    db.close()
    return open_store(path)


@pytest.mark.anyio
async def test_every_outdated_resource_is_indexed_anew_and_then_none_is_left(tmp_path: Path) -> None:
    store = await aged(tmp_path / "sickbay.db", BATCH * 2 + 3)
    assert set((await found(store)).values()) == {0}
    assert await index_anew(world(store)) == BATCH * 2 + 3
    assert set((await found(store)).values()) == {BATCH * 2 + 3}
    assert await store.outdated(1) == []
    assert await index_anew(world(store)) == 0
    await store.close()


@pytest.mark.anyio
async def test_it_goes_on_where_it_was_and_leaves_alone_what_was_changed_meanwhile(tmp_path: Path) -> None:
    store = await aged(tmp_path / "sickbay.db", 3)
    first, second, _ = await store.outdated(10)
    other = body(second.id) | {"code": {"coding": [{"code": "other"}]}}
    await store.transaction([
        Reindex(first.space, first.type, first.id, 1, extract("r4", body(first.id), BASE)),
        Save(SPACE, "Observation", second.id, 2, orjson.dumps(other), extract("r4", other, BASE), 2, "update"),
    ])  # fmt: skip
    await store.transaction([Reindex(second.space, second.type, second.id, 1, extract("r4", body(second.id), BASE))])
    assert (await found(store))["code=8867-4"] == 1
    assert await index_anew(world(store)) == 1
    assert (await found(store))["code=8867-4"] == 2
    await store.close()
