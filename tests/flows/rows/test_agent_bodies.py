"""What five agents send when they register and authorize, as their sources and issues show it (VS Code: oauth.ts)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.flows.flow import BASE, Flow
from tests.flows.shared_app import Sitting

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
def test_an_agent_registers_and_is_asked_to_sign_in(shared: Sitting, agent: str) -> None:
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

    shared.do(steps)
