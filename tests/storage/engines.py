"""Opens empty stores of each engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.storage.making import find

from sickbay.storage.postgres.store import open_store as open_postgres
from sickbay.storage.sqlite.store import open_store as open_sqlite


async def open_engine(request: pytest.FixtureRequest, folder: Path, count: int = 1, find: Any = find) -> list[Any]:
    """Open `count` stores of the same empty database, with the engine that the fixture requests."""
    if request.param == "sqlite":
        return [open_sqlite(folder / "sickbay.db", find) for _ in range(count)]
    address = request.getfixturevalue("postgres").address()
    return [await open_postgres(address, find) for _ in range(count)]
