"""The database of a data folder waits for the disk, unless the folder is deleted at the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from sickbay.sandbox.sandbox import open_sandbox
from sickbay.settings import Settings
from sickbay.storage.sqlite import connection, reader, store

OFF, FULL = 0, 2
"""Values of SQLite's pragma `synchronous`."""


@pytest.mark.parametrize(
    ("settings", "in_folder", "synchronous"),
    [
        pytest.param(Settings(), True, FULL, id="a data folder"),
        pytest.param(Settings(ephemeral=True), True, OFF, id="the temporary folder of a server with --ephemeral"),
        pytest.param(Settings(ephemeral=True), False, OFF, id="a folder made for one sandbox"),
    ],
)
def test_only_a_database_that_is_kept_waits_for_the_disk(
    settings: Settings, in_folder: bool, synchronous: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (reader, store):  # other tests never wait for the disk
        monkeypatch.setattr(module, "connect", connection.connect)

    async def pragmas() -> list[int]:
        sandbox = await open_sandbox(replace(settings, folder=tmp_path) if in_folder else settings)
        opened = sandbox.runtime.store
        assert isinstance(opened, store.SqliteStore)
        try:
            return [database.pragma("synchronous") for database in (opened._writer._connection, opened._reader.db)]
        finally:
            await sandbox.close()

    assert asyncio.run(pragmas()) == [synchronous] * 2
