"""The sample patients of a space are written in transactions: stopped, resumed, shared by workers, and reset meanwhile."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING
from sickbay.sandbox import filled_space, population_writer
from sickbay.sandbox.population_loader import PopulationLoader
from sickbay.sandbox.population_progress import PopulationProgress, WrittenPortions
from sickbay.sandbox.resetting import reset
from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.settings.database import Stopping
from sickbay.settings.settings import Settings
from sickbay.storage.answers import HistoryQuery
from sickbay.storage.interface import ResourceSpace

SPACE = ResourceSpace("general", "r4")
PATIENTS = 3
TYPES = ("Patient", "Observation", "Group", "Slot", "Appointment", "Practitioner")


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """About one for each patient."""
    monkeypatch.setattr(population_writer, "RESOURCES_AT_A_TIME", 50)
    monkeypatch.setattr(population_writer, "LOOK_AGAIN_SECONDS", 0.02)


@asynccontextmanager
async def open_workers(folder: Path, address: str | None, count: int = 1, **more: Any) -> AsyncIterator[list[Sandbox]]:
    """As many workers on the same data."""
    data: dict[str, Any] = {"folder": folder, "data": address, "patients": PATIENTS, "today": "2026-11-24"}
    configured = Settings(**data, workers=count, population_cache=False, **more)  # so that patients are created
    sandboxes = [await open_sandbox(configured) for _ in range(count)]
    try:
        yield sandboxes
    finally:
        for sandbox in sandboxes:
            await sandbox.close()


async def content(sandbox: Sandbox) -> dict[str, Any]:
    """The stored resources of some types, and the records of the population."""
    store, found = sandbox.runtime.store, dict[str, Any]()
    for type in TYPES:
        page = await store.search(SPACE, Query("r4", type, count=1000, total="none"), EVERYTHING)
        found |= {f"{type}/{resource.id}": bytes(resource.body) for resource in page.matches}
    found["total"] = (await store.history(SPACE, HistoryQuery(None, None, 0), EVERYTHING)).total
    for name in ("filled", "filling"):
        record = await store.get("meta", f"{name}/general/r4")
        found[name] = record.value if record else None
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    async def fill() -> dict[str, Any]:
        async with open_workers(tmp_path_factory.mktemp("whole"), None) as (sandbox,):
            await sandbox.filling.ensure(SPACE)
            return await content(sandbox)

    return asyncio.run(fill())


def test_a_whole_population_is_remembered_as_complete(whole: dict[str, Any]) -> None:
    assert whole["total"] > 300
    assert whole["filling"] is None
    assert whole["filled"] == b"2026-11-24 0 2026-11-24 marked"


async def stop_after(sandbox: Sandbox, transactions: int) -> bool:
    """Stop the creation right after some transactions. Returns whether it was complete before."""
    left = transactions

    def count_down(space: ResourceSpace, progress: PopulationProgress) -> None:
        nonlocal left
        left -= 1
        if not left:
            sandbox.filling.begin_to_stop()  # so that nothing more is stored, however slow this test is

    sandbox.filling.writer.listen = count_down
    task = sandbox.filling.begin(SPACE)
    await asyncio.wait({task})
    await sandbox.filling.stop()
    return not task.cancelled()


async def stop_soon_after(sandbox: Sandbox, transactions: int) -> None:
    """Stop the creation some time after some transactions, wherever it is then."""
    moved = asyncio.Semaphore(0)
    sandbox.filling.writer.listen = lambda space, progress: moved.release()
    task = sandbox.filling.begin(SPACE)
    for _ in range(transactions):
        waiting = asyncio.ensure_future(moved.acquire())
        await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            waiting.cancel()
            return
    await sandbox.filling.stop()


@settings(max_examples=8)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_a_population_that_was_stopped_anywhere_is_completed_by_the_next_start(
    tmp_path_factory: pytest.TempPathFactory, whole: dict[str, Any], stops: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("stopped")

    async def stop_and_resume() -> dict[str, Any]:
        for transactions in stops:
            async with open_workers(folder, None) as (sandbox,):
                await stop_soon_after(sandbox, transactions)
        async with open_workers(folder, None) as (sandbox,):
            await sandbox.filling.ensure(SPACE)
            return await content(sandbox)

    assert asyncio.run(stop_and_resume()) == whole


@pytest.mark.anyio
async def test_each_engine_resumes_and_says_how_far_it_is(
    engine: Callable[[], str | None], tmp_path: Path, whole: dict[str, Any]
) -> None:
    address = engine()
    async with open_workers(tmp_path, address) as (sandbox,):
        assert await sandbox.filling.progress(SPACE) == PopulationProgress(0, PATIENTS)
        assert not await stop_after(sandbox, 2)
    async with open_workers(tmp_path, address) as (sandbox,):
        progress = await sandbox.filling.progress(SPACE)
        assert progress
        assert 0 < progress.done <= PATIENTS
        assert progress.seconds is not None
        await sandbox.filling.ensure(SPACE)
        assert await sandbox.filling.progress(SPACE) is None
        assert await content(sandbox) == whole


@pytest.mark.anyio
async def test_workers_that_write_the_same_space_write_each_resource_once(
    engine: Callable[[], str | None], tmp_path: Path, whole: dict[str, Any]
) -> None:
    async with open_workers(tmp_path, engine(), count=3) as sandboxes:
        await asyncio.gather(*(sandbox.filling.ensure(SPACE) for sandbox in sandboxes))
        assert await content(sandboxes[0]) == whole


@pytest.mark.anyio
async def test_a_worker_takes_over_from_one_that_stores_nothing_any_more(
    tmp_path: Path, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population_writer, "OTHER_WORKER_SECONDS", 0.1)
    async with open_workers(tmp_path, None, count=2) as (first, second):
        assert not await stop_after(first, 1)
        await asyncio.wait_for(second.filling.writer.wait_for_other(SPACE), 60)
        await second.filling.ensure(SPACE)
        assert await content(second) == whole


@pytest.mark.anyio
async def test_a_worker_waits_as_long_as_another_one_makes_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_writer, "OTHER_WORKER_SECONDS", 30)
    async with open_workers(tmp_path, None, count=2) as (first, second):
        assert not await stop_after(first, 1)
        waiting = asyncio.ensure_future(second.filling.writer.wait_for_other(SPACE))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        while await first.filling.writer.write_next(SPACE, first.filling.today()) == "more":
            assert not waiting.done()
        await asyncio.wait_for(waiting, 60)


@pytest.mark.anyio
@pytest.mark.parametrize("other", [False, True], ids=["same worker", "other worker"])
async def test_a_reset_in_the_middle_neither_waits_for_the_end_nor_leaves_a_part(
    engine: Callable[[], str | None], tmp_path: Path, whole: dict[str, Any], other: bool
) -> None:
    async with open_workers(tmp_path, engine(), count=2) as sandboxes:
        first, moved = sandboxes[0], asyncio.Event()
        first.filling.writer.listen = lambda space, progress: moved.set()
        filling = asyncio.ensure_future(first.filling.ensure(SPACE))
        await moved.wait()
        await reset(sandboxes[other], everything=True)
        assert not filling.done()
        await filling
        assert await content(first) == whole


@pytest.mark.anyio
async def test_requests_that_wait_for_patients_end_when_the_server_stops(tmp_path: Path) -> None:
    async with open_workers(tmp_path, None) as (sandbox,):
        waiting = [asyncio.ensure_future(sandbox.filling.ensure(SPACE)) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        await sandbox.filling.stop()
        assert all(isinstance(error, Stopping) for error in await asyncio.gather(*waiting, return_exceptions=True))
        with pytest.raises(Stopping):
            await sandbox.filling.ensure(SPACE)


@pytest.mark.anyio
async def test_a_request_that_is_cancelled_does_not_stop_the_others(tmp_path: Path, whole: dict[str, Any]) -> None:
    async with open_workers(tmp_path, None) as (sandbox,):
        first, second = (asyncio.ensure_future(sandbox.filling.ensure(SPACE)) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        await second
        assert await content(sandbox) == whole


@pytest.mark.anyio
async def test_resources_without_a_record_of_their_day_stay_as_they_are_until_a_reset(
    engine: Callable[[], str | None], tmp_path: Path, whole: dict[str, Any]
) -> None:
    """An early revision of Sickbay wrote such folders."""
    async with open_workers(tmp_path, engine()) as (sandbox,):
        base = sandbox.runtime.tenants["general"].fhir_base(SPACE.version)
        alone = population_writer.make_save(base, SPACE, {"resourceType": "Patient", "id": "alone"}, 1, sandbox.filling.today())
        await sandbox.runtime.store.transaction([alone])
        await sandbox.filling.ensure(SPACE)
        found = await content(sandbox)
        assert found["total"] == 1
        assert found["filled"] == b"2026-11-24"
        assert await sandbox.filling.changes("general") is None
        await reset(sandbox)
        await sandbox.filling.ensure(SPACE)
        assert await content(sandbox) == whole


@pytest.mark.anyio
async def test_a_population_that_was_begun_on_another_day_gets_the_appointments_of_the_day_of_the_reset(
    engine: Callable[[], str | None], tmp_path: Path, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = engine()
    async with open_workers(tmp_path, address) as (sandbox,):
        assert not await stop_after(sandbox, 2)
    monkeypatch.setattr(PopulationLoader, "today", lambda self, moved=0.0: datetime.date(2026, 11, 28))
    async with open_workers(tmp_path, address) as (sandbox,):
        await reset(sandbox)
        await sandbox.filling.ensure(SPACE)
        found = await content(sandbox)
        assert found["filled"] == b"2026-11-28 0 2026-11-28 marked"
        assert min(name for name in found if name.startswith("Slot/")) >= "Slot/slot-20261126"
        assert {name for name in found.keys() ^ whole.keys() if not name.startswith(("Slot/", "Appointment/"))} == set()


@pytest.mark.anyio
async def test_a_population_whose_last_portion_an_older_sickbay_stored_is_created_again_at_a_reset(
    tmp_path: Path, whole: dict[str, Any]
) -> None:
    """It stopped before it wrote that everything is stored, and set no marks."""
    async with open_workers(tmp_path, None) as (sandbox,):
        await sandbox.filling.ensure(SPACE)
        store, done = sandbox.runtime.store, WrittenPortions(sandbox.filling.today(), PATIENTS + 2)
        await store.transaction([filled_space.forget(SPACE), done.put(SPACE)])
        sandbox.filling.current.clear()
        await sandbox.filling.ensure(SPACE)
        assert (await content(sandbox))["filled"] == b"2026-11-24"
        await reset(sandbox)
        await sandbox.filling.ensure(SPACE)
        assert await content(sandbox) == whole
