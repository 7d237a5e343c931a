"""What a recorded exchange says about its launch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sickbay.services.journal.events import make_event, real_time

BASE, APP = "http://localhost:7425", "http://localhost:8100"


def entry(stage: str, path: str = "/general/x", status: int = 200, **more: Any) -> dict[str, Any]:
    location = more.pop("location", "")
    headers = {"location": location} if location else {}
    request = {"method": "GET", "url": f"{BASE}{path}", "headers": more.pop("headers", {}), "body": more.pop("body", None)}
    made = {"id": "e", "at": 100.0, "arrival": 2_000_000_000_000_000, "stage": stage, "request": request, "findings": []}
    return made | {"response": {"status": status, "headers": headers, "body": more.pop("answer", None)}} | more


@pytest.mark.parametrize(
    ("exchange", "step", "result"),
    [
        (entry("launch", location=f"{APP}/launch?iss=x"), "launch", "granted"),
        (entry("discovery"), "discovery", "granted"),
        (entry("discovery", status=404), "discovery", "failed"),
        (entry("authorize", location="/general/oauth/continue?request=r"), "authorize", "granted"),
        (entry("authorize", location=f"{APP}/cb?code=c"), "code", "granted"),
        (entry("login", location="com.example.notes:/cb?code=c"), "code", "granted"),
        (entry("login", location=f"{APP}/cb?error=access_denied", decided="denied"), "authorize", "refused"),
        (entry("token", body="grant_type=authorization_code"), "token", "granted"),
        (entry("token", body="grant_type=refresh_token"), "refresh", "granted"),
        (entry("backend", body="grant_type=client_credentials"), "token", "granted"),
        (entry("token", status=400, decided="code-expired"), "token", "refused"),
        (entry("browser", status=204, evidence="origin"), "preflight", "granted"),
        (entry("access"), "access", "granted"),
        (entry("search"), "access", "granted"),
        (entry("userinfo"), "access", "granted"),
        (entry("access", status=404), "access", "failed"),
        (entry("access", "/general/r4/$export?_type=Patient", 202), "export", "granted"),
        (entry("access", "/general/r4/Group/g/$export", 202), "export", "granted"),
        (entry("access", "/general/r4/$export", 400), "access", "failed"),
        (entry("access", "/general/r4/$export/j1", 202), "poll", "granted"),
        (entry("access", "/general/r4/$export/j1/Patient.ndjson"), "file", "granted"),
        (entry("introspection"), "access", "granted"),
        (entry("revocation"), "end", "granted"),
        (entry("registration"), "other", "granted"),
    ],
)
def test_each_stage_is_a_step(exchange: dict[str, Any], step: str, result: str) -> None:
    made = make_event(exchange)
    assert (made.step, made.result, made.exchange, made.clock, made.at) == (step, result, "e", 100.0, 2e9)


def test_a_launch_and_a_code_have_the_address_of_the_app_without_its_parameters() -> None:
    assert make_event(entry("launch", location=f"{APP}/launch?iss=x#y")).url == f"{APP}/launch"
    assert make_event(entry("authorize", "/general/oauth/authorize?state=s", location=f"{APP}/cb?code=c")).url == f"{APP}/cb"
    assert make_event(entry("access", "/general/r4/Patient?name=x")).url == f"{BASE}/general/r4/Patient"


def test_an_authorization_request_has_the_names_of_its_parameters_wherever_they_were_sent() -> None:
    sent = make_event(entry("authorize", "/general/oauth/authorize?scope=a&state=b", body="aud=c&scope=d")).sent
    assert sent == ("scope", "state", "aud")


def test_a_token_response_says_what_it_gave() -> None:
    answer = json.dumps({"expires_in": 60, "scope": "openid", "patient": "p", "refresh_token": "…", "id_token": "…"})
    made = make_event(entry("token", answer=answer, scopes=[{"asked": "openid"}, {"asked": "launch"}], refresh=None))
    assert (made.asked, made.scope, made.expires) == ("openid launch", "openid", 160)
    assert made.has_refresh
    assert made.has_patient
    assert made.has_id_token
    for other in ("[]", "not JSON", None, '{"expires_in": "60"}'):
        assert make_event(entry("token", answer=other)).expires == 0


def test_a_preflight_has_the_headers_that_it_asks_for() -> None:
    headers = {"Origin": APP, "Access-Control-Request-Headers": "authorization"}
    made = make_event(entry("browser", headers=headers))
    assert (made.headers, made.by_page, made.probable) == ("authorization", True, False)


def test_a_request_that_probably_belongs_to_a_launch_or_got_a_fault_is_marked() -> None:
    assert make_event(entry("access", evidence="origin")).probable
    assert make_event(entry("token", injected={"fault": "f", "kind": "status"})).injected


def test_arrivals_of_an_older_sickbay_are_seconds() -> None:
    assert real_time(1_700_000_000) == 1_700_000_000.0
    assert real_time(1_700_000_000_000_000) == 1_700_000_000.0
