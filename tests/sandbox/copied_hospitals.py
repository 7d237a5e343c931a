"""Fills hospitals with and without a population cache, and reads everything that is stored of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.storage.contents import rows_of

from sickbay.sandbox.filled_space import EMPTY
from sickbay.sandbox.population_writer import Outcome, PopulationWriter
from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.settings.settings import Settings
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.saving import COLUMNS

SPACE = ResourceSpace("general", "r4")
DAY = "2026-11-24"
SMALL: dict[str, Any] = {"patients": 2, "today": DAY}
_NUMBERED = ("nid", "patient", "target")


async def open_hospital(place: Path | str, **options: Any) -> Sandbox:
    """place: a new folder, or the address of a database."""
    data = {"folder": place} if isinstance(place, Path) else {"data": place}
    return await open_sandbox(Settings(**{**SMALL, **data, **options}))


async def fill(place: Path | str, space: ResourceSpace = SPACE, **options: Any) -> dict[str, Any]:
    """Fill a space, wait until its file is written, and return everything that is stored."""
    sandbox = await open_hospital(place, **options)
    try:
        await sandbox.filling.ensure(space)
        if sandbox.filling.cache is not None:
            await asyncio.gather(*sandbox.filling.cache._exports)
        return await contents(sandbox.runtime.store, space)
    finally:
        await sandbox.close()


async def contents(store: Any, space: ResourceSpace) -> dict[str, Any]:
    """All rows of a space. Names stand for the numbers of resources and words, and the order for those of versions."""
    number = (
        await rows_of(store, f"SELECT number FROM space WHERE tenant = '{space.tenant}' AND version = '{space.version}'")
    )[0][0]
    words = dict(map(tuple, await rows_of(store, "SELECT number, text FROM word")))
    resources = await rows_of(
        store,
        f"SELECT nid, type, id, state, version_id, changed, index_revision, facts, body FROM resource WHERE space = {number}",
    )
    names = {nid: (words[type], id) for nid, type, id, *_ in resources}
    history = await rows_of(
        store,
        "SELECT sequence, nid, version_id, at, interaction, who, facts, undo, body FROM resource_history"
        f" WHERE nid >> 40 = {number} ORDER BY sequence",
    )
    found: dict[str, Any] = {
        "resource": sorted((words[type], id, *map(convert_to_bytes, more)) for _, type, id, *more in resources),
        "history": [(names[nid], *map(convert_to_bytes, more)) for _, nid, *more in history],
    }
    for table, columns in COLUMNS.items():
        rows = await rows_of(store, f"SELECT {', '.join(columns)} FROM {table} WHERE nid >> 40 = {number}")
        found[table] = sorted((tuple(replace_numbers(table, columns, row, names, words)) for row in rows), key=repr)
    terms = await rows_of(store, "SELECT hash, system, code FROM term ORDER BY hash")
    live = await rows_of(store, f"SELECT type, sum(live) FROM type_count WHERE space = {number} GROUP BY type")
    found["term"], found["live"] = list(map(tuple, terms)), sorted((words[type], int(count)) for type, count in live)
    for name, sequence in await rows_of(store, f"SELECT name, sequence FROM mark WHERE space = {number}"):
        if name != EMPTY:
            found[f"mark {name}"] = sum(row[0] <= sequence for row in history)
    for record in ("filled", "filling"):
        stored = await store.get("meta", f"{record}/{space.tenant}/{space.version}")
        found[record] = stored and stored.value
    return found


def replace_numbers(table: str, columns: tuple[str, ...], row: Any, names: dict[int, Any], words: dict[int, str]) -> Any:
    for column, value in zip(columns, row, strict=True):
        if column in _NUMBERED:
            yield names[value]
        elif column in ("type", "word") or (column == "parameter" and table == "token_index" and value < 0):
            yield words[abs(value)]
        elif column != "space":
            yield value


def convert_to_bytes(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytes | memoryview) else value


def files(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.db")) if cache.exists() else []


def count_copies(monkeypatch: pytest.MonkeyPatch) -> list[Outcome | None]:
    """The results of all attempts to copy."""
    results: list[Outcome | None] = []
    copy_next = PopulationWriter._copy_next

    async def record_result(self: PopulationWriter, *arguments: Any) -> Outcome | None:
        results.append(await copy_next(self, *arguments))
        return results[-1]

    monkeypatch.setattr(PopulationWriter, "_copy_next", record_result)
    return results
