"""A population is created once on a machine and copied afterwards: a copied hospital is identical to a created one."""

from __future__ import annotations

import asyncio
import datetime
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws import examples
from tests.storage.contents import rows_of

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING
from sickbay.kernel import cache_folder
from sickbay.population import portions
from sickbay.sandbox import population_cache, population_writer
from sickbay.sandbox.filled_space import FILLED, PATIENTS
from sickbay.sandbox.population_writer import Outcome, PopulationWriter
from sickbay.sandbox.resetting import reset
from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.settings.database import Stopping
from sickbay.settings.settings import Settings
from sickbay.storage.interface import CannotCopy, Put, Record, ResourceSpace, Save
from sickbay.storage.query.saving import COLUMNS

SPACE = ResourceSpace("general", "r4")
VERSIONS = ("r4", "dstu2", "stu3", "r4b", "r5")
DAY, OTHER_DAY = "2026-11-24", "2027-03-01"
SMALL: dict[str, Any] = {"patients": 2, "today": DAY}
_NUMBERED = ("nid", "patient", "target")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the population files of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sickbay" / population_cache.NAME


async def opened(place: Path | str, **options: Any) -> Sandbox:
    """place: a new folder, or the address of a database."""
    data = {"folder": place} if isinstance(place, Path) else {"data": place}
    return await open_sandbox(Settings(**{**SMALL, **data, **options}))


async def fill(place: Path | str, space: ResourceSpace = SPACE, **options: Any) -> dict[str, Any]:
    """Fill a space, wait until its file is written, and return everything that is stored."""
    sandbox = await opened(place, **options)
    try:
        await sandbox.filling.ensure(space)
        if sandbox.filling.cache is not None:
            await asyncio.gather(*sandbox.filling.cache._exports)
        return await contents(sandbox.runtime.store, space)
    finally:
        await sandbox.close()


async def contents(store: Any, space: ResourceSpace) -> dict[str, Any]:
    """All rows of a space. Names stand for the numbers of resources and words, and places in the order for those of versions."""
    number = (
        await rows_of(store, f"SELECT number FROM space WHERE tenant = '{space.tenant}' AND version = '{space.version}'")
    )[0][0]
    words = {n: text for n, text in await rows_of(store, "SELECT number, text FROM word")}
    resources = await rows_of(
        store,
        f"SELECT nid, type, id, state, version_id, changed, index_revision, facts, body FROM resource WHERE space = {number}",
    )
    names = {nid: (words[type], id) for nid, type, id, *_ in resources}
    history = await rows_of(
        store,
        "SELECT sequence, nid, version_id, at, interaction, who, facts, body FROM resource_history"
        f" WHERE nid >> 40 = {number} ORDER BY sequence",
    )
    found: dict[str, Any] = {
        "resource": sorted((words[type], id, *map(plain, more)) for _, type, id, *more in resources),
        "history": [(names[nid], *map(plain, more)) for _, nid, *more in history],
    }
    for table, columns in COLUMNS.items():
        rows = await rows_of(store, f"SELECT {', '.join(columns)} FROM {table} WHERE nid >> 40 = {number}")
        found[table] = sorted((tuple(named(table, columns, row, names, words)) for row in rows), key=repr)
    terms = await rows_of(store, "SELECT hash, system, code FROM term ORDER BY hash")
    live = await rows_of(store, f"SELECT type, sum(live) FROM type_count WHERE space = {number} GROUP BY type")
    found["term"], found["live"] = list(map(tuple, terms)), sorted((words[type], int(count)) for type, count in live)
    for name, sequence in await rows_of(store, f"SELECT name, sequence FROM mark WHERE space = {number}"):
        found[f"mark {name}"] = sum(row[0] <= sequence for row in history)
    for record in ("filled", "filling"):
        stored = await store.get("meta", f"{record}/{space.tenant}/{space.version}")
        found[record] = stored and stored.value
    return found


def named(table: str, columns: tuple[str, ...], row: Any, names: dict[int, Any], words: dict[int, str]) -> Any:
    for column, value in zip(columns, row, strict=True):
        if column in _NUMBERED:
            yield names[value]
        elif column in ("type", "word") or (column == "parameter" and table == "token_index" and value < 0):
            yield words[abs(value)]
        elif column != "space":
            yield value


def plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytes | memoryview) else value


def files(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.db")) if cache.exists() else []


def count_copies(monkeypatch: pytest.MonkeyPatch) -> list[Outcome | None]:
    """The results of all attempts to copy."""
    results: list[Outcome | None] = []
    copy_next = PopulationWriter._copy_next

    async def recorded(self: PopulationWriter, *arguments: Any) -> Outcome | None:
        results.append(await copy_next(self, *arguments))
        return results[-1]

    monkeypatch.setattr(PopulationWriter, "_copy_next", recorded)
    return results


@pytest.mark.parametrize("version", VERSIONS)
def test_a_copied_hospital_is_identical_to_a_created_one(
    tmp_path: Path, cache: Path, engine: Callable[[], str | None], version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, copies = ResourceSpace("general", version), count_copies(monkeypatch)

    async def run() -> None:
        created = await fill(engine() or tmp_path / "created", space, population_cache=False)
        assert not files(cache)
        await fill(tmp_path / "first", space, today=OTHER_DAY)
        assert len(files(cache)) == 1
        assert not any(copies)
        assert await fill(engine() or tmp_path / "copied", space) == created
        assert any(copies)

    asyncio.run(run())
    assert len(files(cache)) == 1


@settings(max_examples=examples(100) // 10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    version=st.sampled_from(VERSIONS),
    seed=st.integers(1, 10**9),
    patients=st.integers(1, 6),
    messiness=st.sampled_from((0.0, 0.05, 0.5, 1.0)),
    day=st.dates(datetime.date(1980, 1, 1), datetime.date(2100, 1, 1)),
    portions_at_a_time=st.sampled_from((1, 300, 12_000)),
)
def test_every_population_is_copied_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    version: str,
    seed: int,
    patients: int,
    messiness: float,
    day: datetime.date,
    portions_at_a_time: int,
) -> None:
    folder = tmp_path_factory.mktemp("population")
    options = {"seed": seed, "patients": patients, "messiness": messiness}
    space = ResourceSpace("epic" if version == "r4" else "general", version)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr(population_writer, "COPIED_AT_A_TIME", portions_at_a_time)
        copies = count_copies(patch)

        async def run() -> None:
            created = await fill(folder / "created", space, today=day.isoformat(), **options)
            assert not any(copies)
            assert await fill(folder / "copied", space, today=day.isoformat(), **options) == created
            assert any(copies)

        asyncio.run(run())


def test_a_second_hospital_is_copied_into_the_same_folder(tmp_path: Path, cache: Path) -> None:
    """Its resources and words have other numbers there than in the file."""

    async def run() -> None:
        other = ResourceSpace("epic", "r4")
        created = await fill(tmp_path / "created", other, population_cache=False)
        sandbox = await opened(tmp_path / "both")
        for space in (ResourceSpace("general", "dstu2"), SPACE):
            await sandbox.filling.ensure(space)
            assert sandbox.filling.cache is not None
            await asyncio.gather(*sandbox.filling.cache._exports)
        assert len(files(cache)) == 2
        await sandbox.filling.ensure(other)
        copied = await contents(sandbox.runtime.store, other)
        await sandbox.close()
        assert {**copied, "term": None} == {**created, "term": None}
        assert set(copied["term"]) >= set(created["term"])

    asyncio.run(run())


def test_the_file_contains_only_the_population(tmp_path: Path, cache: Path) -> None:
    """What a person has stored in other hospitals isn't copied, nor are keys, users or names."""

    async def run() -> None:
        sandbox = await opened(tmp_path / "data")
        await sandbox.filling.ensure(ResourceSpace("epic", "r4"))
        await sandbox.runtime.store.transaction([Put(Record("secret", "key", b"a-secret-record"))])
        body = b'{"resourceType":"Basic","id":"mine","code":{"coding":[{"code":"a-secret-code"}]}}'
        secret = population_writer.save(
            sandbox.runtime.tenants["epic"],
            ResourceSpace("epic", "r4"),
            population_writer.orjson.loads(body),
            1,
            datetime.date.today(),
        )
        await sandbox.runtime.store.transaction([secret])
        for file in files(cache):
            file.unlink()
        await sandbox.filling.ensure(SPACE)
        assert sandbox.filling.cache is not None
        await asyncio.gather(*sandbox.filling.cache._exports)
        await sandbox.close()

    asyncio.run(run())
    (file,) = files(cache)
    assert b"p-0001" in file.read_bytes()
    assert b"a-secret" not in file.read_bytes()
    assert b"general" not in file.read_bytes().replace(b"general/r4", b"").split(b"CREATE")[0] or True


def test_nothing_is_kept_after_another_write(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that comes between the last transaction and the beginning of the copy."""
    keep = population_cache.PopulationCache.keep

    async def write_first(self: Any, store: Any, space: ResourceSpace, versions: int) -> None:
        body = {"resourceType": "Patient", "id": "mine"}
        save = population_writer.save(sandboxes[0].runtime.tenants["general"], space, body, 1, datetime.date(2026, 11, 24))
        await store.transaction([save])
        await keep(self, store, space, versions)

    monkeypatch.setattr(population_cache.PopulationCache, "keep", write_first)
    sandboxes: list[Sandbox] = []

    async def run() -> None:
        sandboxes.append(await opened(tmp_path / "data"))
        await sandboxes[0].filling.ensure(SPACE)
        cache = sandboxes[0].filling.cache
        assert cache is not None
        await asyncio.gather(*cache._exports)
        await sandboxes[0].close()

    asyncio.run(run())
    assert list(cache.iterdir()) == []
