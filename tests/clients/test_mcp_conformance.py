"""The conformance suite of the protocol, unmodified: exactly the checks fail that are listed with a reason."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.clients.client_kit import AdminClient
from tests.conftest import skip_or_fail
from tests.ports import free_port

from sickbay.testing.server import serving

FOLDER = Path(__file__).parent / "mcp"
EXPECTED = FOLDER / "conformance.yml"
RUNS: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "authorization.toml").read_text())
VERSIONS = ("2025-11-25", "2026-07-28")
RESOURCES = {"http://localhost:9000/mcp": "patient/Observation.rs", "http://localhost:9001/mcp": ""}
"""The protected resources of the runs, and the scopes of each."""


@pytest.fixture(scope="module")
def sickbay() -> Iterator[AdminClient]:
    with serving("--ephemeral", "--patients", "1") as running:
        client = AdminClient(running.line)
        with client.http as http:
            for url, scopes in RESOURCES.items():
                http.post("/admin/resources", json={"url": url, "scopes": scopes}).raise_for_status()
        yield client


@pytest.fixture(scope="module")
def suite(node: Path) -> list[str]:
    """The command that runs the suite."""
    command, script = shutil.which("node"), node / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    if command is None or not script.is_file():
        skip_or_fail("node", "no node, or no @modelcontextprotocol/conformance in node_modules; run make node")
    return [command, "--import", (FOLDER / "older_node.mjs").as_uri(), str(script)]


def reasons() -> dict[str, str]:
    """Each expected failure as `scenario:check`, with the comment above its group."""
    found, reason = {}, ""
    for line in EXPECTED.read_text().partition("server:")[2].splitlines():
        kind, _, text = line.strip().partition(" ")
        if kind == "#":
            reason = text
        elif kind == "-":
            assert text not in found, text
            found[text] = reason
    return found


def failures(folder: Path) -> tuple[set[str], int]:
    """The checks that failed or warned, as `scenario:check`, and the number of those that passed."""
    failed, passed = set(), 0
    for file in folder.glob("*/checks.json"):
        scenario = re.fullmatch(r"(?:server|authorization-server)-(.+)-\d{4}-\d\d-\d\dT.+", file.parent.name)
        assert scenario, file
        for check in json.loads(file.read_text()):
            passed += check["status"] == "SUCCESS"
            if check["status"] in {"FAILURE", "WARNING"}:
                failed.add(f"{scenario.group(1)}:{check['id']}")
    return failed, passed


def test_each_expected_failure_has_a_reason() -> None:
    assert all(len(reason) > 40 for reason in reasons().values())
    assert all(len(run["why"]) > 40 for run in RUNS.values() if "fails" in run)


def test_the_tools_fail_exactly_the_listed_checks(sickbay: AdminClient, suite: list[str], tmp_path: Path) -> None:
    failed = set()
    for version in VERSIONS:
        output = tmp_path / version
        options = ["--requirements", version, "--expected-failures", str(EXPECTED), "-o", str(output)]
        command = [*suite, "server", "--url", f"{sickbay.line['base']}/mcp", *options]
        process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert process.returncode == 0, process.stdout[-3000:]
        found, passed = failures(output)
        assert passed > 30
        failed |= found
    assert failed == reasons().keys()


@pytest.mark.parametrize("name", list(RUNS))
def test_the_authorization_server_fails_exactly_the_listed_checks(
    sickbay: AdminClient, suite: list[str], tmp_path: Path, name: str
) -> None:
    listed = RUNS[name]
    app, arguments = prepare(sickbay, listed["arguments"])
    code = follow([*suite, "authorization", *arguments, "-o", str(tmp_path)])
    failed, passed = failures(tmp_path)
    assert [check.partition(":")[2] for check in failed] == listed.get("fails", [])
    assert passed >= 1
    errors = [exchange["findings"][0] for exchange in sickbay.exchanges(app) if exchange["response"]["status"] != 200]
    refused = [finding["id"] for finding in errors if finding["severity"] == "error"]
    assert (code, refused) == ((1, [listed["rule"]]) if "rule" in listed else (0, []))


def prepare(sickbay: AdminClient, arguments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """An app for the suite, and the arguments with which the suite uses it, before those of the run."""
    port = free_port()
    app = sickbay.register(
        client="symmetric" if "{secret}" in arguments else "public",
        redirect_uris=[f"http://127.0.0.1:{port}/callback"],
        scope="launch/patient patient/Observation.rs",
        **sickbay.auto_approved(patient="p-0001"),
    )
    issuers = {tenant: value["issuer"] for tenant, value in sickbay.line["tenants"].items()}
    values = issuers | {"base": sickbay.line["base"], "secret": app.get("client_secret")}
    common = ["--url", issuers["general"], "--client-id", app["client_id"], "-p", str(port)]
    return app, [*common, *(argument.format_map(values) for argument in arguments)]


def follow(command: Sequence[str]) -> int:
    """Runs the suite and opens the URL that it prints, as its user does. Returns its exit code."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout or ():
                if re.match(r"http\S+/authorize\?", line):
                    httpx2.get(line.strip(), follow_redirects=True, trust_env=False)
            return process.wait()
        finally:
            process.kill()
