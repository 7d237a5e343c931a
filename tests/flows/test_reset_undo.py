"""The law of undoing: a reset leaves a hospital row by row as it was filled, whatever was written, and touches no other one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.flows.flow import Flow, run
from tests.flows.random_use import PATIENT, bearer
from tests.flows.two_workers import run_two
from tests.storage.contents import tables

from sickbay.fhir.loading import Ready
from sickbay.fhir.visibility import EVERYTHING
from sickbay.sandbox import population_writer
from sickbay.services.loading import Loading
from sickbay.services.reindexing import extract_entries_of_body
from sickbay.storage.interface import ResourceSpace

Engine = Callable[[], str | None]
Sent = dict[str, str]
Write = Callable[[Flow, str, Sent, random.Random], Awaitable[None]]
DAY = 86_400
GENERAL, EPIC = ResourceSpace("general", "r4"), ResourceSpace("epic", "r4")


def observation(dice: random.Random) -> dict[str, Any]:
    """Its patient may be absent."""
    code = {"coding": [{"system": "http://loinc.org", "code": dice.choice(("8867-4", "29463-7"))}]}
    subject = {"reference": f"Patient/{dice.choice(('p-0001', 'p-0002', 'absent'))}"}
    value = {"value": dice.randrange(100), "unit": "kg"}
    more = {"effectiveDateTime": f"2026-01-{dice.randrange(10, 28)}", "valueQuantity": value}
    return {"resourceType": "Observation", "status": "final", "code": code, "subject": subject, **more}


async def create(flow: Flow, base: str, sent: Sent, dice: random.Random) -> None:
    created = await flow.http.post(f"{base}/Observation", json=observation(dice), headers=sent)
    assert created.status_code == 201, created.text
    if dice.random() < 0.3:
        await flow.http.delete(f"{base}/Observation/{created.json()['id']}", headers=sent)


async def update(flow: Flow, base: str, sent: Sent, dice: random.Random) -> None:
    address = f"{base}/Patient/p-000{dice.randrange(1, 4)}"
    patient = (await flow.http.get(address, headers=sent)).json()
    changed = patient | {"active": dice.random() < 0.5, "birthDate": f"19{dice.randrange(10, 99)}-01-01"}
    assert (await flow.http.put(address, json=changed, headers=sent)).status_code == 200


async def delete(flow: Flow, base: str, sent: Sent, dice: random.Random) -> None:
    page = (await flow.http.get(f"{base}/Observation?patient=p-0001&_count=5", headers=sent)).json()
    for entry in page.get("entry", [])[: dice.randrange(1, 3)]:
        await flow.http.delete(f"{base}/Observation/{entry['resource']['id']}", headers=sent)


async def write_on_conditions(flow: Flow, base: str, sent: Sent, dice: random.Random) -> None:
    named = PATIENT | {"identifier": [{"system": "urn:x", "value": str(dice.randrange(3))}]}
    query = f"identifier=urn:x|{dice.randrange(3)}"
    await flow.http.post(f"{base}/Patient", json=named, headers=sent | {"If-None-Exist": query})
    await flow.http.put(f"{base}/Patient?{query}", json=named, headers=sent)
    await flow.http.delete(f"{base}/Patient?{query}", headers=sent)


async def execute_transaction(flow: Flow, base: str, sent: Sent, dice: random.Random) -> None:
    create = {"resource": observation(dice), "request": {"method": "POST", "url": "Observation"}}
    delete = {"request": {"method": "DELETE", "url": f"Observation/p-0002-o00{dice.randrange(1, 5)}"}}
    bundle = {"resourceType": "Bundle", "type": dice.choice(("batch", "transaction")), "entry": [create, delete]}
    assert (await flow.http.post(base, json=bundle, headers=sent)).status_code == 200


async def load(flow: Flow, base: str, sent: Sent, dice: random.Random) -> None:
    """Under their own ids, also what others only refer to."""
    space = ResourceSpace(*base.strip("/").split("/"))
    loading = Loading(flow.sandbox.runtime, flow.sandbox.runtime.tenants[space.tenant], space.version, "file")
    loaded = [observation(dice) | {"id": f"loaded-{number}"} for number in range(20)]
    await loading.store_batch([prepare_resource(flow, space, resource) for resource in (*loaded, PATIENT | {"id": "absent"})])
    await loading.finish()


def prepare_resource(flow: Flow, space: ResourceSpace, resource: dict[str, Any]) -> Ready:
    body = orjson.dumps(resource)
    return Ready(resource["resourceType"], resource["id"], body, extract_entries_of_body(flow.sandbox.runtime, space, body))


WRITES: tuple[Write, ...] = (
    create,
    update,
    delete,
    write_on_conditions,
    execute_transaction,
    load,
)


async def write(flow: Flow, space: ResourceSpace, dice: random.Random, count: int) -> list[str]:
    sent, chosen = await bearer(flow, space.tenant), dice.choices(WRITES, k=count)
    for action in chosen:
        await action(flow, f"/{space.tenant}/{space.version}", sent, dice)
    return [action.__name__ for action in chosen]


async def contents(flow: Flow, space: ResourceSpace) -> dict[str, Any]:
    """All stored rows, and what a client gets with its ETag."""
    await flow.sandbox.filling.ensure(space)
    sent, base = await bearer(flow, space.tenant), f"/{space.tenant}/{space.version}"
    answers: dict[str, Any] = {}
    for path in ("Patient/p-0001", "Patient/p-0001/_history", "Observation?patient=p-0001&_count=1000", "_history?_count=50"):
        answer = await flow.http.get(f"{base}/{path}", headers=sent)
        answers[path] = (
            answer.headers.get("etag"),
            [entry.get("resource", {}).get("meta") for entry in answer.json().get("entry", [])],
        )
    return await tables(flow.sandbox.runtime.store, space) | answers


async def obey(worker: Flow, other: Flow, rounds: int, count: int) -> None:
    """Reset one hospital and all in turns, on either worker, while the other hospital is written to."""
    dice = random.Random(rounds)
    seeded = {space: await contents(worker, space) for space in (GENERAL, EPIC)}
    for turn in range(rounds):
        own, third = dice.sample((worker, other), 2)
        names, _ = await asyncio.gather(write(own, GENERAL, dice, count), write(third, EPIC, dice, 2))
        assert await contents(own, GENERAL) != seeded[GENERAL], names
        body = {"tenant": "general"} if turn % 2 else {"everything": True}
        if turn % 2:
            writing = asyncio.ensure_future(write(own, EPIC, dice, 2))
            assert (await third.http.post("/admin/reset", json=body)).status_code == 204
            await writing
            others = await contents(own, EPIC)
            assert others != seeded[EPIC]
        else:
            assert (await third.http.post("/admin/reset", json=body)).status_code == 204
            assert await contents(own, EPIC) == seeded[EPIC], names
        for flow in (worker, other):
            assert await contents(flow, GENERAL) == seeded[GENERAL], names


def test_a_reset_undoes_any_mix_of_writes(engine: Engine, tmp_path: Path) -> None:
    run_two(lambda worker, other: obey(worker, other, 2, 5), engine(), tmp_path, today="2026-11-24")


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_many_resets_undo_any_mix_of_writes(engine: Engine, tmp_path: Path) -> None:
    run_two(lambda worker, other: obey(worker, other, 100, 12), engine(), tmp_path, today="2026-11-24")


def test_each_kind_of_write_changes_something_that_a_reset_undoes(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        seeded = await contents(flow, GENERAL)
        for action in WRITES:
            await action(flow, "/general/r4", await bearer(flow), random.Random(1))
            assert await contents(flow, GENERAL) != seeded, action.__name__
            await flow.http.post("/admin/reset", json={"tenant": "general"})
            assert await contents(flow, GENERAL) == seeded, action.__name__

    run(steps, tmp_path, patients=2)


def test_every_version_of_a_hospital_is_undone(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        store, versions = flow.sandbox.runtime.store, flow.sandbox.runtime.tenants["general"].dialect.fhir
        spaces = [ResourceSpace("general", version) for version in versions]
        for space in spaces:
            await flow.sandbox.filling.ensure(space)
        seeded = [await tables(store, space) for space in spaces]
        sent = await bearer(flow)
        for space in spaces:
            found = await store.read(space, "Patient", "p-0001", EVERYTHING)
            assert found is not None
            changed = orjson.loads(found.body) | {"gender": "unknown"}
            address = f"/general/{space.version}/Patient/p-0001"
            token = sent if space.version == "r4" else await bearer_of(flow, space.version)
            assert (await flow.http.put(address, json=changed, headers=token)).status_code == 200
        assert all([await tables(store, space) != rows for space, rows in zip(spaces, seeded, strict=True)])
        await flow.http.post("/admin/reset", json={})
        assert [await tables(store, space) for space in spaces] == seeded

    run(steps, tmp_path, patients=2)


async def bearer_of(flow: Flow, version: str) -> Sent:
    app = await flow.register(fhir=version, scope="user/*.cruds user/*.write user/*.read")
    body = {"app": app["app_id"], "scope": "user/*.read user/*.write", "user": "okafor"}
    answer = await flow.http.post("/admin/tokens", json=body)
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "Content-Type": "application/json"}


def test_a_request_that_began_before_a_reset_writes_nothing_afterwards(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        seeded = await contents(worker, GENERAL)
        sent = await bearer(worker)
        await write(worker, GENERAL, random.Random(1), 3)
        started, may_end = asyncio.Event(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            started.set()
            await may_end.wait()
            yield orjson.dumps(PATIENT)

        creating = asyncio.ensure_future(worker.http.post("/general/r4/Patient", content=body(), headers=sent))
        await started.wait()
        assert (await other.http.post("/admin/reset", json={"tenant": "general"})).status_code == 204
        may_end.set()
        assert (await creating).status_code == 503
        assert await contents(worker, GENERAL) == seeded

    run_two(steps, engine(), tmp_path, today="2026-11-24")


def test_on_another_day_only_the_appointments_are_created_again(engine: Engine, tmp_path: Path) -> None:
    """As on a server that was started on that day, except the dates on which the other resources were stored."""

    async def bodies(flow: Flow) -> dict[tuple[str, str], Any]:
        rows = (await tables(flow.sandbox.runtime.store, GENERAL))["resource"]
        resources = [orjson.loads(bytes(row[-1])) for row in rows if row[2] == 1]
        return {(resource["resourceType"], resource["id"]): resource | {"meta": None} for resource in resources}

    async def versions(flow: Flow) -> int:
        return len((await tables(flow.sandbox.runtime.store, GENERAL))["resource_history"])

    async def steps(worker: Flow, other: Flow) -> None:
        await worker.sandbox.filling.ensure(GENERAL)
        before, count = await bodies(worker), await versions(worker)
        await other.http.post("/admin/clock", json={"advance": 9 * DAY})
        await write(worker, GENERAL, random.Random(3), 4)
        assert (await other.http.post("/admin/reset", json={"tenant": "general"})).status_code == 204
        await worker.sandbox.filling.ensure(GENERAL)
        after = await bodies(worker)
        assert {name[0] for name in before.keys() ^ after.keys()} == {"Slot", "Appointment"}
        assert {name: after[name] for name in before.keys() & after.keys()} == {
            name: before[name] for name in before.keys() & after.keys()
        }
        assert await versions(worker) == count
        await write(worker, GENERAL, random.Random(4), 4)
        assert (await other.http.post("/admin/reset", json={})).status_code == 204  # also restores the clock
        await worker.sandbox.filling.ensure(GENERAL)
        assert await bodies(worker) == before

    run_two(steps, engine(), tmp_path)


def test_a_reset_writes_no_resource_again_that_was_not_written(tmp_path: Path) -> None:
    """Its cost depends on the writes, not on the patients."""

    async def steps(flow: Flow) -> None:
        await flow.sandbox.filling.ensure(GENERAL)
        db = flow.sandbox.runtime.store._writer._connection  # type: ignore[attr-defined]
        changes = []
        for _ in range(2):
            await create(flow, "/general/r4", await bearer(flow), random.Random(5))
            await flow.sandbox.journal.flush()
            before = db.total_changes()
            await flow.http.post("/admin/reset", json={"tenant": "general"})
            changes.append(db.total_changes() - before)
        assert max(changes) < 150
        assert population_writer.RESOURCES_AT_A_TIME > 150

    run(steps, tmp_path)
