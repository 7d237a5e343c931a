"""Servers of a schema before hidden resources, which share a database with this one until the upgrade is finished."""

from __future__ import annotations

import pytest
from tests.postgres import Server
from tests.storage.making import SPACE, find, make_save
from tests.storage.test_hidden_resources import count_hidden, delete

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.interface import Mark, ReturnToMark
from sickbay.storage.postgres import migrations
from sickbay.storage.postgres.migrations import HIDES_FROM, STEPS
from sickbay.storage.postgres.store import PostgresStore, open_store

ENTRIES = IndexEntries(tokens=((1, "s", "a"),), strings=((2, "a", "A"),))
READ_BY_OLDER = "SELECT (SELECT count(*) FROM token_index), (SELECT count(*) FROM string_index)"
"""They find resources by the rows of these tables, and don't read their states."""


def create(postgres: Server, version: int) -> str:
    """Return the address of a new database of this version of the schema."""
    address = postgres.address()
    tables = ";".join((*STEPS[:version], f"INSERT INTO meta VALUES ('schema', '{version}')"))
    postgres.say(f"SET search_path = {address.partition('search_path=')[2]};{tables}")
    return address


async def write(store: PostgresStore) -> None:
    """Create, mark and delete."""
    saves = [make_save("Observation", f"o{number}", ENTRIES) for number in range(3)]
    for steps in (saves, [Mark(SPACE, "filled")], delete(saves)):
        await store.transaction(steps)


def say(postgres: Server, address: str, text: str) -> str:
    return postgres.say(f"SET search_path = {address.partition('search_path=')[2]};{text}")


@pytest.mark.parametrize("version", range(HIDES_FROM - 2, HIDES_FROM))
@pytest.mark.anyio
async def test_older_servers_find_nothing_that_is_deleted(postgres: Server, version: int) -> None:
    address = create(postgres, version)
    store = await open_store(address, find)
    await write(store)
    assert say(postgres, address, READ_BY_OLDER) == "0|0"
    assert await count_hidden(store, SPACE) == 0
    await store.close()


@pytest.mark.anyio
async def test_a_resource_that_is_extracted_again_is_not_hidden_from_older_servers_either(postgres: Server) -> None:
    address = create(postgres, HIDES_FROM - 1)
    store = await open_store(address, find)
    await write(store)
    await store.transaction([Mark(SPACE, "deleted")])
    again = make_save("Observation", "o0", ENTRIES, version_id=3, interaction="update-create")
    await store.transaction([again])
    say(postgres, address, "UPDATE resource_history SET undo = NULL")
    await store.transaction([ReturnToMark(SPACE, "deleted", lambda body: ENTRIES)])
    restored = await store.read(SPACE, "Observation", "o0", EVERYTHING)
    assert restored is not None
    assert restored.deleted
    assert say(postgres, address, READ_BY_OLDER) == "0|0"
    await store.close()


@pytest.mark.anyio
async def test_resources_are_hidden_after_the_next_migration(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade is finished before the next one begins, so no older server is left."""
    address = create(postgres, HIDES_FROM - 1)
    await (await open_store(address, find)).close()
    monkeypatch.setattr(migrations, "STEPS", (*STEPS, "CREATE TABLE later (a bigint)"))
    store = await open_store(address, find)
    await write(store)
    assert await count_hidden(store, SPACE) == 3
    await store.close()


@pytest.mark.anyio
async def test_resources_of_a_new_database_are_hidden(postgres: Server) -> None:
    store = await open_store(postgres.address(), find)
    await write(store)
    assert await count_hidden(store, SPACE) == 3
    await store.close()
