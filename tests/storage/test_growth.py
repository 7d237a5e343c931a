"""What a search costs does not grow with what is stored: steps of SQLite's machine among few resources and many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.storage.making import SPACE, asked, find, patient

from sickbay.fhir.query import Query
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.sqlite.store import SqliteStore, open_store
from sickbay.storage.store import Save

FEW, MANY = 400, 8_000
"""Resources. What grows with them takes twenty times as long among the many."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def stores(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[SqliteStore, SqliteStore]]:
    folder = tmp_path_factory.mktemp("growth")
    few, many = await _filled(folder / "few.db", FEW), await _filled(folder / "many.db", MANY)
    yield few, many
    await few.close()
    await many.close()


async def _filled(path: Path, count: int) -> SqliteStore:
    opened = open_store(path, find)
    await opened.fill(SPACE, (one for number in range(count) for one in _resources(number)))
    return opened


def _resources(number: int) -> list[Save]:
    return [patient(f"p{number}")]


async def steps(store: SqliteStore, query: Query) -> int:
    """Of a page's statements, and of what was looked up to make them."""
    counted = 0

    def add(event: dict[str, Any]) -> None:
        nonlocal counted
        counted += event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    reader = store._reader.db
    reader.trace_v2(apsw.SQLITE_TRACE_PROFILE, add)
    try:
        page = await store.search(SPACE, query, EVERYTHING)
    finally:
        reader.trace_v2(0)
    assert page.matches
    return counted


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(asked("Patient", ids=("p7", "p9", "p300")), id="ids"),
    ],
)
@pytest.mark.anyio
async def test_what_a_search_costs_does_not_grow_with_what_is_stored(
    stores: tuple[SqliteStore, SqliteStore], query: Query
) -> None:
    few, many = [await steps(store, query) for store in stores]
    assert many < 2 * few
