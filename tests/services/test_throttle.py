"""Only a client or user that guesses has to wait, and only for a minute; other addresses and apps aren't affected."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run

from sickbay.services import throttle
from sickbay.services.throttle import Throttle, Throttled, ThrottleKey

KEY = ThrottleKey("client", "general", "app", "192.0.2.1")


def throttle_after(times: int, limit: int = 3) -> Throttle:
    table = Throttle(limit)
    for _ in range(times):
        table.failed(KEY, 1000)
    return table


def test_failures_up_to_the_limit_are_allowed() -> None:
    throttle_after(2).check(KEY, 1000)
    with pytest.raises(Throttled) as error:
        throttle_after(3).check(KEY, 1010)
    assert error.value.seconds == 50


def test_the_limit_ends_after_a_minute_or_if_the_clock_goes_back() -> None:
    throttle_after(3).check(KEY, 1060)
    throttle_after(3).check(KEY, 500)
    restarted = throttle_after(3)
    restarted.failed(KEY, 1061)
    restarted.check(KEY, 1062)


@pytest.mark.parametrize(
    "other", [{"address": "192.0.2.2"}, {"name": "other"}, {"tenant": "epic"}, {"kind": "person"}, {"kind": "admin"}]
)
def test_other_keys_are_not_throttled(other: dict[str, Any]) -> None:
    throttle_after(3).check(KEY._replace(**other), 1000)


def test_without_a_limit_nothing_is_throttled() -> None:
    throttle_after(1000, limit=0).check(KEY, 1000)


def test_the_size_of_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MANY", 10)
    table = throttle_after(3)
    for number in range(10):
        table.failed(KEY._replace(name=str(number)), 1000)
    table.check(KEY, 1000)


def test_only_the_beginning_of_a_long_name_is_kept() -> None:
    """A form can have a name of 60,000 characters, and the table ten thousand names."""
    table = Throttle(3)
    for number in range(3):
        table.failed(KEY._replace(name="x" * throttle.LONGEST + str(number)), 1000)
    with pytest.raises(Throttled):
        table.check(KEY._replace(name="x" * 60_000), 1000)
    table.check(KEY._replace(name="x" * (throttle.LONGEST - 1)), 1000)


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
def test_a_client_that_guesses_gets_429_until_the_minute_is_over(tmp_path: Path, endpoint: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")

        async def request(secret: str) -> Any:
            header = "Basic " + b64encode(f"{app['client_id']}:{secret}".encode()).decode()
            form = {"token": "x", "grant_type": "refresh_token", "refresh_token": "x"}
            return await flow.http.post(f"/general/oauth/{endpoint}", data=form, headers={"Authorization": header})

        for _ in range(5):
            assert (await request(app["client_secret"])).status_code in (200, 400)
        assert [(await request("guess")).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
        throttled = await request(app["client_secret"])
        assert throttled.status_code == 429
        assert 0 < int(throttled.headers["retry-after"]) <= 60
        assert throttled.json()["error"] == "temporarily_unavailable"
        assert await flow.findings(throttled) == {"guesses-too-many": "error"}
        exchanges = await flow.http.get(f"/admin/exchanges?app={app['app_id']}")
        assert 429 in {entry["response"]["status"] for entry in exchanges.json()}
        await flow.http.post("/admin/clock", json={"advance": 61})
        assert (await request(app["client_secret"])).status_code in (200, 400)

    run(steps, tmp_path, throttle=3)


def test_a_user_who_guesses_a_password_has_to_wait(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get("/general/ehr/sign-in")
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        assert csrf

        async def sign_in() -> Any:
            form = {"username": "nobody", "password": "guess", "csrf": csrf}
            return await flow.http.post("/general/ehr/sign-in", data=form, headers={"Accept": "text/html"})

        statuses = [(await sign_in()).status_code for _ in range(12)]
        assert statuses == [401] * 10 + [429] * 2
        last = await sign_in()
        assert (last.headers["content-type"], "Too many failed attempts" in last.text) == ("text/html; charset=utf-8", True)
        assert await flow.findings(last) == {"guesses-too-many": "error"}

    run(steps, tmp_path)
