"""What five agents send when they register and authorize, as their sources and issues show it (VS Code: oauth.ts)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.flows.flow import BASE, Flow
from tests.flows.rows.test_resources import add_resource
from tests.flows.shared_app import SharedApp

CODE = ["authorization_code", "refresh_token"]
AGENTS: dict[str, dict[str, Any]] = {
    "Claude Code": {
        "client_name": "Claude Code (vitals)",
        "redirect_uris": ["http://localhost:51234/callback"],
        "grant_types": CODE,
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    },
    "VS Code": {
        "client_name": "Visual Studio Code",
        "client_uri": "https://code.visualstudio.com",
        "grant_types": CODE,
        "response_types": ["code"],
        "redirect_uris": [
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    },
    "Cursor": {
        "client_name": "Cursor",
        "redirect_uris": [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
        "grant_types": CODE,
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "web",
    },
    "Codex": {
        "client_name": "Codex",
        "redirect_uris": ["http://127.0.0.1:49152/callback"],
        "grant_types": CODE,
        "token_endpoint_auth_method": "none",
        "response_types": ["code"],
        "application_type": "native",
    },
    "opencode": {
        "client_name": "OpenCode",
        "redirect_uris": ["http://127.0.0.1:19876/mcp/oauth/callback"],
        "client_uri": "https://opencode.ai",
        "grant_types": CODE,
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    },
}
SENT = {
    "Claude Code": "http://localhost:51234/callback",
    "VS Code": "http://127.0.0.1:50123/",
    "Cursor": "cursor://anysphere.cursor-mcp/oauth/callback",
    "Codex": "http://127.0.0.1:60001/callback",
    "opencode": "http://127.0.0.1:19876/mcp/oauth/callback",
}
"""The redirect URI that the agent then uses. VS Code and Codex take any port."""


@pytest.mark.parametrize("agent", list(AGENTS))
def test_an_agent_registers_and_is_asked_to_sign_in(shared_app: SharedApp, agent: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.post("/general/oauth/register", json=AGENTS[agent])
        assert answer.status_code == 201, answer.text
        app = answer.json()
        assert (app["token_endpoint_auth_method"], "client_secret" in app) == ("none", False)
        sent: dict[str, str | None] = {"redirect_uri": SENT[agent], "aud": None, "resource": f"{BASE}/general/r4"}
        scope = "launch/patient openid fhirUser offline_access patient/*.rs"
        page = await flow.authorize(app, scope=scope, **sent)
        assert "/general/oauth/continue" in page.headers["location"]
        assert "error" not in await flow.findings(page)
        other = await flow.authorize(app, scope=scope, **sent | {"redirect_uri": "http://127.0.0.1:50123/other"})
        assert other.status_code == 400

    shared_app.do(steps)


def test_an_agent_that_registers_at_each_start_is_told_so(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        found = []
        for port in (51_001, 51_002, 51_003):
            body = AGENTS["Claude Code"] | {"client_name": "Restarted", "redirect_uris": [f"http://localhost:{port}/callback"]}
            found.append(await flow.findings(await flow.http.post("/general/oauth/register", json=body)))
        assert "mcp-dcr-each-start" not in found[1]
        assert found[2]["mcp-dcr-each-start"] == "warning"
        other = AGENTS["Claude Code"] | {"client_name": "Restarted", "redirect_uris": ["http://localhost:51004/other"]}
        assert "mcp-dcr-each-start" not in await flow.findings(await flow.http.post("/general/oauth/register", json=other))

    shared_app.do(steps)


def test_a_client_id_of_another_hospital_is_explained_as_the_one_of_another_issuer(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = (await flow.http.post("/cerner/oauth/register", json=AGENTS["Codex"])).json()
        sent: dict[str, str | None] = {"redirect_uri": SENT["Codex"], "aud": None, "resource": f"{BASE}/general/r4"}
        answer = await flow.authorize(app, scope="launch/patient patient/*.rs", **sent)
        assert next(iter(await flow.findings(answer))) == "mcp-credentials-other-issuer"

    shared_app.do(steps)


FHIR_MCP_SERVER = {
    "response_type": "code",
    "scope": "launch/patient openid fhirUser offline_access user/*.rs patient/*.rs",
    "redirect_uri": "http://localhost:8000/oauth/callback",
    "state": "5c1f0d7a9b6e4283b1d4c7f60a92e835",
    "code_challenge": "Lrb_uufbDCKrzQj-mPYPNInNWqvNpRqnllkOvTUC_2M",
    "code_challenge_method": "S256",
}
"""The authorization request that fhir-mcp-server 0.10.0 sent when it ran against Sickbay, without its client_id."""


async def register_fhir_mcp_server(flow: Flow) -> dict[str, Any]:
    redirect_uri, scope = FHIR_MCP_SERVER["redirect_uri"], FHIR_MCP_SERVER["scope"]
    auto = {"user": await flow.clinician(), "patient": "p-0001"}
    return await flow.register(
        client="symmetric", launch_uri=None, redirect_uris=[redirect_uri], scope=scope, auto_approve=auto
    )


@pytest.mark.parametrize(
    ("serves", "rule"), [(None, "aud-missing"), ("http://localhost:8000/mcp", "mcp-proxy-no-aud")], ids=["app", "MCP server"]
)
def test_the_missing_aud_of_fhir_mcp_server_is_named_and_its_correction_is_accepted(
    shared_app: SharedApp, serves: str | None, rule: str
) -> None:
    async def steps(flow: Flow) -> None:
        app = await register_fhir_mcp_server(flow)
        resource = await add_resource(flow, serves, client=app["client_id"]) if serves else None
        sent = FHIR_MCP_SERVER | {"client_id": app["client_id"]}
        answer = await flow.http.get("/general/oauth/authorize", params=sent)
        assert answer.headers["location"].startswith(FHIR_MCP_SERVER["redirect_uri"])
        assert next(iter(await flow.findings(answer))) == rule
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        exchange = (await flow.http.get(address, headers={"Accept": "application/json"})).json()
        again = await flow.http.get(exchange["corrected"]["url"])
        assert "?code=" in again.headers["location"]
        if resource:
            await flow.http.delete(f"/admin/resources/{resource['id']}")

    shared_app.do(steps)


def test_a_policy_of_the_app_lets_fhir_mcp_server_sign_in_without_aud(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await register_fhir_mcp_server(flow)
        changed = await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"policy": {"missing_resource": "default"}})
        assert changed.status_code == 200, changed.text
        answer = await flow.http.get("/general/oauth/authorize", params=FHIR_MCP_SERVER | {"client_id": app["client_id"]})
        assert "?code=" in answer.headers["location"]
        assert await flow.findings(answer) == {"nonce-missing": "info"}

    shared_app.do(steps)
