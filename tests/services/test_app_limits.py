"""An app's registration is limited, and so is what all apps of a student have together, even if they are stored at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import REDIRECT, Flow, run
from tests.flows.two_workers import run_two

from sickbay.authorization.models import Client
from sickbay.services import app_limits, records, registration, runtime_settings
from sickbay.services.app_limits import AppTooLarge
from sickbay.services.class_mode import members
from sickbay.services.context import Runtime
from sickbay.services.injection import setting
from sickbay.web.portal import app_faults

Engine = Callable[[], str | None]


def fields(student: str, name: str = "App", **more: Any) -> dict[str, Any]:
    body = {"tenant": "general", "name": name, "client": "public", "redirect_uris": (REDIRECT,), "scope": "user/*.rs"}
    return body | {"student": student} | more


async def try_to_register(runtime: Runtime, student: str, length: int) -> bool:
    try:
        return (await registration.register_app(runtime, fields(student, "A" * length))).client is not None
    except AppTooLarge:
        return False


@pytest.mark.parametrize("lengths", [(1,) * 8, (900, 10, 700, 10, 800, 600, 10, 10), (5_000, 10, 10, 5_000)])
def test_apps_that_a_student_registers_at_once_keep_the_limits(
    lengths: tuple[int, ...], engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_limits, "STUDENT_APPS", 4)
    monkeypatch.setattr(app_limits, "STUDENT_BYTES", 4_000)
    monkeypatch.setattr(app_limits, "APP_BYTES", 3_000)

    async def steps(worker: Flow, other: Flow) -> None:
        runtimes = worker.sandbox.runtime, other.sandbox.runtime
        student = (await members.join(runtimes[0], "Ada")).student.id
        tries = [try_to_register(runtimes[index % 2], student, length) for index, length in enumerate(lengths)]
        done = sum(await asyncio.gather(*tries))
        stored = await runtimes[1].store.find("app", label=student)
        assert len(stored) == done
        assert 0 < len(stored) <= app_limits.STUDENT_APPS
        assert sum(len(app.value) for app in stored) <= app_limits.STUDENT_BYTES
        assert max(len(app.value) for app in stored) <= app_limits.APP_BYTES

    run_two(steps, engine(), tmp_path, patients=0)


def test_students_who_join_at_once_keep_the_size_of_the_class(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MAXIMUM_STUDENTS", 3)

    async def steps(worker: Flow, other: Flow) -> None:
        runtimes = worker.sandbox.runtime, other.sandbox.runtime
        tries = [members.join(runtimes[number % 2], f"Student {number}") for number in range(8)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        full = [result for result in results if isinstance(result, members.ClassIsFull)]
        joined = [result for result in results if isinstance(result, members.Joined)]
        assert (len(joined), len(full)) == (3, 5)
        monkeypatch.undo()
        stored = {student.id for student in await members.list_students(runtimes[0])}
        assert stored == {joined.student.id for joined in joined}

    run_two(steps, engine(), tmp_path, patients=0)


def test_faults_that_a_student_injects_at_once_keep_the_limits(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_faults, "FAULTS_PER_STUDENT", 5)

    async def inject(runtime: Runtime, client: Client) -> None:
        fault = {"kind": "delay", "seconds": 0.01, "app": client.client_id, "tenant": client.tenant}
        with suppress(setting.WrongFault):
            await setting.add_faults(runtime, [fault], await app_faults._limit_of_student(runtime, client))

    async def steps(worker: Flow, other: Flow) -> None:
        runtimes = worker.sandbox.runtime, other.sandbox.runtime
        student = (await members.join(runtimes[0], "Ada")).student.id
        registered = [(await registration.register_app(runtimes[0], fields(student, name))).client for name in "AB"]
        await asyncio.gather(*(inject(runtimes[number % 2], app) for number in range(8) for app in registered if app))
        await runtime_settings.refresh_settings(runtimes[0])
        of_app = Counter(fault.app for fault in runtimes[0].faults)
        assert sum(of_app.values()) == 5
        assert max(of_app.values()) == app_faults.FAULTS_PER_APP

    run_two(steps, engine(), tmp_path, patients=0)


def test_an_app_that_is_too_large_is_refused_wherever_it_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_limits, "APP_BYTES", 3_000)
    long = f"{REDIRECT}/{'a' * 3_000}"

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        path, metadata = f"/admin/apps/{app['app_id']}", {"client_name": "A", "scope": "user/*.rs"}
        registered = await flow.http.post("/general/oauth/register", json=metadata | {"redirect_uris": [REDIRECT]})
        answers = {
            "new": await flow.http.post("/admin/apps", json=app_body(redirect_uris=[long])),
            "changed": await flow.http.patch(path, json={"redirect_uris": [long]}),
            "cards": await flow.http.patch(path, json={"cards": [card(long)]}),
            "itself": await flow.http.post("/general/oauth/register", json=metadata | {"redirect_uris": [long]}),
            "managed": await flow.http.put(
                f"/general/oauth/register/{registered.json()['client_id']}",
                json=metadata | {"redirect_uris": [long], "client_id": registered.json()["client_id"]},
                headers={"Authorization": f"Bearer {registered.json()['registration_access_token']}"},
            ),
        }
        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 422)
        assert all("At most 3,000 are stored" in answer.text for answer in answers.values())
        stored = await flow.sandbox.runtime.store.find("app")
        assert all(len(record.value) <= 3_000 for record in stored)

    run(steps, tmp_path, patients=0)


def app_body(**more: Any) -> dict[str, Any]:
    return {"name": "A", "type": "provider", "client": "public", "scope": "user/*.rs"} | more


def card(url: str) -> dict[str, Any]:
    return {
        "summary": "A",
        "indicator": "info",
        "source": {"label": "A"},
        "links": [{"label": "A", "type": "absolute", "url": url}],
    }


def test_an_app_of_a_student_who_left_can_be_changed_but_not_registered(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        student = (await members.join(runtime, "Ada")).student
        registered = await registration.register_app(runtime, fields(student.id))
        assert registered.client is not None
        await runtime.store.transaction([members.delete(student)])
        await registration.register_app(runtime, {"name": "Renamed"}, registered.client)
        with pytest.raises(AppTooLarge, match="no longer"):
            await registration.register_app(runtime, fields(student.id))
        (record,) = await runtime.store.find("app", label=student.id)
        assert records.parse(type(registered.client), record.value).name == "Renamed"

    run(steps, tmp_path, patients=0)
