"""Requests that name no app or launch are found where they probably belong, and only by those who may see every exchange."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, REDIRECT, Flow, run
from tests.flows.test_new_tokens import other_worker

from sickbay.services import registration

HOME, ELSEWHERE = "http://localhost:8100", "https://other.example.org"
HTML, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
ADVICE = "cors-credentials-not-allowed"
RECORD = "/general/r4/Patient/p-0001"
WRONG = {"Authorization": "Bearer undefined"}


async def preflight(flow: Flow, origin: str = HOME) -> httpx2.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    return await flow.http.options(RECORD, headers=headers)


async def launch_from_portal(flow: Flow, app: dict[str, Any], patient: str = "p-0001") -> tuple[str, str]:
    """Launch the app as a browser does from the portal. Returns the launch code and the timeline."""
    answer = await flow.http.get(f"/general/ehr/launch?app={app['app_id']}&patient={patient}")
    code = httpx2.URL(answer.headers["location"]).params["launch"]
    exchange = (await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=JSON)).json()
    return code, exchange["launch"]


async def list_probable(flow: Flow, timeline: str) -> list[tuple[str, str]]:
    shown = (await flow.http.get(f"/timelines/{timeline}", headers=JSON)).json()
    return [(exchange["id"], exchange["evidence"]) for exchange in shown.get("probable", ())]


def id_of(answer: httpx2.Response) -> str:
    return str(answer.headers["x-correlation-id"])


@pytest.mark.parametrize(
    ("headers", "evidence"),
    [
        ({"Origin": HOME}, "origin"),
        ({}, "agent"),
        ({"User-Agent": "curl/8.0"}, "address"),
        ({"Origin": ELSEWHERE}, "agent"),
    ],
)
def test_a_wrong_token_is_found_in_the_launch_at_the_app_and_on_its_own_page(
    headers: dict[str, str], evidence: str, tmp_path: Path, engine: Callable[[], str | None]
) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        code, timeline = await launch_from_portal(flow, app)
        await flow.authorize(app, launch=code)
        async with other_worker(flow.sandbox.settings) as other:
            refused = await other.http.get(RECORD, headers=WRONG | headers)
        assert await list_probable(flow, timeline) == [(id_of(refused), evidence)]
        page = (await flow.http.get(f"/timelines/{timeline}", headers=HTML)).text
        assert "The launch probably stopped at step 3" in page
        for path in (f"/developer/apps/{app['app_id']}", f"/exchanges?app={app['app_id']}"):
            assert f"/exchanges/{id_of(refused)}" in (await flow.http.get(path, headers=HTML)).text
        own = (await flow.http.get(f"/exchanges/{id_of(refused)}", headers=HTML)).text
        assert "It probably belongs to" in own
        assert f"/timelines/{timeline}" in own

    run(steps, tmp_path, data=address or str(tmp_path))


def test_a_preflight_is_in_the_launch_until_its_request_arrives(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    """The browser sends a request with credentials not at all, and one without them at once."""
    address = engine()

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = await flow.launch(app)
        token = (await flow.redeem(app, await flow.code(app, launch=launch["launch"]))).json()["access_token"]
        first = await preflight(flow)
        assert await list_probable(flow, launch["timeline"]) == [(id_of(first), "origin")]
        assert ADVICE in await flow.findings(first)
        read = await flow.http.get(RECORD, headers={"Origin": HOME, "Authorization": f"Bearer {token}"})
        assert read.status_code == 200
        assert await list_probable(flow, launch["timeline"]) == []
        assert ADVICE not in await flow.findings(first)
        blocked = await preflight(flow)
        for query in ("", "?stage=browser"):
            listed = (await flow.http.get(f"/admin/exchanges{query}")).json()
            advised = [item["id"] for item in listed if ADVICE in [finding["id"] for finding in item["findings"]]]
            assert advised == [id_of(blocked)]

    run(steps, tmp_path, data=address or str(tmp_path))


@pytest.mark.parametrize(
    "wrong", [{"launch": "abc123"}, {"launch": None}, {"launch": None, "scope": "openid launch/patient patient/Patient.rs"}]
)
def test_an_authorization_request_without_the_code_of_its_launch_is_found_there(wrong: dict[str, Any], tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        _, first = await launch_from_portal(flow, app)
        _, second = await launch_from_portal(flow, app, "p-0002")
        answer = await flow.authorize(app, **wrong)
        assert await list_probable(flow, second) == [(id_of(answer), "app")]
        assert await list_probable(flow, first) == []

    run(steps, tmp_path)


def test_an_authorization_request_of_another_launch_is_only_in_its_own(tmp_path: Path) -> None:
    """`sickbay launch` records no exchange of its own, so the chart's launch is the nearest one."""

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        _, chart = await launch_from_portal(flow, app)
        launch = await flow.launch(app, "p-0002")
        answer = await flow.authorize(app, launch=launch["launch"], aud=None)
        assert answer.status_code == 302
        assert await list_probable(flow, chart) == []
        page = (await flow.http.get(f"/exchanges/{id_of(answer)}", headers=HTML)).text
        assert "probably belongs to" not in page

    run(steps, tmp_path)


def test_a_request_after_the_launch_of_another_app_belongs_to_that_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        other = await flow.register(
            name="Other", launch_uri=f"{ELSEWHERE}/launch", redirect_uris=[f"{ELSEWHERE}/cb"], auto_approve=None
        )
        _, first = await launch_from_portal(flow, app)
        _, second = await launch_from_portal(flow, other)
        wrong = await flow.http.get(RECORD, headers=WRONG)
        from_app = await flow.http.get(RECORD, headers=WRONG | {"Origin": HOME})
        assert await list_probable(flow, first) == [(id_of(from_app), "origin")]
        assert await list_probable(flow, second) == [(id_of(wrong), "agent")]

    run(steps, tmp_path)


def test_a_request_long_after_the_launch_or_before_it_belongs_to_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sickbay.services.journal.probable.WINDOW_MICROSECONDS", 1)

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        before = await flow.http.get(RECORD, headers=WRONG)
        _, timeline = await launch_from_portal(flow, app)
        after = await flow.http.get(RECORD, headers=WRONG)
        assert await list_probable(flow, timeline) == []
        for answer in (before, after):
            assert "probably belongs to" not in (await flow.http.get(f"/exchanges/{id_of(answer)}", headers=HTML)).text

    run(steps, tmp_path)


@asynccontextmanager
async def stranger(flow: Flow) -> Any:
    """Someone on another machine, without the admin token."""
    transport = httpx2.ASGITransport(app=flow.http._transport.app, client=("203.0.113.7", 4000))  # type: ignore[attr-defined]
    async with httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False) as http:
        yield http


def test_a_stranger_learns_nothing_of_what_probably_belongs_together(tmp_path: Path) -> None:
    """Neither that a request belongs to a launch or an app, nor the address that it came from."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Secret project")
        code, timeline = await launch_from_portal(flow, app)
        async with stranger(flow) as http:
            refused = await http.get(RECORD, headers=WRONG | {"Origin": HOME})
            own = f"/exchanges/{id_of(refused)}"
            texts = [
                (await http.get(path, headers=form)).text for path in (own, f"/timelines/{timeline}") for form in (HTML, JSON)
            ]
            texts.append((await http.get(f"{own}?as=text")).text)
        assert await list_probable(flow, timeline) == [(id_of(refused), "origin")]
        assert timeline not in "".join(texts[:2])
        for text in texts:
            assert "Secret project" not in text
            assert "probably belongs" not in text
            assert "evidence" not in text
            assert "203.0.113.7" not in text
        every = [own, f"/timelines/{timeline}", f"/admin/exchanges?launch={timeline}", "/admin/exchanges", "/exchanges"]
        assert code
        for path in every:
            for form in (HTML, JSON):
                assert "203.0.113.7" not in (await flow.http.get(path, headers=form)).text

    run(steps, tmp_path)


def test_a_token_request_of_an_unknown_app_is_found_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        code, timeline = await launch_from_portal(flow, app)
        form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT, "client_id": "misspelled"}
        await flow.authorize(app, launch=code)
        refused = await flow.http.post("/general/oauth/token", data=form)
        asked = await flow.authorize({"client_id": "misspelled"}, launch=code)
        assert await list_probable(flow, timeline) == [(id_of(refused), "agent"), (id_of(asked), "agent")]

    run(steps, tmp_path)


def test_the_origins_of_apps_are_read_again_after_a_change(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        for home in ("http://localhost:8100", "http://localhost:8200"):
            changed = {"launch_uri": f"{home}/launch", "redirect_uris": [f"{home}/callback"]}
            answer = await flow.http.patch(f"/admin/apps/{app['app_id']}", json=changed)
            assert answer.status_code == 200, answer.text
            origins = await registration.load_origins(flow.sandbox.runtime, "general")
            assert [origin for origin, apps in origins.items() if app["client_id"] in apps] == [home]

    run(steps, tmp_path, data=address or str(tmp_path))
