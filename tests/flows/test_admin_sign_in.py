"""Administration from another machine: what visitors see, the sign-in with the admin token, and where the session counts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.shared_app import SharedApp, open_shared_app

from sickbay.services import sessions
from sickbay.settings.settings import Settings

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
TOKEN, KEY = "a-token-that-somebody-chose", "key-of-the-folder-0123456789"
SIGN_IN = "/developer/sign-in"
PORTAL = (
    "/developer",
    "/developer/register",
    "/developer/hospitals/general",
    "/developer/apps/sample-app-general",
    "/developer/apps/sample-app-general/edit",
    "/exchanges",
    "/general/ehr/launch?app=sample-app-general",
)


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    folder = tmp_path_factory.mktemp("administering")
    with open_shared_app(folder, patients=1, admin_token=TOKEN, admin_key=KEY) as opened:
        yield opened


def visitor(shared_app: SharedApp, peer: str = "10.0.0.7") -> Flow:
    """A browser on another machine."""
    transport = httpx2.ASGITransport(app=shared_app.first.application, client=(peer, 40000))
    return Flow(shared_app.first.sandbox, httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False))


def field(answer: httpx2.Response, name: str = "csrf") -> str:
    match = re.search(rf'name="{name}" value="([^"]+)"', answer.text)
    assert match, answer.text[:500]
    return match[1]


async def sign_in(flow: Flow, token: str = TOKEN, next: str = "", **headers: str) -> httpx2.Response:
    query = {"next": next} if next else {}
    page = await flow.http.get(SIGN_IN, params=query, headers=HTML)
    return await flow.http.post(
        SIGN_IN, params=query, data={"csrf": field(page), "token": token}, headers=HTML | {"Origin": BASE} | headers
    )


@pytest.mark.parametrize("path", PORTAL)
def test_a_visitor_gets_a_link_to_the_sign_in_and_a_script_a_problem(shared_app: SharedApp, path: str) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get(path, headers=HTML)
        assert page.status_code == 403
        assert "<h1>Sign in with the admin token</h1>" in page.text
        assert 'href="/developer/sign-in' in page.text
        assert "SICKBAY_ADMIN_TOKEN" in page.text
        assert TOKEN not in page.text
        script = await flow.http.get(path, headers={"Accept": "application/json"})
        assert (script.status_code, script.headers["content-type"]) == (403, "application/problem+json")
        assert "Authorization: Bearer" in script.json()["detail"]

    shared_app.do(steps, visitor(shared_app))


@pytest.mark.parametrize("path", PORTAL)
def test_the_session_opens_every_page_of_the_portal(shared_app: SharedApp, path: str) -> None:
    async def steps(flow: Flow) -> None:
        assert (await sign_in(flow, KEY if "edit" in path else TOKEN)).headers["location"] == "/developer"
        answer = await flow.http.get(path, headers=HTML | {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"})
        assert answer.status_code in (200, 303), answer.text
        assert "Sign in with the admin token" not in answer.text

    shared_app.do(steps, visitor(shared_app))


def test_the_session_is_not_accepted_by_fhir_oauth_or_admin(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        for headers in ({}, {"Origin": BASE}, {"Sec-Fetch-Site": "same-origin"}, HTML):
            assert (await flow.http.get("/admin/apps", headers=headers)).status_code == 403
            assert (await flow.http.post("/admin/reset", json={}, headers=headers)).status_code == 403
            register = await flow.http.post("/general/oauth/register", json={"redirect_uris": []}, headers=headers)
            assert register.status_code == 401
        assert (await flow.http.get("/general/r4/Patient/p-0001")).status_code == 401
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert (await flow.http.get("/admin/apps", headers=bearer)).status_code == 200
        assert (await flow.http.get("/admin/apps", headers={"Authorization": f"bearer  {KEY} "})).status_code == 200

    shared_app.do(steps, visitor(shared_app))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost:7425"},
        {"Origin": "http://localhost:8100"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
)
def test_a_page_of_another_origin_cannot_use_the_session(shared_app: SharedApp, headers: dict[str, str]) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        form = await flow.http.get("/developer/register", headers=HTML)
        fields = {
            "csrf": field(form),
            "name": "Forged",
            "type": "provider",
            "client": "public",
            "scope": "user/Patient.rs",
            "redirect_uris": "https://evil.example/",
            "id": field(form, "id"),
            "tenant": "general",
        }
        forged = await flow.http.post("/developer/register", data=fields, headers=HTML | headers)
        assert forged.status_code == 403
        launch = await flow.http.get("/general/ehr/launch?app=sample-app-general", headers=HTML | headers)
        assert launch.status_code == 403
        own = await flow.http.post("/developer/register", data=fields, headers=HTML | {"Origin": BASE})
        assert own.status_code in (201, 303), own.text
        await flow.http.delete("/admin/apps/Forged", headers={"Authorization": f"Bearer {KEY}"})

    shared_app.do(steps, visitor(shared_app))


def test_a_launch_by_session_must_come_from_our_own_page(shared_app: SharedApp) -> None:
    """Over plain http a browser may send neither Origin nor Sec-Fetch-Site with a GET."""

    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        path = "/general/ehr/launch?app=sample-app-general"
        for headers in ({}, {"Referer": "http://evil.example/"}, {"Referer": "http://localhost:8100/"}):
            assert (await flow.http.get(path, headers=HTML | headers)).status_code == 403
        for headers in (
            {"Referer": f"{BASE}/developer"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "same-origin"},
        ):
            assert (await flow.http.get(path, headers=HTML | headers)).status_code == 303

    shared_app.do(steps, visitor(shared_app))


def test_a_wrong_token_is_refused_without_a_cookie_that_opens_anything(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        for token in ("", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é", "\ud83d"[:0] + "x" * 5000):
            answer = await sign_in(flow, token)
            assert answer.status_code == 401
            assert "This isn’t the admin token." in answer.text
            assert (await flow.http.get("/developer", headers=HTML)).status_code == 403

    shared_app.do(steps, visitor(shared_app, "10.0.0.20"))


def test_guesses_are_throttled_but_the_right_token_is_accepted(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        wrong = {"Authorization": "Bearer guess"}
        response = [(await flow.http.get("/admin/apps", headers=wrong)).status_code for _ in range(12)]
        assert response == [403] * 10 + [429] * 2
        for path in ("/admin/apps", "/developer", "/general/ehr/launch?app=x", "/exchanges"):
            for accept in ("application/json", "text/html"):
                answer = await flow.http.get(path, headers=wrong | {"Accept": accept})
                assert answer.status_code == 429
                assert 0 < int(answer.headers["retry-after"]) <= 60
        registering = await flow.http.post("/general/oauth/register", json={}, headers=wrong)
        assert (registering.status_code, "retry-after" in registering.headers) == (429, True)
        form = await sign_in(flow, "guess")
        assert (form.status_code, "retry-after" in form.headers) == (429, True)
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert (await flow.http.get("/admin/apps", headers=right)).status_code == 200
        assert (await sign_in(flow)).status_code == 303
        other = visitor(shared_app, "10.0.0.31")
        assert (await other.http.get("/admin/apps", headers=wrong)).status_code == 403

    shared_app.do(steps, visitor(shared_app, "10.0.0.30"))


def test_the_form_is_throttled_too_and_counts_once_per_request(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        statuses = [(await sign_in(flow, "guess")).status_code for _ in range(12)]
        assert statuses == [401] * 10 + [429] * 2

    shared_app.do(steps, visitor(shared_app, "10.0.0.40"))
    shared_app.do(steps, visitor(shared_app, "2001:db8:1:2::3"))

    async def from_the_same_network(flow: Flow) -> None:
        assert (await sign_in(flow, "guess")).status_code == 429

    shared_app.do(from_the_same_network, visitor(shared_app, "2001:db8:1:2:ffff::9"))


@pytest.mark.parametrize(
    ("next", "to"),
    [
        ("/exchanges?app=x", "/exchanges?app=x"),
        ("/developer/apps/a", "/developer/apps/a"),
        ("/", "/"),
        ("", "/developer"),
        ("/timelines/x", "/timelines/x"),
        ("/general/ehr", "/developer"),
        ("/admin/apps", "/developer"),
        ("//evil.example", "/developer"),
        ("/\\evil.example", "/developer"),
        ("https://evil.example/", "/developer"),
        ("/\t/evil.example", "/developer"),
        ("/\n/evil.example", "/developer"),
        ("javascript:alert(1)", "/developer"),
        ("\\/evil.example", "/developer"),
        (" //evil.example", "/developer"),
        ("evil.example", "/developer"),
        ("/developer\r\nset-cookie: a=b", "/developer"),
        ("/developer/sign-in?next=x", "/developer"),
        ("/%2f/evil.example", "/developer"),
        ("/é", "/developer"),
    ],
)
def test_the_sign_in_redirects_only_to_pages_of_the_portal(shared_app: SharedApp, next: str, to: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await sign_in(flow, next=next)
        assert (answer.status_code, answer.headers["location"]) == (303, to)
        again = await flow.http.get(SIGN_IN, params={"next": next}, headers=HTML)
        assert (again.status_code, again.headers["location"]) == (303, to)

    shared_app.do(steps, visitor(shared_app))


def test_a_form_of_another_origin_or_without_csrf_token_does_not_sign_in(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        assert (await sign_in(flow, Origin="http://evil.example")).status_code == 403
        answer = await flow.http.post(SIGN_IN, data={"token": TOKEN}, headers=HTML)
        assert (answer.status_code, "open for too long" in answer.text) == (403, True)
        del flow.http.headers["cookie"]
        answer = await flow.http.post(SIGN_IN, data={"token": TOKEN}, headers=HTML)
        assert (answer.status_code, "Your browser sent no cookie of Sickbay." in answer.text) == (403, True)
        assert (await flow.http.get("/developer", headers=HTML)).status_code == 403

    shared_app.do(steps, visitor(shared_app))


def test_signing_out_ends_the_session_and_earlier_cookies_are_invalid(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await flow.http.get(SIGN_IN, headers=HTML)
        before = dict(flow.cookies)
        await sign_in(flow)
        assert before.keys() == flow.cookies.keys()
        page = await flow.http.get("/developer", headers=HTML)
        assert "Sign out as administrator" in page.text
        thief = visitor(shared_app)
        thief.http.headers["cookie"] = "; ".join("=".join(item) for item in before.items())
        assert (await thief.http.get("/developer", headers=HTML)).status_code == 403
        forged = await flow.http.post("/developer/sign-out", data={"csrf": "guess"})
        assert (forged.status_code, (await flow.http.get("/developer", headers=HTML)).status_code) == (303, 200)
        await flow.http.post("/developer/sign-out", data={"csrf": field(page)})
        assert (await flow.http.get("/developer", headers=HTML)).status_code == 403

    shared_app.do(steps, visitor(shared_app))


def test_the_session_survives_a_hospital_sign_in_and_ends_after_12_hours(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
        form = {"csrf": field(page), "username": "okafor", "password": "sickbay"}
        assert (await flow.http.post("/general/ehr/sign-in", data=form)).status_code == 303
        assert (await flow.http.get("/developer", headers=HTML)).status_code == 200
        effects: Any = flow.sandbox.runtime.effects
        for later, status in ((sessions.ADMIN_LIFETIME - 5, 200), (sessions.ADMIN_LIFETIME, 403)):
            effects.offset = later
            try:
                assert (await flow.http.get("/developer", headers=HTML)).status_code == status
            finally:
                effects.offset = 0

    shared_app.do(steps, visitor(shared_app))


@pytest.mark.parametrize("body", [{}, {"everything": True}])
def test_the_session_outlives_a_reset_without_its_hospitals_and_no_longer_than_12_hours(
    body: dict[str, Any], shared_app: SharedApp
) -> None:
    """Also if the clock was moved into the future when it began."""

    async def steps(flow: Flow) -> None:
        administers = {"Authorization": f"Bearer {TOKEN}"}
        await flow.http.post("/admin/clock", json={"advance": 30 * 86_400}, headers=administers)
        assert (await sign_in(flow)).status_code == 303
        page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
        form = {"csrf": field(page), "username": "okafor", "password": "sickbay"}
        assert (await flow.http.post("/general/ehr/sign-in", data=form, headers=HTML)).status_code == 303
        assert (await flow.http.get("/general/ehr", headers=HTML)).status_code == 200
        await flow.http.post("/admin/reset", json=body, headers=administers)
        assert (await flow.http.get("/developer", headers=HTML)).status_code == 200
        assert (await flow.http.get("/general/ehr", headers=HTML)).status_code == 303
        await flow.http.post("/admin/clock", json={"advance": 12 * 3600 + 1}, headers=administers)
        assert (await flow.http.get("/developer", headers=HTML)).status_code == 403
        await flow.http.post("/admin/reset", json={}, headers=administers)
        assert (await flow.http.get("/developer", headers=HTML)).status_code == 403, "a session that has ended doesn't return"

    shared_app.do(steps, visitor(shared_app))


def test_a_new_admin_token_ends_the_sessions_of_the_old_one(tmp_path: Path) -> None:
    cookies: dict[str, str] = {}

    async def begin(flow: Flow) -> None:
        await sign_in(flow)
        cookies.update(flow.cookies)

    async def status(flow: Flow) -> int:
        flow.http.headers["cookie"] = "; ".join("=".join(cookie) for cookie in cookies.items())
        return (await flow.http.get("/developer", headers=HTML)).status_code

    settings: dict[str, Any] = {"require_admin_token": True, "patients": 1, "admin_key": KEY}
    run(begin, tmp_path, admin_token=TOKEN, **settings)
    assert run(status, tmp_path, admin_token=TOKEN, **settings) == 200
    assert run(status, tmp_path, admin_token=TOKEN + "2", **settings) == 403
    assert run(status, tmp_path, admin_token=None, **settings) == 403


def test_the_keyboard_needs_no_session_unless_a_token_is_required(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> tuple[int, int, int]:
        responses = [await flow.http.get(path, headers=HTML) for path in ("/developer", SIGN_IN)]
        return (responses[0].status_code, responses[1].status_code, (await flow.http.get("/admin/apps")).status_code)

    assert run(steps, tmp_path / "a", patients=1) == (200, 303, 200)
    assert run(steps, tmp_path / "b", patients=1, require_admin_token=True, admin_key=KEY) == (403, 200, 403)
    assert run(steps, tmp_path / "c", patients=1, base_url="http://ehr.example.org:7425", admin_key=KEY) == (
        403,
        200,
        403,
    )


def test_no_token_is_in_the_repr_of_settings_or_in_the_database(tmp_path: Path) -> None:
    assert TOKEN not in repr(Settings(admin_token=TOKEN, admin_key=KEY))
    assert KEY not in repr(Settings(admin_token=TOKEN, admin_key=KEY))

    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        await flow.http.get("/exchanges", headers={"Authorization": f"Bearer {TOKEN}"})
        await flow.http.post("/general/oauth/register", json={}, headers={"Authorization": f"Bearer {TOKEN}"})
        await flow.sandbox.journal.flush()

    run(steps, tmp_path, patients=1, admin_token=TOKEN, require_admin_token=True)
    stored_bytes = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN.encode() not in stored_bytes


def test_two_host_headers_a_malformed_one_and_none_are_refused(shared_app: SharedApp) -> None:
    async def ask(*hosts: bytes) -> int:
        answers: list[Any] = []

        async def send(message: Any) -> None:
            answers.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/healthz",
            "raw_path": b"/healthz",
            "query_string": b"",
            "headers": [(b"host", host) for host in hosts],
            "client": ("127.0.0.1", 1),
            "http_version": "1.1",
        }
        await shared_app.first.application(scope, None, send)
        return int(answers[0]["status"])

    async def steps(flow: Flow) -> list[int]:
        return await asyncio.gather(
            ask(b"localhost:7425"),
            ask(b"localhost:7425", b"localhost:7425"),
            ask(b"localhost:7425", b"evil.example"),
            ask(b"evil.example", b"localhost:7425"),
            ask(b"localhost, evil.example"),
            ask(b"evil@localhost"),
            ask(b"localhost/x"),
            ask(b"localhost:x"),
            ask(b""),
            ask(),
        )

    assert shared_app.do(steps) == [200, *[400] * 9]
