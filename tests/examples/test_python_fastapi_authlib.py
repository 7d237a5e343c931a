"""Launches the starter app with FastAPI and Authlib, as a browser would, and reads its page."""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from tests.clients.client_kit import AdminClient
from tests.docs.code_blocks import ROOT
from tests.ports import free_port

from sickbay.testing.server import serving

EXAMPLE = ROOT / "examples" / "python-fastapi-authlib"
SCOPE = "launch openid fhirUser patient/Patient.rs patient/Observation.rs"


@pytest.fixture(scope="module")
def sickbay() -> Iterator[AdminClient]:
    with serving("--ephemeral", "--patients", "17") as live:
        yield AdminClient(live.line)


@contextmanager
def example(client_id: str, secret: str, trusted: str, port: int) -> Iterator[str]:
    """Runs the app with uvicorn until the `with` block ends. Yields its base URL when it responds."""
    base = f"http://localhost:{port}"
    environment = {"CLIENT_ID": client_id, "CLIENT_SECRET": secret, "BASE_URL": base, "TRUSTED_ISS": trusted}
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "info"]
    with subprocess.Popen(
        command, cwd=EXAMPLE, env=os.environ | environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "Uvicorn running on" in line:
                break
        try:
            assert process.poll() is None, "".join(lines)
            yield base
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def registered(sickbay: AdminClient) -> Iterator[dict[str, Any]]:
    port = free_port()
    base = f"http://localhost:{port}"
    secret = secrets.token_hex(32)
    app = sickbay.register(
        client="symmetric",
        client_secret=secret,
        launch_uri=f"{base}/launch",
        redirect_uris=[f"{base}/callback"],
        scope=SCOPE,
        **sickbay.auto_approved(),
    )
    with example(app["client_id"], secret, sickbay.line["base"] + "/", port):
        yield app


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, follow_redirects=True, timeout=30) as client:
        yield client


def test_the_app_shows_the_patient_of_the_chart(
    sickbay: AdminClient, registered: dict[str, Any], browser: httpx2.Client
) -> None:
    launch = sickbay.launch(registered, patient="p-0017")
    shown = browser.get(launch["url"])
    assert "<h1>Timothy Peters</h1>" in shown.text, shown.text
    assert "<li>" in shown.text
    assert sickbay.findings_above_info(registered) == []


def test_the_app_refuses_a_launch_from_an_unknown_server(registered: dict[str, Any], browser: httpx2.Client) -> None:
    refused = browser.get(registered["launch_uri"], params={"iss": "http://evil.example/r4", "launch": "x"})
    assert refused.status_code == 400
    assert "TRUSTED_ISS" in refused.text


def test_the_app_refuses_a_response_that_belongs_to_another_browser(
    sickbay: AdminClient, registered: dict[str, Any], browser: httpx2.Client
) -> None:
    with httpx2.Client(trust_env=False, timeout=30) as other:
        authorize = other.get(sickbay.launch(registered, patient="p-0017")["url"]).headers["location"]
        response = other.get(authorize).headers["location"]
    assert browser.get(response).status_code == 400


def test_every_package_that_the_app_imports_is_in_its_requirements() -> None:
    pinned = dict(line.split("==") for line in (EXAMPLE / "requirements.txt").read_text().split())
    assert {"authlib", "fastapi", "httpx", "markupsafe", "uvicorn"} == pinned.keys()
    assert all(importlib.util.find_spec(name) for name in pinned)
