"""Client ID metadata documents over HTTP: what is fetched, for whom and how often, and what the client may do then."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.flows.flow import BASE, VERIFIER, Flow, run
from tests.flows.test_consent_by_http import submit
from tests.flows.test_ehr_by_http import HTML, sign_in

from sickbay.authorization.client_document import MAXIMUM_BYTES
from sickbay.kernel.effects import SystemEffects
from sickbay.kernel.outbound import Fetched, NotPublic, TooLong, Unreachable
from sickbay.services.fetched_documents import FETCHES_PER_ADDRESS, FETCHES_PER_HOST, FETCHES_PER_MINUTE

URL = "https://agent.example.com/oauth/client.json"
LOCAL = "http://localhost:9321/client.json"
REDIRECT = "http://localhost:51234/callback"
DOCUMENT: dict[str, Any] = {
    "client_name": "An agent",
    "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback", "https://agent.example.com/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}
SCOPE = "launch/patient patient/Observation.rs offline_access"
JSON = {"Accept": "application/json"}
EXAMPLE = Callable[[Flow, "Documents"], Coroutine[Any, Any, None]]


class Documents(SystemEffects):
    """Effects whose network has only these documents, and whose real time stays within one minute."""

    __slots__ = ("arrivals", "documents", "fetched")

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, Fetched | Exception] = {}
        self.fetched: list[tuple[str, bool, int]] = []
        self.arrivals = 1_800_000_000_000_000

    def arrival(self) -> int:
        self.arrivals += 1
        return self.arrivals

    def serve(self, url: str, *, status: int = 200, type: str = "application/json", cache: str = "", **members: Any) -> None:
        body = json.dumps({"client_id": url, **DOCUMENT, **members}).encode()
        self.documents[url] = Fetched(status, {"content-type": type} | ({"cache-control": cache} if cache else {}), body)

    async def fetch(self, url: str, *, loopback: bool = False, page: bool = False, limit: int = 0) -> Fetched:
        self.fetched.append((url, loopback, limit))
        found = self.documents.get(url, Unreachable("nothing is there"))
        if isinstance(found, Exception):
            raise found
        return found


def try_out(tmp_path: Path, example: EXAMPLE, **settings: Any) -> None:
    async def steps(flow: Flow) -> None:
        documents = Documents()
        flow.sandbox.runtime.effects = documents
        await example(flow, documents)

    run(steps, tmp_path, **settings)


async def ask(flow: Flow, client_id: str = URL, headers: dict[str, str] | None = None, **more: str | None) -> Any:
    parameters = {"aud": None, "resource": f"{BASE}/general/r4", "scope": SCOPE, "redirect_uri": REDIRECT}
    sent = flow.asking({"client_id": client_id}, **parameters | more)
    return await flow.http.get("/general/oauth/authorize", params=sent, headers=headers or {})


async def finding(flow: Flow, answer: Any) -> str:
    return next(iter(await flow.findings(answer)), "")


def test_an_agent_that_was_never_registered_gets_a_token(tmp_path: Path) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        documents.serve(URL)
        discovery = (await flow.http.get("/.well-known/oauth-authorization-server/general")).json()
        assert discovery["client_id_metadata_document_supported"]
        await sign_in(flow)
        token, page = await consent(flow)
        assert "agent.example.com" in page
        assert "localhost:51234" in page
        assert documents.fetched == [(URL, False, MAXIMUM_BYTES)]
        search = "/general/r4/Observation?category=vital-signs"
        answer = await flow.http.get(search, headers={"Authorization": f"Bearer {token['access_token']}"})
        assert answer.status_code == 200
        form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"], "client_id": URL}
        assert (await flow.http.post("/general/oauth/token", data=form)).status_code == 200
        assert next(app["client_id"] for app in (await flow.http.get("/admin/apps")).json()) == URL

    try_out(tmp_path, example)


async def consent(flow: Flow, *, scope: str = SCOPE, redirect_uri: str = REDIRECT) -> tuple[dict[str, Any], str]:
    """Opens the request, chooses a patient if asked to, and consents. Returns the token response and the consent page."""
    answer = await ask(flow, scope=scope, redirect_uri=redirect_uri)
    page = await flow.http.get(answer.headers["location"], headers=HTML)
    if "patient/" in scope:
        await submit(flow, page, patient="p-0017", decision="open")
        page = await flow.http.get(answer.headers["location"], headers=HTML)
    done = await submit(flow, page, scope=scope.split(), decision="allow")
    code = parse_qs(urlsplit(done.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "client_id": URL}
    return dict((await flow.http.post("/general/oauth/token", data=form | {"code_verifier": VERIFIER})).json()), page.text


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        ({}, ""),
        ({"type": "application/client+json; charset=utf-8"}, ""),
        ({"status": 302}, "mcp-cimd-unreachable"),
        ({"status": 404}, "mcp-cimd-unreachable"),
        ({"type": "text/html"}, "mcp-cimd-media-type"),
        ({"type": "application/json-seq"}, "mcp-cimd-media-type"),
        ({"client_id": f"{URL}?"}, "mcp-cimd-id-differs"),
        ({"client_id": None}, "mcp-cimd-invalid"),
        ({"client_secret": "x"}, "mcp-cimd-secret"),
        ({"client_secret_expires_at": 0}, "mcp-cimd-secret"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "mcp-cimd-secret"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "mcp-cimd-invalid"),
        ({"client_name": ""}, "mcp-cimd-invalid"),
        ({"redirect_uris": []}, "mcp-cimd-invalid"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "mcp-cimd-invalid"),
        ({"redirect_uris": ["http://agent.example.com/callback"]}, "mcp-cimd-invalid"),
        ({"redirect_uris": "http://localhost/callback"}, "mcp-cimd-invalid"),
        ({"logo_uri": "javascript:alert(1)"}, "mcp-cimd-invalid"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "mcp-cimd-invalid"),
        ({"name": "x" * MAXIMUM_BYTES}, "mcp-cimd-too-big"),
    ],
)
def test_a_document_is_used_only_if_it_is_right(tmp_path: Path, served: dict[str, Any], expected: str) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        documents.serve(URL, **served)
        answer = await ask(flow)
        if not expected:
            assert answer.status_code == 303
            return
        assert (answer.status_code, await finding(flow, answer)) == (400, expected)
        assert "location" not in answer.headers
        assert URL not in (await flow.http.get("/admin/apps")).text
        assert await finding(flow, await ask(flow)) == expected
        assert len(documents.fetched) == 2

    try_out(tmp_path, example)


@pytest.mark.parametrize("error", [Unreachable("an address inside a private network"), TooLong("too long")])
def test_an_unreachable_document_is_named(tmp_path: Path, error: Exception) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        documents.documents[URL] = error
        expected = "mcp-cimd-too-big" if isinstance(error, TooLong) else "mcp-cimd-unreachable"
        assert await finding(flow, await ask(flow)) == expected

    try_out(tmp_path, example)


def test_a_refusal_does_not_say_whether_a_name_exists_in_a_private_network(tmp_path: Path) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        pages = []
        for error in ("the name a.internal has no address", "a.internal has an address inside a private network"):
            documents.documents["https://a.internal/c"] = NotPublic(error)
            answer = await ask(flow, "https://a.internal/c")
            pages.append(
                (await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=JSON)).json()["findings"]
            )
        assert pages[0] == pages[1]
        assert "no public address" in pages[0][0]["title"]

    try_out(tmp_path, example)


@pytest.mark.parametrize(
    "url",
    [
        "http://agent.example.com/client.json",
        "https://agent.example.com",
        "https://agent.example.com/",
        "https://agent.example.com/a/../client.json",
        "https://agent.example.com/%2e%2E/client.json",
        "https://agent.example.com/./client.json",
        "https://agent.example.com/client.json#x",
        "https://user@agent.example.com/client.json",
        "https://user:password@agent.example.com/client.json",
        "https://agent.example.com\\@localhost/client.json",
        "https://agent.example.com:99999/client.json",
        "https:///client.json",
        "https:agent.example.com/client.json",
        "http://127.0.0.1.nip.example/client.json",
        "http://[::ffff:127.0.0.1]/client.json",
        "http://2130706433/client.json",
        "http://0x7f.1/client.json",
        "HTTP://169.254.169.254/latest/meta-data",
        f"https://agent.example.com/{'x' * 2000}",
    ],
)
def test_a_url_that_no_document_may_have_is_never_fetched(tmp_path: Path, url: str) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        answer = await ask(flow, url)
        assert (answer.status_code, documents.fetched) == (400, [])
        assert await finding(flow, answer) == "mcp-cimd-url-invalid"

    try_out(tmp_path, example)


@pytest.mark.parametrize(
    ("headers", "https", "local"),
    [
        ({}, True, True),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}, True, True),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}, True, False),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}, False, False),
        ({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"}, False, False),
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}, False, False),
        ({"X-Forwarded-For": "203.0.113.9"}, True, False),
    ],
)
def test_who_may_cause_a_fetch(tmp_path: Path, headers: dict[str, str], https: bool, local: bool) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        for url, allowed in ((URL, https), (LOCAL, local)):
            documents.serve(url)
            documents.fetched.clear()
            answer = await ask(flow, url, headers)
            assert bool(documents.fetched) is allowed, url
            assert (await finding(flow, answer) == "mcp-cimd-not-fetched") is not allowed

    try_out(tmp_path, example)


@pytest.mark.parametrize(
    "url", [f"{BASE}/general/oauth/register", f"{BASE}/metrics", "http://127.0.0.1:7425/x", "http://[::1]:7426/x"]
)
def test_sickbay_never_fetches_from_itself(tmp_path: Path, url: str) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        assert await finding(flow, await ask(flow, url)) == "mcp-cimd-not-fetched"
        assert documents.fetched == []

    try_out(tmp_path, example)


@pytest.mark.parametrize(
    ("urls", "limit"),
    [
        ([f"https://host{number}.example.com/c" for number in range(30)], FETCHES_PER_ADDRESS),
        ([f"https://agent.example.com/{number}" for number in range(30)], FETCHES_PER_HOST),
    ],
)
def test_the_number_of_fetches_is_limited(tmp_path: Path, urls: list[str], limit: int) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        answers = [await ask(flow, url) for url in urls]
        assert len(documents.fetched) == limit <= FETCHES_PER_MINUTE
        assert await finding(flow, answers[-1]) == "mcp-cimd-not-fetched"

    try_out(tmp_path, example)


def test_a_document_is_cached_as_its_server_allows(tmp_path: Path) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        documents.serve(URL, cache="max-age=600")
        for _ in range(3):
            assert (await ask(flow)).status_code == 303
        assert len(documents.fetched) == 1
        documents.serve(URL, redirect_uris=["https://agent.example.com/new"])
        documents.offset += 100
        stale = await ask(flow, redirect_uri="https://agent.example.com/new")
        assert await finding(flow, stale) == "mcp-cimd-stale"
        documents.offset += 600
        assert (await ask(flow, redirect_uri="https://agent.example.com/new")).status_code == 303
        assert len(documents.fetched) == 2

    try_out(tmp_path, example)


def test_a_hospital_without_the_policy_knows_only_registered_clients(tmp_path: Path) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        documents.serve(URL)
        sent = flow.asking({"client_id": URL}, aud=f"{BASE}/cerner/r4", redirect_uri=REDIRECT)
        cerner = (await flow.http.get("/cerner/r4/.well-known/smart-configuration")).json()
        assert "client_id_metadata_document_supported" not in cerner
        await flow.http.patch("/admin/policies/general", json={"client_id_documents": False})
        answer = await ask(flow)
        assert await finding(flow, answer) == "mcp-cimd-not-fetched"
        vendor = await flow.http.get(cerner["authorization_endpoint"], params=sent)
        assert "code=" not in vendor.headers.get("location", "")
        assert documents.fetched == []

    try_out(tmp_path, example)


def test_a_document_is_one_client_at_every_hospital_that_allows_it(tmp_path: Path) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        documents.serve(URL)
        assert (await ask(flow)).status_code == 303
        await flow.http.patch("/admin/policies/cerner", json={"client_id_documents": True})
        endpoint = (await flow.http.get("/cerner/r4/.well-known/smart-configuration")).json()["authorization_endpoint"]
        base = (await flow.http.get("/admin")).json()["tenants"]["cerner"]["fhir"]["r4"]
        sent = flow.asking({"client_id": URL}, aud=base, redirect_uri=REDIRECT, scope="user/Observation.rs")
        answer = await flow.http.get(endpoint, params=sent)
        assert "/cerner/oauth/continue" in answer.headers["location"]
        assert (await ask(flow)).status_code == 303

    try_out(tmp_path, example)


def test_a_registered_client_may_have_a_url_as_its_id_and_nothing_is_fetched(tmp_path: Path) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        app = await flow.register(client_id=URL, launch_uri=None, redirect_uris=["https://agent.example.com/callback"])
        answer = await ask(flow, redirect_uri="https://agent.example.com/callback", scope="launch/patient patient/Patient.rs")
        assert answer.status_code in (302, 303), answer.text
        assert (app["client_id"], documents.fetched) == (URL, [])

    try_out(tmp_path, example)


def test_changed_redirect_uris_end_the_consents_and_a_client_on_this_machine_is_asked_each_time(tmp_path: Path) -> None:
    async def example(flow: Flow, documents: Documents) -> None:
        await sign_in(flow)
        web, scope = "https://agent.example.com/callback", "user/Observation.rs"
        documents.serve(URL, cache="no-store")
        await consent(flow, scope=scope, redirect_uri=web)
        assert receives_code(await ask(flow, scope=scope, redirect_uri=web))
        assert not receives_code(await ask(flow, scope=scope))
        documents.serve(URL, redirect_uris=[web, "https://agent.example.com/other"])
        assert not receives_code(await ask(flow, scope=scope, redirect_uri=web))

    try_out(tmp_path, example)


def receives_code(answer: Any) -> bool:
    """Whether the code came at once, without a question to the user."""
    return "code=" in answer.headers["location"]
