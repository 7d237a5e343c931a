"""fhir-mcp-server from PyPI, unmodified: its login is refused and explained, and works with the app's policy."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.clients.client_kit import AdminClient
from tests.conftest import skip_or_fail
from tests.ports import free_port

from sickbay.testing.server import serving

pytestmark = pytest.mark.prove
COMMAND = Path(sys.prefix) / "fhir-mcp-server" / "bin" / "fhir-mcp-server"
SCOPE = "launch/patient openid fhirUser offline_access user/*.rs patient/*.rs"
AGENT = "http://127.0.0.1:1/callback"
CHALLENGE = {
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}  # RFC 7636, appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.fixture(scope="module")
def sickbay() -> Iterator[AdminClient]:
    with serving("--ephemeral", "--patients", "1") as running:
        yield AdminClient(running.line)


class Agent:
    """An agent that uses the MCP server, which is an app of the EHR."""

    def __init__(self, sickbay: AdminClient, app: dict[str, Any], url: str, http: httpx2.Client) -> None:
        self.sickbay, self.app, self.url, self.http = sickbay, app, url, http

    def sign_in(self) -> dict[str, list[str]]:
        """Registers at the MCP server and signs in. Returns what the redirect URI receives: nothing after an error."""
        body = {"redirect_uris": [AGENT], "token_endpoint_auth_method": "none", "client_name": "Agent"}
        body |= {"grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"]}
        self.client = self.http.post("/register", json=body).raise_for_status().json()["client_id"]
        sent = {"response_type": "code", "client_id": self.client, "redirect_uri": AGENT, "state": "s" * 30, **CHALLENGE}
        answer = self.http.get("/authorize", params=sent)
        while answer.is_redirect and not answer.headers["location"].startswith(AGENT):
            answer = self.http.get(answer.headers["location"])
        return parse_qs(urlsplit(answer.headers["location"]).query) if answer.is_redirect else {}

    def findings(self) -> list[str]:
        exchanges = [exchange for exchange in self.sickbay.exchanges(self.app) if exchange["stage"] == "authorize"]
        return [finding["id"] for finding in exchanges[0]["findings"]]


@pytest.fixture
def agent(sickbay: AdminClient, tmp_path: Path) -> Iterator[Agent]:
    if not COMMAND.exists():
        skip_or_fail("fhir_mcp_server", f"no {COMMAND}; `make prove` installs it for Python 3.12 and 3.13")
    url = f"http://localhost:{(port := free_port())}"
    app = sickbay.register(
        client="symmetric", redirect_uris=[f"{url}/oauth/callback"], scope=SCOPE, **sickbay.auto_approved(patient="p-0001")
    )
    settings = {"MCP_PORT": str(port), "SERVER_BASE_URL": sickbay.fhir("r4"), "SERVER_SCOPES": SCOPE}
    settings |= {"SERVER_CLIENT_ID": app["client_id"], "SERVER_CLIENT_SECRET": app["client_secret"]}
    environment = os.environ | {f"FHIR_{name}": value for name, value in settings.items()}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen([COMMAND], cwd=tmp_path, env=environment, stdout=log, stderr=log) as process,
        httpx2.Client(base_url=url, trust_env=False, timeout=30) as http,
    ):
        try:
            wait_for(http)
            yield Agent(sickbay, app, url, http)
        finally:
            process.terminate()


def wait_for(http: httpx2.Client) -> None:
    for _ in range(300):
        try:
            http.get("/.well-known/oauth-authorization-server")
            return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail("fhir-mcp-server didn't start in 30 s")


def test_its_login_is_refused_and_the_explanation_names_the_missing_aud(agent: Agent) -> None:
    assert "code" not in agent.sign_in()
    assert agent.findings()[0] == "aud-missing"


def test_as_the_client_of_a_protected_resource_the_explanation_names_the_server(agent: Agent) -> None:
    body = {"url": f"{agent.url}/mcp", "client": agent.app["client_id"], "scopes": "patient/Observation.rs"}
    with agent.sickbay.http as http:
        http.post("/admin/resources", json=body).raise_for_status()
    assert "code" not in agent.sign_in()
    assert agent.findings()[0] == "mcp-proxy-no-aud"


def test_with_the_policy_of_the_app_it_signs_in_and_searches(agent: Agent) -> None:
    with agent.sickbay.http as http:
        http.patch(f"/admin/apps/{agent.app['app_id']}", json={"policy": {"missing_resource": "default"}}).raise_for_status()
    code = agent.sign_in()["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": AGENT, "client_id": agent.client}
    token = agent.http.post("/token", data=form | {"code_verifier": VERIFIER}).raise_for_status().json()["access_token"]
    assert "Patient/p-0001" in search(agent, token)


def search(agent: Agent, token: str) -> str:
    """The text of the result of its tool `search`, called in a session as its version of the protocol demands."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    opening = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "agent", "version": "1"}}
    query = {"type": "Observation", "searchParam": {"patient": "p-0001", "_count": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": opening},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "search", "arguments": query}},
    ]
    for message in messages:
        answer = agent.http.post("/mcp/", json={"jsonrpc": "2.0", **message}, headers=headers).raise_for_status()
        if session := answer.headers.get("mcp-session-id"):
            headers["Mcp-Session-Id"] = session
    return answer.text
