"""A population is created once on a machine and copied afterwards: a copied hospital is identical to a created one."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws import examples
from tests.postgres import Server
from tests.sandbox.copied_hospitals import SPACE, contents, count_copies, files, fill, open_hospital

from sickbay.kernel.effects import SystemEffects
from sickbay.sandbox import population_cache, population_writer
from sickbay.sandbox.new_database import LIKELY_SPACE
from sickbay.sandbox.population_progress import PopulationProgress
from sickbay.sandbox.resetting import reset
from sickbay.sandbox.sandbox import Sandbox
from sickbay.settings.database import Stopping
from sickbay.storage import population_file
from sickbay.storage.interface import Put, Record, ResourceSpace

ROOT = Path(__file__).parents[2]
VERSIONS = ("r4", "dstu2", "stu3", "r4b", "r5")
OTHER_DAY = "2027-03-01"


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
        assert any(copies) or space == LIKELY_SPACE  # then its database began with a copy

    asyncio.run(run())
    assert len(files(cache)) == 1


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_a_file_from_postgresql_is_the_same_as_one_from_sqlite(
    tmp_path: Path, cache: Path, postgres: Server, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, copies = ResourceSpace("general", version), count_copies(monkeypatch)
    options: dict[str, Any] = {"messiness": 0.5, "patients": 4}

    async def run() -> None:
        created = await fill(postgres.address(), space, **options)
        from_postgres = population_file.read(*files(cache))
        copies.clear()
        assert await fill(postgres.address(), space, **options) == created
        assert any(copies)
        copied = await fill(tmp_path / "copied", space, **options)
        files(cache)[0].unlink()
        assert await fill(tmp_path / "created", space, **options) == copied
        assert population_file.read(*files(cache))._replace(path=from_postgres.path) == from_postgres

    asyncio.run(run())


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
        sandbox = await open_hospital(tmp_path / "both")
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
        sandbox = await open_hospital(tmp_path / "data")
        await sandbox.filling.ensure(ResourceSpace("epic", "r4"))
        await sandbox.runtime.store.transaction([Put(Record("secret", "key", b"a-secret-record"))])
        body = b'{"resourceType":"Basic","id":"mine","code":{"coding":[{"code":"a-secret-code"}]}}'
        secret = population_writer.make_save(
            sandbox.runtime.tenants["epic"].fhir_base("r4"),
            ResourceSpace("epic", "r4"),
            json.loads(body),
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


def test_nothing_is_kept_after_another_write(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that comes between the last transaction and the beginning of the copy."""
    keep = population_cache.PopulationCache.keep

    async def write_first(self: Any, store: Any, space: ResourceSpace, versions: int) -> None:
        body = {"resourceType": "Patient", "id": "mine"}
        base = sandboxes[0].runtime.tenants["general"].fhir_base(space.version)
        save = population_writer.make_save(base, space, body, 1, datetime.date(2026, 11, 24))
        await store.transaction([save])
        await keep(self, store, space, versions)

    monkeypatch.setattr(population_cache.PopulationCache, "keep", write_first)
    sandboxes: list[Sandbox] = []

    async def run() -> None:
        sandboxes.append(await open_hospital(tmp_path / "data"))
        await sandboxes[0].filling.ensure(SPACE)
        cache = sandboxes[0].filling.cache
        assert cache is not None
        await asyncio.gather(*cache._exports)
        await sandboxes[0].close()

    asyncio.run(run())
    assert list(cache.iterdir()) == []


def test_a_new_folder_begins_with_the_patients_and_needs_only_the_day(
    tmp_path: Path, cache: Path, noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on another day than the file's, and if the first request comes on a later day than the start."""
    copies = count_copies(monkeypatch)

    async def run() -> None:
        created = await fill(tmp_path / "created", today=None, population_cache=False)
        await fill(tmp_path / "first", today=OTHER_DAY)
        copies.clear()
        assert await fill(tmp_path / "copied", today=None) == created
        assert not any(copies)
        sandbox = await open_hospital(tmp_path / "late", today=None)
        assert await sandbox.filling.progress(SPACE) is None  # only appointments are missing
        assert isinstance(sandbox.runtime.effects, SystemEffects)
        sandbox.runtime.effects.offset = 86_400.0 * 40
        late = await fill_open(sandbox)
        assert any(copies)
        other = await open_hospital(tmp_path / "created-late", today=None, population_cache=False)
        assert isinstance(other.runtime.effects, SystemEffects)
        other.runtime.effects.offset = 86_400.0 * 40
        assert late == await fill_open(other)

    asyncio.run(run())


async def fill_open(sandbox: Sandbox) -> dict[str, Any]:
    """Fill an open sandbox, and close it."""
    await sandbox.filling.ensure(SPACE)
    found = await contents(sandbox.runtime.store, SPACE)
    await sandbox.close()
    return found


@pytest.mark.parametrize("moved", [0, 86_400])
def test_a_reset_returns_a_copied_hospital_to_what_it_was(tmp_path: Path, cache: Path, noon: None, moved: int) -> None:
    """Before its first use and after it, on the same day and on the next one."""

    async def run() -> None:
        await fill(tmp_path / "first", today=None)
        for use_first in (False, True):
            found = []
            for is_copied in (True, False):
                sandbox = await open_hospital(tmp_path / f"{use_first}-{is_copied}", today=None, population_cache=is_copied)
                if use_first:
                    await sandbox.filling.ensure(SPACE)
                    body = {"resourceType": "Patient", "id": "p-0001"}
                    base, day = sandbox.runtime.tenants["general"].fhir_base(SPACE.version), sandbox.filling.today()
                    await sandbox.runtime.store.transaction([population_writer.make_save(base, SPACE, body, 2, day)])
                assert isinstance(sandbox.runtime.effects, SystemEffects)
                sandbox.runtime.effects.offset = moved
                await reset(sandbox, "general")
                found.append(await fill_open(sandbox))
            assert found[0] == found[1]

    asyncio.run(run())


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_copy_that_was_stopped_is_continued(
    tmp_path: Path, cache: Path, engine: Callable[[], str | None], is_deleted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the file, or without it."""
    space, options = ResourceSpace("general", "stu3"), {"patients": 4}
    monkeypatch.setattr(population_writer, "COPIED_AT_A_TIME", 1)
    copies = count_copies(monkeypatch)

    async def run() -> None:
        await fill(tmp_path / "first", space, **options)
        created = await fill(engine() or tmp_path / "created", space, **options, population_cache=False)
        place = engine() or tmp_path / "stopped"
        sandbox = await open_hospital(place, **options)

        def stop(space: ResourceSpace, progress: PopulationProgress) -> None:
            if progress.done == 2:
                sandbox.filling.begin_to_stop()

        sandbox.filling.writer.listen = stop
        with pytest.raises(Stopping):
            await sandbox.filling.ensure(space)
        await sandbox.close()
        for file in files(cache) if is_deleted else ():
            file.unlink()
        copies.clear()
        assert await fill(place, space, **options) == created
        assert any(copies) != is_deleted

    asyncio.run(run())


def test_two_workers_copy_the_same_space(tmp_path: Path, cache: Path, engine: Callable[[], str | None]) -> None:
    space = ResourceSpace("epic", "r4")

    async def run() -> None:
        created = await fill(engine() or tmp_path / "created", space)
        place = engine() or tmp_path / "copied"
        workers = [await open_hospital(place, workers=2) for _ in range(2)]
        await asyncio.gather(*(worker.filling.ensure(space) for worker in workers))
        assert await contents(workers[0].runtime.store, space) == created
        for worker in workers:
            await worker.close()

    asyncio.run(run())
