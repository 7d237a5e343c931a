"""A reset restores the initial data after any write, without creating them again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.flows.flow import Flow, run

from sickbay.storage.interface import Put

PATIENT, SLOT = "/general/r4/Patient", "/general/r4/Slot"
WRITES = ("update", "patch", "create", "delete", "create and delete", "batch")


async def headers(flow: Flow) -> dict[str, str]:
    app = await flow.register()
    body = {"app": app["app_id"], "scope": "user/*.cruds", "user": await flow.clinician()}
    token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}


async def write(flow: Flow, how: str, sent: dict[str, str]) -> None:
    """Changes the data in one way."""
    new: dict[str, Any] = {
        "resourceType": "Patient",
        "name": [{"family": "New"}],
        "birthDate": "1990-01-01",
        "gender": "unknown",
    }
    if how == "update":
        patient = (await flow.http.get(f"{PATIENT}/p-0001", headers=sent)).json() | {"active": False}
        assert (await flow.http.put(f"{PATIENT}/p-0001", json=patient, headers=sent)).status_code == 200
    elif how == "patch":
        patch = [{"op": "replace", "path": "/gender", "value": "other"}]
        kind = sent | {"Content-Type": "application/json-patch+json"}
        assert (await flow.http.patch(f"{PATIENT}/p-0001", json=patch, headers=kind)).status_code == 200
    elif how == "delete":
        created = await flow.http.post(PATIENT, json=new, headers=sent)
        await flow.http.delete(f"{PATIENT}/{created.json()['id']}", headers=sent)
    elif how == "batch":
        entry = {"resource": new, "request": {"method": "POST", "url": "Patient"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        assert (await flow.http.post("/general/r4", json=bundle, headers=sent)).status_code == 200
    else:
        created = await flow.http.post(PATIENT, json=new, headers=sent)
        assert created.status_code == 201
        if how == "create and delete":
            assert (await flow.http.delete(f"{PATIENT}/{created.json()['id']}", headers=sent)).status_code == 204


async def slots(flow: Flow) -> list[str]:
    found = await flow.http.get(f"{SLOT}?_sort=-start&_count=1000", headers=await headers(flow))
    return [entry["resource"]["start"] for entry in found.json()["entry"]]


async def newest_slot(flow: Flow) -> str:
    return (await slots(flow))[0]


def forbid_filling(flow: Flow) -> None:
    """Fail if patients are created from now on."""

    def fail(*_: Any) -> None:
        raise AssertionError

    flow.sandbox.filling.writer.listen = fail


@pytest.mark.parametrize("how", WRITES)
def test_every_kind_of_write_is_undone(how: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        sent = await headers(flow)
        before = (await flow.http.get(f"{PATIENT}/p-0001", headers=sent)).json()
        await write(flow, how, sent)
        forbid_filling(flow)
        assert (await flow.http.post("/admin/reset", json={"everything": True})).status_code == 204
        after = await headers(flow)
        assert (await flow.http.get(f"{PATIENT}/p-0001", headers=after)).json() == before
        assert (await flow.http.get(f"{PATIENT}?family=New&birthdate=ge1900", headers=after)).json()["total"] == 0

    run(steps, tmp_path, patients=2)


def test_a_hospital_that_was_only_read_is_not_created_again(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        sent = await headers(flow)
        await flow.http.get(f"{PATIENT}/p-0001", headers=sent)
        forbid_filling(flow)
        await flow.http.post("/admin/reset", json={"everything": True})
        assert (await flow.http.get(f"{PATIENT}/p-0001", headers=await headers(flow))).status_code == 200

    run(steps, tmp_path, patients=2)


def test_after_a_reset_on_another_day_there_are_only_the_appointments_of_that_day(tmp_path: Path) -> None:
    """On a fresh server there would be none of them. If only this hospital is reset, the clock stays."""

    async def steps(flow: Flow) -> None:
        seen = []
        for body in ({"everything": True}, {"tenant": "general"}, {}):
            seen.append(await slots(flow))
            await flow.http.post("/admin/clock", json={"advance": 7 * 86_400})
            assert await newest_slot(flow) > seen[-1][0]
            await flow.http.post("/admin/reset", json=body)
        assert seen[0] == seen[1] == await slots(flow)
        assert min(seen[2]) > max(seen[0])

    run(steps, tmp_path, patients=2)


def test_the_appointments_of_a_new_day_are_no_change_by_a_client(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        sent = await headers(flow)
        await flow.http.get(f"{PATIENT}/p-0001", headers=sent)
        await flow.http.post("/admin/clock", json={"advance": 86_400})
        later = await headers(flow)
        await flow.http.get(f"{PATIENT}/p-0001", headers=later)
        assert await flow.sandbox.filling.changes(None) == 0
        await write(flow, "update", later)
        await write(flow, "create and delete", later)
        await flow.http.post("/admin/clock", json={"advance": 86_400})
        latest = await headers(flow)
        await flow.http.get(f"{PATIENT}/p-0001", headers=latest)
        assert await flow.sandbox.filling.changes("general") == 3
        assert await flow.sandbox.filling.changes("epic") == 0

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize("stored", ["{day} -1", "{day}", "{day} 900", "{day} 900 {day}"])
def test_a_hospital_that_an_older_sickbay_filled_is_created_again_once(stored: str, tmp_path: Path) -> None:
    """It has no mark to return to."""

    async def steps(flow: Flow) -> None:
        await flow.http.get(f"{PATIENT}/p-0001", headers=await headers(flow))
        store = flow.sandbox.runtime.store
        record = await store.get("meta", "filled/general/r4")
        assert record is not None
        day = record.value.decode().partition(" ")[0]
        await store.transaction([Put(structs.replace(record, value=stored.format(day=day).encode()))])
        assert await flow.sandbox.filling.changes("general") is None
        for _ in range(2):
            await flow.http.post("/admin/reset", json={})
            assert (await flow.http.get(f"{PATIENT}/p-0001", headers=await headers(flow))).status_code == 200
            assert await flow.sandbox.filling.changes("general") == 0
            forbid_filling(flow)

    run(steps, tmp_path, patients=2)


def test_a_fhir_request_finds_the_slots_of_the_day_to_which_the_clock_is_moved(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        latest = []
        for _ in range(2):
            latest.append(await newest_slot(flow))
            await flow.http.post("/admin/clock", json={"advance": 7 * 86_400})
        assert latest[0] < latest[1]

    run(steps, tmp_path, patients=2)


def test_a_reset_of_one_hospital_leaves_the_changes_of_another(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await write(flow, "update", await headers(flow))
        await flow.http.post("/admin/reset", json={"tenant": "epic"})
        patient = (await flow.http.get(f"{PATIENT}/p-0001", headers=await headers(flow))).json()
        assert patient["active"] is False

    run(steps, tmp_path, patients=2)
