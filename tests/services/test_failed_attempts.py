"""Only a client or user that guesses has to wait, on every worker; other addresses and apps aren't affected."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.two_workers import run_two

from sickbay.services import throttle
from sickbay.storage.counts import Failures

LIMIT = 3
Engine = Callable[[], str | None]


async def send(flow: Flow, app: dict[str, Any], secret: str, endpoint: str = "token") -> Any:
    header = "Basic " + b64encode(f"{app['client_id']}:{secret}".encode()).decode()
    form = {"token": "x", "grant_type": "refresh_token", "refresh_token": "x"}
    return await flow.http.post(f"/general/oauth/{endpoint}", data=form, headers={"Authorization": header})


async def statuses(flows: list[Flow], app: dict[str, Any], secret: str = "guess") -> list[int]:
    return [(await send(flow, app, secret)).status_code for flow in flows]


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
def test_a_client_that_guesses_gets_429_until_the_minute_is_over(tmp_path: Path, endpoint: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        for _ in range(5):
            assert (await send(flow, app, app["client_secret"], endpoint)).status_code in (200, 400)
        assert [(await send(flow, app, "guess", endpoint)).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
        throttled = await send(flow, app, app["client_secret"], endpoint)
        assert throttled.status_code == 429
        assert 0 < int(throttled.headers["retry-after"]) <= 60
        assert throttled.json()["error"] == "temporarily_unavailable"
        assert await flow.findings(throttled) == {"guesses-too-many": "error"}
        exchanges = await flow.http.get(f"/admin/exchanges?app={app['app_id']}")
        assert 429 in {entry["response"]["status"] for entry in exchanges.json()}
        await flow.http.post("/admin/clock", json={"advance": 61})
        assert (await send(flow, app, app["client_secret"], endpoint)).status_code in (200, 400)

    run(steps, tmp_path, throttle=LIMIT)


def test_two_workers_allow_exactly_as_many_wrong_secrets_as_one(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other_worker: Flow) -> None:
        app = await worker.register(client="symmetric")
        assert await statuses([worker, other_worker] * 3, app) == [401] * 5 + [429]
        assert await statuses([worker, other_worker], app, app["client_secret"]) == [429, 429]
        other = await worker.register(client="symmetric")
        assert await statuses([worker, other_worker, worker], other, other["client_secret"]) == [400, 400, 400]

    run_two(steps, engine(), tmp_path, throttle=5)


def test_simultaneous_guesses_on_two_workers_are_counted_exactly(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other_worker: Flow) -> None:
        app = await worker.register(client="symmetric")
        answers = await asyncio.gather(*(send(flow, app, f"guess-{n}") for n in range(20) for flow in (worker, other_worker)))
        counted = sorted(answer.status_code for answer in answers)
        assert counted == [401] * 7 + [429] * 33

    run_two(steps, engine(), tmp_path, throttle=7)


def test_a_restart_and_another_worker_know_who_has_to_wait(tmp_path: Path) -> None:
    apps: list[dict[str, Any]] = []

    async def first(flow: Flow) -> None:
        apps.append(await flow.register(client="symmetric"))
        assert await statuses([flow] * 4, apps[0]) == [401, 401, 401, 429]

    async def later(flow: Flow) -> None:
        assert await statuses([flow], apps[0], apps[0]["client_secret"]) == [429]

    run(first, tmp_path, throttle=LIMIT)
    run(later, tmp_path, throttle=LIMIT)


def test_while_nobody_has_to_wait_a_success_reads_no_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if others fail, as long as none of them has failed too often."""

    async def steps(flow: Flow) -> None:
        store, read = flow.sandbox.runtime.store, list[str]()
        get = store.get

        async def watch(kind: str, key: str) -> Any:
            read.append(kind)
            return await get(kind, key)

        monkeypatch.setattr(type(store), "get", lambda self, kind, key: watch(kind, key))
        app, other = await flow.register(client="symmetric"), await flow.register(client="symmetric")
        await statuses([flow] * (LIMIT - 1), other)
        assert await statuses([flow] * 3, app, app["client_secret"]) == [400] * 3
        assert "failure" not in read
        assert await statuses([flow] * 2, other) == [401, 429]
        assert await statuses([flow], app, app["client_secret"]) == [400]
        assert "failure" in read
        await flow.http.post("/admin/clock", json={"advance": throttle.ANNOUNCED + 1})
        read.clear()
        assert await statuses([flow], app, app["client_secret"]) == [400]
        assert "failure" not in read

    run(steps, tmp_path, throttle=LIMIT)


def test_a_wrong_secret_is_one_write_and_a_throttled_one_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(flow: Flow) -> None:
        store, counted = flow.sandbox.runtime.store, list[str]()
        count_failure = store.count_failure

        async def watch(key: str, tenant: str, now: int, seconds: int) -> Failures:
            counted.append(key)
            return await count_failure(key, tenant, now, seconds)

        monkeypatch.setattr(type(store), "count_failure", lambda self, *arguments: watch(*arguments))
        app = await flow.register(client="symmetric", name="Named app")
        await statuses([flow] * (LIMIT + 4), app)
        assert len(counted) == LIMIT
        (record,) = await store.find("failure")
        assert app["client_id"] not in record.key
        assert (record.value, record.owner, record.family) == (b"", "", "")

    run(steps, tmp_path, throttle=LIMIT)


def test_without_a_limit_nothing_is_counted(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        assert set(await statuses([flow] * 15, app)) == {401}
        assert await flow.sandbox.runtime.store.find("failure") == []

    run(steps, tmp_path, throttle=0)


@pytest.mark.parametrize("body", [{}, {"everything": True}, {"tenant": "general"}])
def test_after_a_reset_nobody_has_to_wait_on_any_worker(body: dict[str, Any], engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other_worker: Flow) -> None:
        app = await worker.register(client="symmetric")
        await statuses([worker] * (LIMIT + 1), app)
        assert (await other_worker.http.post("/admin/reset", json=body)).status_code == 204
        if body.get("everything"):
            app = await worker.register(client="symmetric", client_id=app["client_id"])
        assert await statuses([worker, other_worker], app, app["client_secret"]) == [400, 400]
        assert await statuses([worker, other_worker, worker, other_worker], app) == [401, 401, 401, 429]

    run_two(steps, engine(), tmp_path, throttle=LIMIT)


def test_a_reset_of_one_hospital_leaves_those_who_wait_at_another(tmp_path: Path) -> None:
    async def steps(worker: Flow, other_worker: Flow) -> None:
        app = await worker.register(client="symmetric")
        await statuses([worker] * (LIMIT + 1), app)
        await other_worker.http.post("/admin/reset", json={"tenant": "epic"})
        assert await statuses([worker, other_worker], app, app["client_secret"]) == [429, 429]

    run_two(steps, None, tmp_path, throttle=LIMIT)


def test_a_user_who_guesses_a_password_has_to_wait(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get("/general/ehr/sign-in")
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        assert csrf

        async def sign_in() -> Any:
            form = {"username": "nobody", "password": "guess", "csrf": csrf}
            return await flow.http.post("/general/ehr/sign-in", data=form, headers={"Accept": "text/html"})

        answers = [(await sign_in()).status_code for _ in range(12)]
        assert answers == [401] * 10 + [429] * 2
        last = await sign_in()
        assert (last.headers["content-type"], "Too many failed attempts" in last.text) == ("text/html; charset=utf-8", True)
        assert await flow.findings(last) == {"guesses-too-many": "error"}

    run(steps, tmp_path)


def test_wrong_admin_tokens_are_counted_for_all_workers_and_the_right_one_is_always_accepted(
    engine: Engine, tmp_path: Path
) -> None:
    async def steps(worker: Flow, other_worker: Flow) -> None:
        async def send_token(flow: Flow, token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return (await flow.http.get("/admin/apps", headers=headers)).status_code

        sent = [await send_token((worker, other_worker)[number % 2], "guess") for number in range(12)]
        assert sent == [403] * 10 + [429] * 2
        assert [await send_token(flow, "right") for flow in (worker, other_worker)] == [200, 200]
        page = await worker.http.get("/developer/sign-in", headers={"Accept": "text/html"})
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        answer = await worker.http.post("/developer/sign-in", data={"csrf": csrf, "token": "guess"})
        assert answer.status_code == 429

    run_two(steps, engine(), tmp_path, require_admin_token=True, admin_token="right")
