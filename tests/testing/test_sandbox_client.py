"""The client of the fixture `sickbay` reads every refusal, not only those of the newest hundred exchanges."""

from __future__ import annotations

import json
from email.message import Message
from typing import Any

import httpx2
import pytest

from sickbay.testing.admin_client import describe_problem
from sickbay.testing.http_client import HttpResponse
from sickbay.testing.sandbox_client import SandboxClient, SickbayError


def test_a_refusal_before_a_hundred_other_exchanges_is_found(live: dict[str, Any]) -> None:
    with SandboxClient(live) as client, httpx2.Client(base_url=live["base"], trust_env=False, timeout=60) as app:
        client.reset()
        app.get("/general/oauth/authorize", params={"client_id": "a"})
        header = {"Authorization": f"Bearer {client.token(client.app(), 'patient/Patient.rs', 'p-0001')['access_token']}"}
        for _ in range(100):
            app.get("/general/r4/Patient/p-0001", headers=header)
        with pytest.raises(SickbayError, match="Sickbay refused 1 request:"):
            client.assert_no_refusals()


def test_a_resent_request_is_neither_a_refusal_nor_a_request_of_the_app(live: dict[str, Any]) -> None:
    with SandboxClient(live) as client, httpx2.Client(base_url=live["base"], trust_env=False, timeout=60) as app:
        client.reset()
        header = {"Authorization": f"Bearer {client.token(client.app(), 'patient/Patient.rs', 'p-0001')['access_token']}"}
        granted = app.get("/general/r4/Patient/p-0001", headers=header)
        changed = {"headers": {"authorization": "Bearer made-up"}}
        resent = client.admin.post(f"/admin/exchanges/{granted.headers['x-correlation-id']}/resend", changed)
        assert resent["status"] == 401
        client.assert_no_refusals()
        client.assert_sent("GET Patient/*", times=1)


def test_a_problem_says_a_title_once() -> None:
    finding = {"id": "scope-empty", "title": "`scope` is empty", "fix": "Send one."}
    body = json.dumps({"detail": "No token has this scope: `scope` is empty", "findings": [finding]})
    response = HttpResponse("http://localhost/admin/tokens", 422, Message(), body.encode())
    assert describe_problem(response) == "No token has this scope: `scope` is empty\n[scope-empty]: Send one."
