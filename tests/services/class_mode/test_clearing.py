"""Resetting and removing a student deletes what the student has, and nothing that belongs to others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.flows import class_room
from tests.flows.class_room import HTML, TOKEN, open_teacher, post, register, sign_in_at_hospital, work
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app

from sickbay.authorization.models import Client
from sickbay.sandbox.resetting import reset as reset_sandbox
from sickbay.services import app_limits, records
from sickbay.services.class_mode import clearing, members, progress
from sickbay.services.journal.outcomes import condition_for_student
from sickbay.storage.interface import Put


@pytest.fixture(scope="module")
def shared_app(engine: Callable[[], str | None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    folder = tmp_path_factory.mktemp("class")
    with open_shared_app(folder, engine(), patients=1, admin_token=TOKEN, class_mode=True, today="2026-03-31") as opened:
        yield opened


async def begin(flow: Flow, name: str) -> str:
    """A student with an app that works and has a fault. Returns the student's id."""
    await class_room.join(flow, name)
    app = await register(flow, f"App of {name}")
    await sign_in_at_hospital(flow)
    await work(flow, app)
    assert (await post(flow, f"/developer/apps/{app}/faults", kind="delay", members="seconds = 1")).status_code == 303
    return next(student.id for student in await members.list_students(flow.sandbox.runtime) if student.name == name)


async def count_of(flow: Flow, id: str) -> list[int]:
    """How many apps, exchanges, faults, tokens and milestones a student has."""
    runtime = flow.sandbox.runtime
    await flow.sandbox.journal.flush()
    apps = await clearing.list_apps(runtime, id)
    faults = [fault for fault in runtime.faults if fault.app in {client.client_id for client in apps}]
    tokens = [record for client in apps for record in await runtime.store.find("token", owner=client.client_id)]
    exchanges = await runtime.store.find_exchanges((condition_for_student(id),), 1000)
    return [len(found) for found in (apps, exchanges, faults, tokens, await runtime.store.find(progress.KIND, owner=id))]


def test_a_reset_and_a_removal_delete_what_one_student_has(shared_app: SharedApp) -> None:
    first, second, teacher = shared_app.flow(), shared_app.flow(), open_teacher(shared_app)
    ada, grace = (
        shared_app.do(lambda flow: begin(flow, "Ada"), first),
        shared_app.do(lambda flow: begin(flow, "Grace"), second),
    )
    before = shared_app.do(lambda flow: count_of(flow, grace), second)
    assert all(before)

    async def reset(flow: Flow) -> None:
        answer = await post(flow, f"/developer/class/{ada}", action="reset")
        assert answer.headers["location"] == f"/developer/class/{ada}?saved=student"
        assert await count_of(flow, ada) == [0] * 5

    async def remove(flow: Flow) -> None:
        assert (await post(flow, f"/developer/class/{ada}", action="remove")).status_code == 303
        assert await count_of(flow, ada) == [0] * 5

    async def status(flow: Flow) -> int:
        return (await flow.http.get("/developer", headers=HTML)).status_code

    shared_app.do(reset, teacher)
    assert shared_app.do(status, first) == 200
    shared_app.do(remove, teacher)
    assert shared_app.do(status, first) == 403
    assert shared_app.do(lambda flow: count_of(flow, grace), second) == before
    assert shared_app.do(status, second) == 200


def test_students_stay_in_the_class_when_the_data_is_reset(shared_app: SharedApp) -> None:
    student = shared_app.flow()

    async def steps(flow: Flow) -> None:
        await class_room.join(flow, "Barbara")
        app = await register(flow, "App of Barbara")
        await reset_sandbox(flow.sandbox)
        assert "App of Barbara" in (await flow.http.get("/developer", headers=HTML)).text
        await sign_in_at_hospital(flow)
        await work(flow, app)
        await reset_sandbox(flow.sandbox, everything=True)
        assert (await flow.http.get("/developer", headers=HTML)).status_code == 403
        assert await members.list_students(flow.sandbox.runtime) == []

    shared_app.do(steps, student)


def test_the_apps_of_a_student_are_limited(shared_app: SharedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_limits, "STUDENT_APPS", 2)
    student = shared_app.flow()

    async def steps(flow: Flow) -> None:
        await class_room.join(flow, "Flooding")
        apps = [await register(flow, f"App {number}") for number in range(2)]
        with pytest.raises(AssertionError, match="Remove one first"):
            await register(flow, "One more")
        refused = await post(flow, f"/developer/apps/{apps[0]}/enable", tenant="epic")
        assert (refused.status_code, "Remove one first" in refused.text) == (422, True)

    shared_app.do(steps, student)


def test_the_faults_of_a_student_are_limited_and_only_for_own_apps(shared_app: SharedApp) -> None:
    student, teacher = shared_app.flow(), open_teacher(shared_app)

    async def inject_for_all(flow: Flow) -> str:
        answer = await flow.http.post(
            "/admin/faults", json={"kind": "delay", "seconds": 0.01}, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        return str(answer.json()["id"])

    async def steps(flow: Flow) -> None:
        await class_room.join(flow, "Faulty")
        address = f"/developer/apps/{await register(flow, 'Faulty app')}/faults"
        before = {fault.id for fault in flow.sandbox.runtime.faults}
        assert (await post(flow, address, end=of_all)).status_code == 422
        assert (await post(flow, address, kind="rotate-keys")).status_code == 422
        assert {fault.id for fault in flow.sandbox.runtime.faults} == before
        for _ in range(3):
            assert (await post(flow, address, kind="no-patient")).status_code == 303
        assert (await post(flow, address, kind="no-patient")).status_code == 422
        own = [fault for fault in flow.sandbox.runtime.faults if fault.kind == "no-patient"]
        assert len({(fault.app, fault.tenant) for fault in own}) == 1
        assert (await post(flow, address, end=own[0].id)).status_code == 303
        assert len([fault for fault in flow.sandbox.runtime.faults if fault.kind == "no-patient"]) == 2

    of_all = shared_app.do(inject_for_all, teacher)
    shared_app.do(steps, student)


def test_a_removal_also_deletes_apps_beyond_the_limit_as_an_imported_snapshot_has_them(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        student = (await members.join(runtime, "Many")).student
        apps = [
            Client(f"many-{number}", "general", f"many-{number}", "A", "provider", "public", student=student.id)
            for number in range(app_limits.STUDENT_APPS + 5)
        ]
        await runtime.store.transaction([Put(records.make_app_record(app)) for app in apps])
        await clearing.remove(runtime, flow.sandbox.journal, student)
        assert await runtime.store.find("app", label=student.id) == []

    shared_app.do(steps)
