"""Snapshots over HTTP, on two workers and both engines: after a restore, everything is as it was saved."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow
from tests.flows.random_use import bearer, use
from tests.flows.two_workers import run_two
from tests.services.hospitals.hospital_texts import RIVERSIDE

from sickbay.fhir.visibility import EVERYTHING
from sickbay.sandbox import snapshots
from sickbay.services import runtime_settings
from sickbay.services.loading import export_lines
from sickbay.services.record_kinds import IN_SNAPSHOTS
from sickbay.settings.database import DiskFull
from sickbay.storage.answers import HistoryQuery
from sickbay.storage.interface import ResourceSpace

Engine = Callable[[], str | None]
SPACE = ResourceSpace("general", "r4")
TYPES = ("Patient", "Observation", "Appointment", "Slot", "Task", "Condition", "Encounter")
NOT_FOUND, CONFLICT, UNPROCESSABLE, NO_ROOM = 404, 409, 422, 507


async def contents(flow: Flow) -> dict[str, Any]:
    """All resources with their history, apps, users, policies, sessions, tokens and the offset of the clock."""
    store = flow.sandbox.runtime.store
    records = {kind: sorted(await store.find(kind, limit=10_000), key=lambda record: record.key) for kind in IN_SNAPSHOTS}
    resources = {type: sorted([body async for body in export_lines(flow.sandbox.runtime, SPACE, type)]) for type in TYPES}
    policies = (await flow.http.get("/admin/policies")).json()
    history = (await store.history(SPACE, HistoryQuery(None, None, 10_000), EVERYTHING)).entries
    clock = (await flow.http.get("/admin/clock")).json()
    return {**records, **resources, "policies": policies, "history": history, "offset": round(clock["offset"] / 60)}


async def service_token(flow: Flow) -> dict[str, str]:
    """The headers of an app that may create resources under IDs of its choice."""
    more: dict[str, Any] = {"type": "system", "client": "symmetric", "redirect_uris": [], "launch_uri": None}
    app = await flow.register(**more, scope="system/*.cruds", auto_approve=None)
    body = {"app": app["app_id"], "scope": "system/*.cruds"}
    token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}


async def save(flow: Flow, name: str) -> None:
    assert (await flow.http.post("/admin/snapshots", json={"name": name})).status_code == 201


async def restore(flow: Flow, name: str) -> None:
    answer = await flow.http.post(f"/admin/snapshots/{name}/restore")
    assert answer.status_code == 204, answer.text


@pytest.mark.parametrize("seed", [1])
def test_after_a_restore_everything_is_as_it_was_saved(seed: int, engine: Engine, tmp_path: Path) -> None:
    cycle(engine(), tmp_path, seed, 5)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 110))
def test_after_many_restores_everything_is_as_it_was_saved(seed: int, engine: Engine, tmp_path: Path) -> None:
    cycle(engine(), tmp_path, seed, 20)


def cycle(database: str | None, folder: Path, seed: int, cycles: int) -> None:
    """Save and restore under load. Two snapshots are restored in turn, and one is replaced in each cycle.

    With the first seed, five cycles replace both and restore older ones, on either worker.
    """

    async def steps(worker: Flow, other: Flow) -> None:
        await worker.sandbox.filling.ensure(SPACE)
        dice, saved = random.Random(seed), dict[str, dict[str, Any]]()
        for number in range(cycles):
            await use(worker, other, seed * 1000 + number, 3)
            await worker.http.post("/admin/clock", json={"offset": 0})
            name = dice.choice("ab")
            if name in saved:
                assert (await other.http.delete(f"/admin/snapshots/{name}")).status_code == 204
            await save(dice.choice((worker, other)), name)
            saved[name] = await contents(worker)
            await use(worker, other, seed * 1000 + number + 500, 3)
            name = dice.choice(list(saved))
            await under_load(worker, other, restore(dice.choice((worker, other)), name))
            for flow in (worker, other):
                assert await contents(flow) == saved[name], (number, name)

    run_two(steps, database, folder)


async def under_load(worker: Flow, other: Flow, restoring: Any) -> None:
    """Requests that begin before the restore end with what was true then, or 503; later ones have no valid token.

    So none of them changes anything that is restored.
    """
    sent = await bearer(worker)
    read = await worker.http.get("/general/r4/Patient/p-0002", headers=sent)

    async def update(flow: Flow, number: int) -> None:
        body = read.json() | {"active": bool(number % 2)}
        answer = await flow.http.put("/general/r4/Patient/p-0002", json=body, headers=sent)
        assert answer.status_code in (200, 401, 409, 412, 503), answer.text

    load = [asyncio.ensure_future(update(flow, number)) for number in range(4) for flow in (worker, other)]
    await asyncio.gather(restoring, *load)


def test_version_numbers_are_not_used_again_and_the_history_is_that_of_the_snapshot(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await worker.sandbox.filling.ensure(SPACE)
        sent = await service_token(worker)
        patient = (await worker.http.get("/general/r4/Patient/p-0001", headers=sent)).json()
        await save(worker, "before")
        for flow in (worker, other):
            changed = await flow.http.put("/general/r4/Patient/p-0001", json=patient | {"active": False}, headers=sent)
        assert changed.headers["etag"] == 'W/"3"'
        chosen = {"resourceType": "Patient", "id": "chosen", "name": [{"family": "New"}]}
        assert (await other.http.put("/general/r4/Patient/chosen", json=chosen, headers=sent)).status_code == 201
        await restore(other, "before")
        read = await worker.http.get("/general/r4/Patient/p-0001", headers=sent)
        assert (read.json(), read.headers["etag"]) == (patient, 'W/"1"')
        assert (await other.http.get("/general/r4/Patient/chosen", headers=sent)).status_code == NOT_FOUND
        assert (await worker.http.get("/general/r4/Patient/p-0001/_history/3", headers=sent)).status_code == NOT_FOUND
        updated = await worker.http.put("/general/r4/Patient/p-0001", json=patient | {"active": True}, headers=sent)
        assert updated.headers["etag"] == 'W/"4"'
        created = await other.http.put("/general/r4/Patient/chosen", json=chosen, headers=sent)
        assert created.headers["etag"] == 'W/"4"'
        deleted = await other.http.delete("/general/r4/Patient/p-0001", headers=sent)
        assert deleted.headers["etag"] == 'W/"5"'
        again = await worker.http.put("/general/r4/Patient/p-0001", json=patient, headers=sent)
        assert again.headers["etag"] == 'W/"6"'
        history = (await other.http.get("/general/r4/Patient/p-0001/_history", headers=sent)).json()
        assert [entry["response"]["etag"] for entry in history["entry"]] == ['W/"6"', 'W/"5"', 'W/"4"', 'W/"1"']

    run_two(steps, engine(), tmp_path)


def test_a_reset_keeps_snapshots_unless_it_is_of_everything(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await worker.sandbox.filling.ensure(SPACE)
        await use(worker, other, 4, 10)
        await worker.http.post("/admin/clock", json={"offset": 7 * 86_400})
        await worker.sandbox.filling.ensure(SPACE)
        await save(worker, "kept")
        saved = await contents(worker)
        for body in ({"tenant": "general"}, {}):
            assert (await other.http.post("/admin/reset", json=body)).status_code == 204
            await use(other, worker, 5, 5)
            await restore(worker, "kept")
            for flow in (worker, other):
                assert await contents(flow) == saved
        assert (await worker.http.post("/admin/reset", json={"everything": True})).status_code == 204
        assert (await other.http.get("/admin/snapshots")).json() == []
        assert (await other.http.post("/admin/snapshots/kept/restore")).status_code == NOT_FOUND

    run_two(steps, engine(), tmp_path)


def test_the_journal_faults_and_administrators_stay_as_they_are(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await save(worker, "a")
        refused = [await flow.http.get("/general/r4/Patient") for flow in (worker, other)]
        granted = await other.complete_launch()
        fault = (await worker.http.post("/admin/faults", json={"kind": "delay", "seconds": 0, "times": 3})).json()
        keys = (await worker.http.get("/admin/keys")).json()
        assert len(other.sandbox.journal._granted)
        await restore(worker, "a")
        kept = {exchange["id"]: exchange for exchange in (await other.http.get("/admin/exchanges")).json()}
        assert {answer.headers["x-correlation-id"] for answer in refused} <= kept.keys()
        assert {exchange["stage"] for exchange in kept.values()} >= {"authorize", "token", "access"}
        assert [found["id"] for found in (await other.http.get("/admin/faults")).json()] == [fault["id"]]
        assert (await other.http.get("/admin/keys")).json() == keys
        sent = {"Authorization": f"Bearer {granted['access_token']}"}
        unknown = await other.http.get("/general/r4/Patient/p-0001", headers=sent)
        assert unknown.status_code == 401
        exchange = f"/exchanges/{unknown.headers['x-correlation-id']}"
        found = (await other.http.get(exchange, headers={"Accept": "application/json"})).json()["findings"][0]
        assert found["id"] == "fhir-token-unknown"
        assert found["title"] == "The access token was issued after a snapshot that has been restored since"

    run_two(steps, None, tmp_path)


@pytest.mark.parametrize("queue", ["refusals", "granted"])
def test_an_exchange_that_is_being_written_during_a_restore_is_kept(
    queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await save(worker, "a")
        store, waits, goes_on = other.sandbox.runtime.store, asyncio.Event(), asyncio.Event()
        transaction = store.transaction

        async def wait_before_writing(steps: list[Any]) -> Any:
            monkeypatch.setattr(store, "transaction", transaction)
            waits.set()
            await goes_on.wait()
            return await transaction(steps)

        path = "/general/r4/Patient" if queue == "refusals" else "/general/r4/metadata"
        sent = (await other.http.get(path)).headers["x-correlation-id"]
        monkeypatch.setattr(store, "transaction", wait_before_writing)
        writing = asyncio.create_task(other.sandbox.journal.flush())
        await waits.wait()
        await restore(worker, "a")
        await runtime_settings.refresh_settings(other.sandbox.runtime)
        goes_on.set()
        await writing
        kept = {exchange["id"] for exchange in (await other.http.get("/admin/exchanges")).json()}
        assert sent in kept

    run_two(steps, None, tmp_path)


def test_what_was_revoked_or_spent_since_lives_again(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        app = await worker.register()
        launch = await worker.launch(app)
        code = await worker.code(app, launch=launch["launch"])
        await save(other, "unspent")
        for flow in (worker, other):
            granted = await flow.redeem(app, code)
            assert granted.status_code == 200, granted.text
            assert (await other.redeem(app, code)).status_code == 400
            await restore(worker, "unspent")
            sent = {"Authorization": f"Bearer {granted.json()['access_token']}"}
            assert (await other.http.get("/general/r4/Patient/p-0001", headers=sent)).status_code == 401

    run_two(steps, engine(), tmp_path)


def test_a_hospital_that_was_not_used_yet_is_as_seeded_after_a_restore(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await save(worker, "early")
        space = ResourceSpace("epic", "r4")
        await other.sandbox.filling.ensure(space)
        await restore(worker, "early")
        await worker.sandbox.filling.ensure(space)
        assert await other.sandbox.filling.changes("epic") == 0
        await save(other, "later")
        await restore(worker, "later")

    run_two(steps, None, tmp_path)


def test_wrong_names_and_limits_are_refused_and_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        for wrong in ("", "A", "a b", "a/b", "a" * 65, "é", "a\n", "..", "a_b"):
            answer = await worker.http.post("/admin/snapshots", json={"name": wrong})
            assert answer.status_code == UNPROCESSABLE, wrong
        bodies: list[Any] = [{}, {"name": 1}, {"name": "a", "more": 1}, []]
        for body in bodies:
            assert (await worker.http.post("/admin/snapshots", json=body)).status_code == UNPROCESSABLE
        await save(worker, "a" * 64)
        assert (await other.http.post("/admin/snapshots", json={"name": "a" * 64})).status_code == CONFLICT
        for method, path in (("POST", "/admin/snapshots/b/restore"), ("DELETE", "/admin/snapshots/b")):
            assert (await worker.http.request(method, path)).status_code == NOT_FOUND
        monkeypatch.setattr(snapshots, "MAXIMUM_BYTES", 1)
        assert (await worker.http.post("/admin/snapshots", json={"name": "large"})).status_code == NO_ROOM
        monkeypatch.setattr(snapshots, "MAXIMUM_SNAPSHOTS", 1)
        assert (await worker.http.post("/admin/snapshots", json={"name": "many"})).status_code == NO_ROOM
        listed = (await other.http.get("/admin/snapshots")).json()
        assert [snapshot["name"] for snapshot in listed] == ["a" * 64]

    run_two(steps, None, tmp_path)


def test_hospitals_stay_and_those_added_since_are_as_seeded(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        toml = {"Content-Type": "application/toml"}

        async def add(flow: Flow) -> None:
            answer = await flow.http.post("/admin/hospitals", content=RIVERSIDE, headers=toml)
            assert answer.status_code == 201, answer.text

        async def list_users(flow: Flow) -> Any:
            return (await flow.http.get("/admin/users?tenant=riverside")).json()

        await save(worker, "without")
        await add(other)
        seeded = await list_users(worker)
        await save(other, "with")
        await restore(worker, "without")
        assert await list_users(other) == seeded
        assert (await worker.http.delete("/admin/hospitals/riverside")).status_code == 204
        await restore(other, "with")
        assert await other.sandbox.runtime.store.find("user", tenant="riverside") == []
        assert (await worker.http.get("/admin/apps")).status_code == 200
        await add(worker)
        await restore(worker, "with")
        assert await list_users(other) == seeded

    run_two(steps, None, tmp_path)


def test_no_search_sees_a_part_of_a_restore(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await worker.sandbox.filling.ensure(SPACE)
        sent = await service_token(worker)
        for number in range(2):
            await mark_both(worker, sent, f"saved {number}")
            await save(worker, f"state-{number}")
        states = set()

        async def look(flow: Flow) -> None:
            for _ in range(20):
                answer = await flow.http.get("/general/r4/Patient?_id=p-0001,p-0002", headers=sent)
                if answer.status_code != 503:
                    languages = {entry["resource"]["language"] for entry in answer.json()["entry"]}
                    assert len(languages) == 1, languages
                    states.update(languages)

        async def restore_in_turn() -> None:
            for number in range(6):
                await restore((worker, other)[number % 2], f"state-{number % 2}")

        await asyncio.gather(look(worker), look(other), restore_in_turn())
        assert states <= {"saved 0", "saved 1"}

    run_two(steps, engine(), tmp_path)


async def mark_both(flow: Flow, sent: dict[str, str], language: str) -> None:
    """Change two patients in one transaction."""
    patients = [(await flow.http.get(f"/general/r4/Patient/p-000{number}", headers=sent)).json() for number in (1, 2)]
    entries = [
        {"resource": patient | {"language": language}, "request": {"method": "PUT", "url": f"Patient/{patient['id']}"}}
        for patient in patients
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await flow.http.post("/general/r4", json=bundle, headers=sent)
    assert answer.status_code == 200, answer.text


def test_a_full_disk_is_507_and_nothing_is_half_saved_or_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await save(worker, "a")
        before = await contents(other)

        async def fill_disk(steps: Any) -> None:
            raise DiskFull("no space")

        with monkeypatch.context() as patched:
            patched.setattr(worker.sandbox.runtime.store, "transaction", fill_disk)
            assert (await worker.http.post("/admin/snapshots", json={"name": "b"})).status_code == NO_ROOM
            assert (await worker.http.post("/admin/snapshots/a/restore")).status_code == NO_ROOM
        assert [saved["name"] for saved in (await other.http.get("/admin/snapshots")).json()] == ["a"]
        assert await contents(other) == before

    run_two(steps, None, tmp_path)
