"""The number by which a process knows that nothing was written since, on every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.postgres import ENGINES
from tests.storage.engines import open_engine

from sickbay.storage.store import Put, Record, Store, UseOnce


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes' stores of one place."""
    first, second = await open_engine(request, tmp_path, 2)
    yield first, second
    await first.close()
    await second.close()


async def stamp(store: Store) -> int | None:
    await store.get("meta", "clock")
    return store.stamp()


@pytest.mark.anyio
async def test_the_stamp_stays_until_something_is_written_by_whomever(stores: tuple[Store, Store]) -> None:
    here, there = stores
    await here.transaction([Put(Record("code", "k", b"{}"))])
    first = await stamp(here)
    assert first is not None
    assert [await stamp(here) for _ in range(3)] == [first] * 3
    await there.transaction([UseOnce("code", "k", 20)])
    second = await stamp(here)
    assert second != first
    await here.transaction([Put(Record("code", "k", b"{}"))])
    assert await stamp(here) not in (first, second)
