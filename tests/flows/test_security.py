"""Attacks: redirects, forged forms, session fixation, frames, echoed input, and data left on the disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, REDIRECT, STATE, VERIFIER, Flow, receive
from tests.flows.shared_app import SharedApp, open_shared_app

HTML = {"Accept": "text/html"}
EVIL = "http://evil.example"


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("security")) as opened:
        yield opened


def field(answer: httpx2.Response, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]+)"', answer.text)
    assert match, answer.text[:500]
    return match[1]


async def sign_in(flow: Flow, **headers: str) -> httpx2.Response:
    page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
    form = {"csrf": field(page, "csrf"), "account": await flow.clinician()}
    return await flow.http.post("/general/ehr/sign-in", data=form, headers=headers)


ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "/general/ehr@evil.example",
    "/general/ehr.evil.example",
    "general/ehr",
    "http:evil.example",
    "/general/ehr\r\nX-Injected: 1",
)


@pytest.mark.parametrize("to", ELSEWHERE)
def test_our_pages_have_no_open_redirect(shared_app: SharedApp, to: str) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get("/general/ehr/sign-in", params={"next": to}, headers=HTML)
        csrf = field(page, "csrf")
        theme = await flow.http.post("/theme", data={"csrf": csrf, "theme": "dark", "back": to})
        form = {"csrf": csrf, "account": await flow.clinician()}
        signed = await flow.http.post("/general/ehr/sign-in", params={"next": to}, data=form)
        for answer in (theme, signed):
            address = answer.headers["location"]
            assert answer.status_code == 303
            assert re.match(r"/(?![/\\\s])", address), address
            assert "x-injected" not in answer.headers
        assert signed.headers["location"] == "/general/ehr"

    shared_app.do(steps, shared_app.flow())


@pytest.mark.parametrize("forged", ["no token", "wrong token", "foreign origin", "null origin"])
def test_a_forged_form_changes_nothing(shared_app: SharedApp, forged: str) -> None:
    """Every form, sent with the browser's cookie from a page of another origin."""

    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        day = await flow.http.get("/general/ehr", headers=HTML)
        csrf = field(day, "csrf")
        headers = {"foreign origin": {"Origin": EVIL}, "null origin": {"Origin": "null"}}.get(forged, {})
        token = {"no token": {}, "wrong token": {"csrf": csrf[:-1] + ("A" if csrf[-1] != "A" else "B")}}.get(
            forged, {"csrf": csrf}
        )

        async def send(path: str, **fields: Any) -> httpx2.Response:
            return await flow.http.post(path, data=token | fields, headers=headers)

        app = await flow.register(auto_approve=None)
        apps = len((await flow.http.get("/admin/apps")).json())
        theme = await send("/theme", theme="dark", back="/")
        assert "set-cookie" not in theme.headers
        await send("/general/ehr/sign-out")
        assert (await flow.http.get("/general/ehr", headers=HTML)).status_code == 200
        await send(
            "/developer/register",
            name="Forged",
            tenant="general",
            type="provider",
            client="public",
            redirect_uris=REDIRECT,
        )
        await send(f"/developer/apps/{app['app_id']}/remove")
        assert len((await flow.http.get("/admin/apps")).json()) == apps
        assert (await flow.http.get(f"/admin/apps/{app['app_id']}")).status_code == 200
        address = (await flow.authorize(app, launch=(await flow.launch(app))["launch"])).headers["location"]
        consent = await flow.http.get(address, headers=HTML)
        scopes = re.findall(r'name="scope" value="([^"]+)"', consent.text)
        request = field(consent, "request")
        refused = await send("/general/oauth/continue", request=request, decision="allow", scope=scopes)
        assert refused.headers["location"] == address  # the question again, and no response to the app
        form = {"csrf": field(consent, "csrf"), "request": request, "decision": "allow", "scope": scopes}
        allowed = await flow.http.post("/general/oauth/continue", data=form, headers={"Origin": BASE})
        assert allowed.status_code == 303
        assert receive(allowed)["state"] == STATE

    shared_app.do(steps, shared_app.flow())


def test_another_browser_cannot_answer_an_authorization(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        address = (await flow.authorize(app, launch=(await flow.launch(app))["launch"])).headers["location"]
        other = shared_app.flow()
        await sign_in(other)
        page = await other.http.get(address, headers=HTML)
        assert 'name="scope"' not in page.text
        csrf = field(await other.http.get("/general/ehr", headers=HTML), "csrf")
        form = {"csrf": csrf, "request": address.rpartition("=")[2], "decision": "allow", "scope": "launch"}
        answer = await other.http.post("/general/oauth/continue", data=form)
        assert "location" not in answer.headers

    shared_app.do(steps, shared_app.flow())


def test_a_session_from_before_the_sign_in_is_invalid_afterwards(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        flow.http.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        await flow.http.get("/general/ehr/sign-in", headers=HTML)
        ((name, before),) = flow.cookies.items()
        signed = await sign_in(flow)
        assert flow.cookies[name] != before
        flags = signed.headers["set-cookie"].lower()
        assert all(flag in flags for flag in ("httponly", "secure", "samesite=none", "path=/"))
        assert "domain=" not in flags
        thief = shared_app.flow()
        thief.http.headers["cookie"] = f"{name}={before}"
        assert (await thief.http.get("/general/ehr", headers=HTML)).status_code == 303

    shared_app.do(steps, shared_app.flow())


def test_a_signed_out_cookie_opens_nothing(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        csrf = field(await flow.http.get("/general/ehr", headers=HTML), "csrf")
        await flow.http.post("/general/ehr/sign-out", data={"csrf": csrf})
        for path in ("/general/ehr", "/general/ehr/patients/p-0001"):
            assert (await flow.http.get(path, headers=HTML)).status_code == 303

    shared_app.do(steps, shared_app.flow())


PAGES = (
    "/",
    "/developer",
    "/developer/register",
    "/doctor",
    "/rules",
    "/exchanges",
    "/general/ehr",
    "/general/ehr/patients",
    "/general/ehr/patients/p-0017",
    "/general/ehr/patients/nobody",
    "/general/ehr/sign-in",
    "/nowhere",
    "/exchanges/none",
    "/rules/aud-missing",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_cannot_be_framed_or_cached_and_load_nothing_external(shared_app: SharedApp, path: str) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        answer = await flow.http.get(path, headers=HTML)
        policy = dict(
            directive.strip().partition(" ")[::2] for directive in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["base-uri"] == "'none'"
        assert "*" not in policy["frame-ancestors"]
        assert "http://localhost:8100" not in policy["frame-ancestors"]
        assert ("'none'" in policy["frame-ancestors"]) is ("sign-in" not in path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")
        assert not re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//(?!localhost:7425)', answer.text)
        assert not re.findall(r"<[^>]+ (?:on[a-z]+|style)=", answer.text)
        assert "<script>" not in answer.text

    shared_app.do(steps, shared_app.flow())


PAYLOADS = (
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</script><script>alert(1)</script>",
    "{{7*191}}",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_request_values_are_never_markup(shared_app: SharedApp, payload: str) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None, name=payload)
        parameters = flow.asking(app)
        csrf = field(await flow.http.get("/doctor", headers=HTML), "csrf")
        get: list[tuple[str, dict[str, str]]] = [
            ("/general/oauth/authorize", parameters | {"client_id": payload}),
            (
                "/general/oauth/authorize",
                parameters | {"redirect_uri": payload, "state": payload, "scope": payload, payload: payload},
            ),
            ("/general/ehr/patients", {"q": payload}),
            ("/general/ehr/sign-in", {"next": payload}),
            ("/exchanges", {"id": payload}),
            ("/rules", {"q": payload}),
            ("/" + payload, {}),
            ("/rules/" + payload, {}),
            ("/general/ehr/patients/" + payload, {}),
            ("/exchanges/" + payload, {}),
            ("/timelines/" + payload, {}),
            (f"/developer/apps/{app['app_id']}", {}),
            ("/developer", {}),
            ("/general/oauth/continue", {"request": payload}),
            ("/general/ehr/patients/p-0001", {"app": payload}),
        ]
        answers = [await flow.http.get(path, params=query, headers=HTML) for path, query in get]
        for path in ("/doctor", "/general/ehr/sign-in"):
            form = {"csrf": csrf, "input": f"{BASE}/general/oauth/authorize?client_id={payload}", "username": payload}
            answers.append(await flow.http.post(path, data=form, headers=HTML))
        refused = await flow.http.get(
            "/general/r4/Patient",
            params={"name": payload, payload: payload},
            headers={"Authorization": f"Bearer {payload}", "User-Agent": payload, "Prefer": payload},
        )
        for response in [refused, *answers[:2]]:
            answers.append(await flow.http.get("/exchanges/" + response.headers["x-correlation-id"], headers=HTML))
        for answer in answers:
            assert answer.status_code < 500
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert "<" not in payload or payload not in answer.text
                assert "1337" not in answer.text.replace(STATE, "")

    shared_app.do(steps, shared_app.flow())


def test_the_host_header_never_becomes_part_of_a_url(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        forwarded = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Forwarded-Proto": "https"}
        for path in ("/general/r4/.well-known/smart-configuration", "/general/r4/metadata", "/", "/general/ehr"):
            answer = await flow.http.get(path, headers=forwarded)
            assert "evil.example" not in answer.text + str(answer.headers)
        for host in ("evil.example", "localhost.evil.example", "evil.example:7425", "127.0.0.2", "[::2]:7425"):
            answer = await flow.http.get("/general/r4/metadata", headers={"Host": host})
            assert answer.status_code == 421, host
        for host in (
            "",
            "localhost:7425@evil.example",
            "localhost:7425/",
            "localhost:x",
            "http://localhost",
            "localhost,localhost",
        ):
            answer = await flow.http.get("/general/r4/metadata", headers={"Host": host})
            assert answer.status_code == 400, host
            assert "Host header" in answer.text

    shared_app.do(steps, shared_app.flow())


@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/plain"])
def test_the_public_view_of_a_refusal_contains_no_registered_values(shared_app: SharedApp, accept: str) -> None:
    async def steps(flow: Flow) -> None:
        secret = "https://unannounced.example/callback"
        app = await flow.register(auto_approve=None, redirect_uris=[secret], launch_uri="https://unannounced.example/launch")
        for sent in (REDIRECT, secret + "/", "https://unannounced.examp1e/callback", secret.upper()):
            answer = await flow.authorize(app, redirect_uri=sent)
            assert answer.status_code == 400
            address = "/exchanges/" + answer.headers["x-correlation-id"]
            owner = await flow.http.get(address, headers={"Accept": accept})
            assert secret in owner.text
            for stranger in ({"Origin": EVIL}, {"Sec-Fetch-Site": "cross-site"}, {"X-Forwarded-For": "10.1.1.1"}):
                exchange = (await flow.http.get(address, headers={"Accept": accept} | stranger)).text
                for form in (sent, sent.replace(":", "%3A").replace("/", "%2F")):
                    exchange = exchange.replace(form, "")
                assert "unannounced.example" not in exchange.lower()
        name = (await flow.authorize(app, client_id=app["client_id"][:-1])).headers["x-correlation-id"]
        exchange = (await flow.http.get(f"/exchanges/{name}", headers={"Accept": accept, "Origin": EVIL})).text
        assert app["client_id"] not in exchange

    shared_app.do(steps, shared_app.flow())


async def by_password(flow: Flow) -> None:
    """Sign in as a nurse who first mistypes the password."""
    created = await flow.http.post(
        "/admin/users",
        json={
            "tenant": "general",
            "username": "nurse",
            "password": "Correct-Horse-7",
            "fhirUser": "Practitioner/x",
            "patients": "*",
        },
    )
    assert created.status_code == 201, created.text
    page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
    wrong = {"csrf": field(page, "csrf"), "username": "nurse", "password": "Wrong-Horse-7-Typed"}
    await flow.http.post("/general/ehr/sign-in", data=wrong)
    await flow.http.post("/general/ehr/sign-in", data=wrong | {"password": "Correct-Horse-7"})


async def read_with(flow: Flow, token: str) -> None:
    """Reads and searches with secrets in URLs and headers where they don't belong."""
    bearer = {"Authorization": f"Bearer {token}"}
    for path in (
        "/Patient/p-0001",
        "/Observation?patient=p-0001&code=718-7",
        "/Patient?name=Clandestine-Name",
        "/Patient/p-0002",
    ):
        await flow.http.get("/general/r4" + path, headers=bearer)
    await flow.http.get("/general/r4/Patient", params={"access_token": token})
    await flow.http.get("/general/r4/Patient/p-0001", headers={"Authorization": "Bearer Made-Up-Token-0123"})


def test_no_secret_or_patient_data_is_where_it_does_not_belong(tmp_path: Path) -> None:
    """Search every byte of the data folder and the terminal output for the secrets of a complete run."""
    folder, lines, secrets = tmp_path / "data", list[str](), dict[str, str]()

    async def walk(flow: Flow) -> None:
        flow.sandbox.runtime.on_exchange = lambda line: lines.append(str(line))
        await by_password(flow)
        app = await flow.register(client="symmetric")
        launch = (await flow.launch(app))["launch"]
        code = receive(await flow.authorize(app, launch=launch))["code"]
        tokens = (await flow.redeem(app, code, client_secret=app["client_secret"])).json()
        await flow.redeem(app, code, client_secret="Wrong-Secret-Sent")
        form = {"grant_type": "refresh_token", "client_id": app["client_id"], "client_secret": app["client_secret"]}
        code = receive(
            await flow.authorize(
                app, scope="launch openid online_access patient/*.rs", launch=(await flow.launch(app))["launch"]
            )
        )["code"]
        more = (await flow.redeem(app, code, client_secret=app["client_secret"])).json()
        again = (await flow.http.post("/general/oauth/token", data=form | {"refresh_token": more["refresh_token"]})).json()
        secrets.update(
            {
                "password": "Correct-Horse-7",
                "wrong password": "Wrong-Horse-7-Typed",
                "client secret": app["client_secret"],
                "wrong secret": "Wrong-Secret-Sent",
                "launch": launch,
                "code": code,
                "verifier": VERIFIER,
                "session": next(iter(flow.cookies.values())),
                **{f"given {name}": tokens[name] for name in ("access_token", "id_token")},
                "refresh": more["refresh_token"],
                "refreshed": again["refresh_token"],
                "access": again["access_token"],
            }
        )
        await read_with(flow, again["access_token"])
        secrets["made up"] = "Made-Up-Token-0123"
        records = await flow.sandbox.runtime.store.find("exchange", limit=1000)
        await flow.sandbox.journal.flush()
        records = await flow.sandbox.runtime.store.find("exchange", limit=1000)
        assert len(records) > 8
        assert not [
            exchange
            for exchange in records
            if b'"birthDate"' in exchange.value or b'\\"resourceType\\":\\"Patient' in exchange.value
        ]

    with open_shared_app(folder) as shared_app:
        shared_app.do(walk)
        stored_bytes = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    assert len(stored_bytes) > 100_000
    left = [name for name, secret in secrets.items() if secret.encode() in stored_bytes]
    assert not left
    shown = "\n".join(lines)
    assert lines
    assert not [name for name, secret in secrets.items() if secret in shown]
    assert not re.search(r"p-000\d|Clandestine|718-7", shown)
