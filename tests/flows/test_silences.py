"""Launches that stop without a refusal: each is called stalled, and its first likely cause is the true one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import FEW_PATIENTS, REDIRECT, Flow, run
from tests.flows.silent_app import HOME, INCLUDE, PAGE, SilentApp

Script = Callable[[SilentApp], Awaitable[None]]
SYSTEM: dict[str, Any] = {
    "type": "system",
    "client": "symmetric",
    "scope": "system/*.rs",
    "auto_approve": None,
    "redirect_uris": [],
}


async def script_without_browser(app: SilentApp) -> None:
    await app.register()
    await app.flow.launch(app.app)


async def dead_app(app: SilentApp) -> None:
    await app.register()
    await app.opens()


async def app_on_another_machine(app: SilentApp) -> None:
    await app.register(launch_uri="https://app.example.org/launch", redirect_uris=["https://app.example.org/cb"])
    await app.opens()


async def openid_document_below_fhir(app: SilentApp) -> None:
    await app.register()
    await app.opens()
    await app.discovers("openid-configuration")


async def error_after_discovery(app: SilentApp) -> None:
    await app.register()
    await app.opens()
    await app.discovers()


async def server_stops_after_discovery(app: SilentApp) -> None:
    await app.register()
    await app.opens()
    await app.discovers(**{"User-Agent": "python-requests/2"})


async def script_launch_then_discovery(app: SilentApp) -> None:
    await app.register()
    await app.flow.launch(app.app)
    await app.discovers()


async def client_that_does_not_follow(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.asks(scope="openid launch/patient patient/*.rs")


async def sign_in_left(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.shows(await app.asks(scope="openid launch/patient patient/*.rs"))


async def picker_left(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    request = await app.shows(await app.asks(scope="openid launch/patient patient/*.rs"))
    await app.shows(await app.answers(request, account="okafor"))


async def consent_left(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.opens()
    request = await app.shows(await app.asks())
    await app.shows(await app.answers(request, account="okafor"))


async def strict_mode(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.shows(await app.asks(scope="openid launch/patient patient/*.rs"))
    await app.asks(scope="openid launch/patient patient/*.rs", state="aNother5tateThatIsLongEnough0123")


async def callback_with_an_error(app: SilentApp) -> None:
    await app.register()
    await app.opens()
    await app.discovers()
    await app.asks()


async def credentials_at_the_token_endpoint(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.preflights("/general/oauth/token", "POST", "content-type,x-requested-with")


async def start_page_at_the_redirect_uri(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.discovers()


async def start_page_that_asks_again(app: SilentApp) -> None:
    await callback_with_an_error(app)
    app.launch = ""
    await app.asks(scope="openid fhirUser", state="aNother5tateThatIsLongEnough0123")


async def one_page_for_both(app: SilentApp) -> None:
    await app.register(launch_uri=REDIRECT)
    await app.opens()
    await app.asks()


async def another_host(app: SilentApp) -> None:
    await app.register(launch_uri="http://127.0.0.1:8100/launch")
    await app.opens()
    await app.asks()


async def another_port(app: SilentApp) -> None:
    await app.register(launch_uri="http://localhost:3000/launch")
    await app.opens()
    await app.asks()


async def no_state(app: SilentApp) -> None:
    await app.register(policy={"state_required": False})
    await app.opens()
    await app.asks(state=None)


async def no_native_app(app: SilentApp) -> None:
    await app.register(native=True, redirect_uris=["com.example.notes:/callback"], launch_uri=None)
    await app.asks(redirect_uri="com.example.notes:/callback", scope="openid fhirUser user/*.rs")


async def server_in_a_container(app: SilentApp) -> None:
    await app.register(launch_uri=None, redirect_uris=["https://app.example.org/cb"])
    await app.asks(redirect_uri="https://app.example.org/cb", scope="openid fhirUser user/*.rs")


async def token_left(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.redeems()


async def credentials_at_the_fhir_server(app: SilentApp) -> None:
    await token_left(app)
    await app.preflights("/general/r4/Patient/p-0001", "GET", "authorization")


async def unreadable_token_response(app: SilentApp) -> None:
    await callback_with_an_error(app)
    await app.redeems(**PAGE, **INCLUDE)


async def moved_clock(app: SilentApp) -> None:
    await app.flow.http.post("/admin/clock", json={"advance": 7200})
    await callback_with_an_error(app)
    await app.redeems()


async def short_token(app: SilentApp) -> None:
    await app.register(token_lifetime=10)
    await app.opens()
    await app.asks()
    await app.redeems()


async def no_patient(app: SilentApp) -> None:
    await app.register()
    launch = await app.flow.http.post("/admin/launches", json={"app": app.app["app_id"]})
    app.launch = launch.json()["launch"]
    await app.asks(scope="launch openid user/Patient.rs")
    await app.redeems()


async def narrower_scopes(app: SilentApp) -> None:
    await app.register(scope="launch openid fhirUser patient/Patient.rs", scope_mode="lenient")
    await app.opens()
    await app.asks()
    await app.redeems()


async def expired_without_refresh(app: SilentApp) -> None:
    await app.register()
    await app.works()
    await app.flow.http.post("/admin/clock", json={"advance": 7200})
    assert (await app.reads()).status_code == 401


async def expired_with_refresh(app: SilentApp) -> None:
    await app.register()
    await app.works(scope="launch online_access patient/Patient.rs")
    await app.flow.http.post("/admin/clock", json={"advance": 7200})
    assert (await app.reads()).status_code == 401


async def revoked(app: SilentApp) -> None:
    await app.register()
    await app.works()
    await app.flow.http.post("/general/oauth/revoke", data={"token": app.token, "client_id": app.app["client_id"]})
    assert (await app.reads()).status_code == 401


async def refused_refresh(app: SilentApp) -> None:
    await app.register()
    await app.works(scope="launch online_access patient/Patient.rs")
    used = app.refresh_token
    assert (await app.refreshes()).status_code == 200
    app.waits(20)
    app.refresh_token = used
    assert (await app.refreshes()).status_code == 400


async def service_token(app: SilentApp) -> None:
    await app.register(**SYSTEM)
    data = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    secret = (app.app["client_id"], app.app["client_secret"])
    answer = await app.flow.http.post("/general/oauth/token", data=data, auth=secret)
    assert answer.status_code == 200, answer.text
    app.token = answer.json()["access_token"]


async def export(app: SilentApp) -> str:
    await service_token(app)
    started = await app.reads("$export?_type=Patient", Accept="application/fhir+json", Prefer="respond-async")
    assert started.status_code == 202, started.text
    return str(started.headers["content-location"])


async def export_never_polled(app: SilentApp) -> None:
    await export(app)


async def export_polled_once(app: SilentApp) -> None:
    status = await app.flow.http.get(await export(app), headers={"Authorization": f"Bearer {app.token}"})
    assert status.status_code == 202


async def export_without_files(app: SilentApp) -> None:
    address = await export(app)
    app.waits(3)
    status = await app.flow.http.get(address, headers={"Authorization": f"Bearer {app.token}"})
    assert status.status_code == 200


SILENCES: list[tuple[Script, str, str]] = [
    (script_without_browser, "discovery", "launch-url-not-opened"),
    (dead_app, "discovery", "launch-uri-no-answer"),
    (app_on_another_machine, "discovery", "iss-unreachable"),
    (openid_document_below_fhir, "discovery", "discovery-address-wrong"),
    (error_after_discovery, "authorize", "authorize-not-sent"),
    (server_stops_after_discovery, "authorize", "authorize-not-sent"),
    (script_launch_then_discovery, "authorize", "authorize-not-sent"),
    (client_that_does_not_follow, "login", "sign-in-page-not-opened"),
    (sign_in_left, "login", "sign-in-page-left"),
    (picker_left, "login", "context-page-left"),
    (consent_left, "login", "consent-page-left"),
    (strict_mode, "login", "sign-in-superseded"),
    (callback_with_an_error, "token", "code-not-redeemed"),
    (credentials_at_the_token_endpoint, "token", "token-preflight-blocked"),
    (start_page_at_the_redirect_uri, "token", "redirect-page-starts-again"),
    (start_page_that_asks_again, "token", "redirect-page-starts-again"),
    (one_page_for_both, "token", "redirect-page-starts-again"),
    (another_host, "token", "redirect-uri-other-origin"),
    (another_port, "token", "redirect-uri-other-origin"),
    (no_state, "token", "state-not-sent"),
    (no_native_app, "token", "redirect-scheme-unhandled"),
    (server_in_a_container, "token", "token-endpoint-unreachable"),
    (token_left, "access", "token-not-used"),
    (credentials_at_the_fhir_server, "access", "fhir-preflight-blocked"),
    (unreadable_token_response, "access", "token-response-unreadable"),
    (moved_clock, "access", "id-token-other-clock"),
    (short_token, "access", "token-lifetime-too-short"),
    (no_patient, "access", "token-without-patient"),
    (narrower_scopes, "access", "token-scopes-narrowed"),
    (expired_without_refresh, "refresh", "expired-token-no-refresh-token"),
    (expired_with_refresh, "refresh", "expired-token-not-refreshed"),
    (revoked, "refresh", "unauthorized-then-silence"),
    (refused_refresh, "launch", "refresh-refused-no-new-launch"),
    (service_token, "access", "token-not-used"),
    (export_never_polled, "export", "export-not-polled"),
    (export_polled_once, "export", "export-polling-stopped"),
    (export_without_files, "export", "export-files-not-fetched"),
]


@pytest.mark.parametrize(("script", "awaited", "cause"), SILENCES, ids=[script.__name__ for script, _, _ in SILENCES])
def test_a_launch_that_stops_names_the_step_and_its_likeliest_cause(
    script: Script, awaited: str, cause: str, tmp_path: Path
) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await script(app)
        app.waits(2)
        early = (await app.launches())[-1]
        assert early["state"] in ("running", "worked"), early
        app.waits(700)
        found = (await app.launches())[-1]
        assert (found["state"], found["waiting_for"]["step"]) == ("stalled", awaited), found
        assert [entry["id"] for entry in found["causes"]][:1] == [cause], found["causes"]
        assert not any("…" in entry["why"] + entry["fix"] for entry in found["causes"])
        page = await flow.http.get(f"/timelines/{found['id']}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert f"/rules/{cause}" in page.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


async def user_reads_for_nine_minutes(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.opens()
    request = await app.shows(await app.asks())
    app.waits(540)
    await app.shows(await app.answers(request, account="okafor"))
    app.waits(540)


@pytest.mark.parametrize(
    ("script", "seconds"),
    [
        (user_reads_for_nine_minutes, 0),
        (dead_app, 15),
        (error_after_discovery, 15),
        (callback_with_an_error, 10),
        (token_left, 20),
    ],
)
def test_a_slow_user_and_a_slow_app_have_time(script: Script, seconds: float, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await script(app)
        app.waits(seconds)
        assert (await app.launches())[-1]["state"] == "running"

    run(steps, tmp_path, patients=FEW_PATIENTS)


PAUSES = [0.0, 8.0, 25.0, 90.0, 580.0]
"""Seconds between two steps, also longer than a step usually takes: the mark goes when it comes after all."""


@pytest.mark.parametrize("pause", PAUSES)
@pytest.mark.parametrize("refresh", [False, True], ids=["reads", "refreshes"])
@pytest.mark.parametrize("browser", [False, True], ids=["server", "page"])
@pytest.mark.parametrize("consent", [False, True], ids=["approved", "asked"])
def test_a_launch_that_works_is_not_called_stalled(
    consent: bool, browser: bool, refresh: bool, pause: float, tmp_path: Path
) -> None:
    """Forty launches: with a user who is asked or not, a page or a server, and at every speed."""

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register(**({"auto_approve": None} if consent else {}))
        headers = PAGE if browser else {}
        await app.opens()
        app.waits(min(pause, 200))
        await app.discovers(**(headers or {"User-Agent": "requests"}))
        app.waits(min(pause, 60))
        scope = "launch openid fhirUser online_access patient/*.rs"
        answer = await app.asks(scope=scope)
        if consent:
            app.waits(min(pause, 25))
            request = await app.shows(answer)
            app.waits(pause)
            await app.shows(await app.answers(request, account="okafor"))
            app.waits(pause)
            await app.answers(request, decision="allow", scope=scope.split())
        app.waits(min(pause, 40))
        if browser:
            await app.preflights("/general/oauth/token", "POST", "content-type")
        await app.redeems(**headers)
        app.waits(pause)
        assert (await app.reads(**headers)).status_code == 200
        if refresh:
            app.waits(4000)
            assert (await app.reads(**headers)).status_code == 401
            assert (await app.refreshes()).status_code == 200
            assert (await app.reads(**headers)).status_code == 200
        app.waits(pause)
        found = await app.launches()
        assert [entry["state"] for entry in found] == ["worked"]
        assert found[0]["causes"] == []
        app.waits(86_000)
        assert [entry["state"] for entry in await app.launches()] == ["worked"]

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_the_mark_goes_when_the_step_comes_after_all(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await callback_with_an_error(app)
        app.waits(40)
        assert (await app.launches())[0]["state"] == "stalled"
        await app.redeems()
        assert (await app.launches())[0]["state"] == "running"
        await app.reads()
        assert (await app.launches())[0] | {"exchanges": []} == {
            "id": (await app.launches())[0]["id"],
            "app": app.app["client_id"],
            "tenant": "general",
            "state": "worked",
            "waiting_for": None,
            "causes": [],
            "exchanges": [],
        }

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_what_it_waits_for_is_said_in_seconds_before_it_is_late(tmp_path: Path) -> None:
    """A test that times out after four seconds reads this in its report."""

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await callback_with_an_error(app)
        app.waits(4)
        waiting = (await app.launches())[0]["waiting_for"]
        assert waiting["step"] == "token"
        assert 4 <= waiting["seconds"] < 8
        assert waiting["text"].startswith("Provider app received the code 4 s ago and hasn’t redeemed it")

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_an_unknown_launch_is_not_found(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        assert (await flow.http.get("/admin/launches/nothing")).status_code == 404
        assert (await flow.http.get("/admin/launches?app=nothing")).status_code == 404
        assert (await flow.http.get("/admin/launches?tenant=nothing")).status_code == 404
        assert (await flow.http.get("/admin/launches")).json() == []

    run(steps, tmp_path, patients=FEW_PATIENTS)


@pytest.mark.parametrize(
    ("status", "first"), [(0, "launch-uri-no-answer"), (404, "launch-uri-no-answer"), (200, "launch-page-silent")]
)
def test_the_button_asks_the_launch_uri(status: int, first: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await dead_app(app)
        app.waits(60)
        id = (await app.launches())[0]["id"]
        page = await flow.http.get(f"/timelines/{id}", headers={"Accept": "text/html"})
        assert f"Ask {HOME}/launch" in page.text
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        app.time.answers = status
        asked = await flow.http.post(f"/timelines/{id}", data={"csrf": csrf}, headers={"Accept": "text/html"})
        assert f"status {status}" in asked.text if status else "All connection attempts failed" in asked.text
        assert asked.text.index(f"/rules/{first}") < asked.text.index("/rules/launch-iss-not-accepted")
        assert ("/rules/launch-uri-no-answer" in asked.text) == (status != 200)
        refused = await flow.http.post(f"/timelines/{id}", data={"csrf": "x"}, headers={"Accept": "text/html"})
        assert refused.status_code == 303

    run(steps, tmp_path, patients=FEW_PATIENTS)


@pytest.mark.parametrize(
    "uri", ["http://localhost:7425/launch", "http://127.0.0.1:7425/launch", "https://app.example.org/launch"]
)
def test_no_button_asks_sickbay_itself_or_another_machine(uri: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register(launch_uri=uri)
        await app.opens()
        app.waits(60)
        id = (await app.launches())[0]["id"]
        page = await flow.http.get(f"/timelines/{id}", headers={"Accept": "text/html"})
        assert "Likely causes" in page.text
        assert f"Ask {uri}" not in page.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


def rows(page: str, kind: str) -> int:
    return page.count(f'class="is-{kind}"')


def test_a_stalled_launch_is_a_row_of_its_own_in_the_lists(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await callback_with_an_error(app)
        html: dict[str, Any] = {"headers": {"Accept": "text/html"}}
        assert rows((await flow.http.get("/exchanges", **html)).text, "stalled") == 0
        app.waits(60)
        listed = (await flow.http.get("/exchanges", **html)).text
        assert rows(listed, "stalled") == 1
        assert "exchanged its authorization code" in listed
        page = (await flow.http.get(f"/developer/apps/{app.app['app_id']}", **html)).text
        assert "Stalled: Provider app hasn’t exchanged its authorization code." in page
        await app.redeems()
        await app.reads()
        assert rows((await flow.http.get("/exchanges", **html)).text, "stalled") == 0

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_an_app_that_was_never_launched_says_so_on_its_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        page = await flow.http.get(f"/developer/apps/{app.app['app_id']}", headers={"Accept": "text/html"})
        assert "Never launched" in page.text

    run(steps, tmp_path, patients=FEW_PATIENTS)
