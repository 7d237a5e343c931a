"""Follows the guide "Give an agent access to an EHR", and uses its MCP server as an agent does."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.docs.code_blocks import LISTED, ROOT, blocks, run
from tests.ports import free_port

from sickbay.testing.server import serving

PAGE = "docs/how-to/agent-access.md"
SERVER = ROOT / "examples/mcp-server/server.py"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Setup:
    """The EHR, the MCP server as the guide sets it up, and the output of the guide's commands."""

    def __init__(self, line: dict[str, Any], mcp: str, output: str) -> None:
        self.line, self.mcp, self.output = line, mcp, output


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    folder = tmp_path_factory.mktemp("agent")
    with serving("--data", str(folder / "data"), "--patients", "17") as live:
        port, ehr_port = str(free_port()), live.line["base"].rpartition(":")[2]
        not_run = LISTED["not_run"][PAGE]
        listed = [block for block in blocks(PAGE) if block.first_line not in not_run]
        texts = {block: block.text.replace("7425", ehr_port).replace("9000", port) for block in listed}
        (folder / "server.py").write_text(next(text for block, text in texts.items() if block.file))
        script = "".join(text for block, text in texts.items() if block.language == "sh")
        script = script.replace("python3 ", f"{sys.executable} ").replace(
            "server.py &", "server.py >server.log 2>&1 & echo $! >pid"
        )
        script = script.replace("sleep 2", f"until curl -s -o wait http://localhost:{port}/; do sleep 0.2; done")
        output = run(folder, script, SICKBAY_DATA=str(folder / "data"))
        try:
            yield Setup(live.line, f"http://localhost:{port}/mcp", output)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int((folder / "pid").read_text()), signal.SIGTERM)


def test_the_code_of_the_guide_is_that_of_the_example() -> None:
    code = next(block.text for block in blocks(PAGE) if block.file)
    assert code == SERVER.read_text()
    assert len(code.splitlines()) <= 70


def test_a_call_without_a_token_leads_to_the_metadata(setup: Setup) -> None:
    answer = call(setup, "tools/list")
    assert answer.status_code == 401
    challenge = dict(re.findall(r'(\w+)="([^"]*)"', answer.headers["www-authenticate"]))
    metadata = httpx2.get(challenge["resource_metadata"]).json()
    assert metadata["resource"] == setup.mcp
    assert metadata["authorization_servers"] == [setup.line["tenants"]["general"]["issuer"]]
    assert challenge["scope"].split() == metadata["scopes_supported"]
    assert '"client_id":"vitals-server"' in setup.output
    assert "resource_metadata=" in setup.output


def test_an_agent_reads_vital_signs_of_the_patient_that_the_user_chose(setup: Setup) -> None:
    token = authorize(setup, resource=setup.mcp)
    opened = call(setup, "initialize", token).json()["result"]
    assert opened["serverInfo"]["name"] == "vitals"
    assert call(setup, "notifications/initialized", token, id=None).status_code == 202
    assert [tool["name"] for tool in call(setup, "tools/list", token).json()["result"]["tools"]] == ["vital_signs"]
    text = call(setup, "tools/call", token, {"name": "vital_signs", "arguments": {}}).json()["result"]["content"][0]["text"]
    assert len(text.splitlines()) == 5
    refused = httpx2.get(f"{fhir(setup)}/Observation", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 401


def test_a_token_for_the_fhir_server_is_refused_by_the_mcp_server(setup: Setup) -> None:
    assert call(setup, "tools/list", authorize(setup, aud=fhir(setup))).status_code == 401
    assert call(setup, "tools/list", "made-up").status_code == 401


def fhir(setup: Setup) -> str:
    return str(setup.line["tenants"]["general"]["fhir"]["r4"])


def call(setup: Setup, method: str, token: str = "", params: Any = None, id: int | None = 1) -> httpx2.Response:
    message = {"jsonrpc": "2.0", "method": method} | ({"id": id} if id else {}) | ({"params": params} if params else {})
    return httpx2.post(setup.mcp, json=message, headers={"Authorization": f"Bearer {token}"} if token else {})


def authorize(setup: Setup, **audience: str) -> str:
    """The access token of an agent that is registered as a native app, whose redirect URI has another port each time."""
    hospital, redirect = setup.line["tenants"]["general"], f"http://localhost:{free_port()}/callback"
    app = httpx2.post(
        f"{setup.line['base']}/admin/apps",
        json={
            "name": "Agent",
            "type": "provider",
            "client": "public",
            "native": True,
            "redirect_uris": ["http://localhost/callback"],
            "scope": "launch/patient patient/Observation.rs",
            "auto_approve": {"user": setup.line["users"][0]["username"], "patient": "p-0001"},
        },
    ).json()
    sent = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": redirect,
        "scope": app["scope"],
        "state": VERIFIER[:30],
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **audience,
    }
    answer = httpx2.get(hospital["authorize"], params=sent)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "client_id": app["client_id"]}
    form |= {"code_verifier": VERIFIER, "resource": next(iter(audience.values()))}
    return str(httpx2.post(hospital["token"], data=form).json()["access_token"])
