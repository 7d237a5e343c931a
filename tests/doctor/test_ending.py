"""A HAR file, a log or a pasted text that ends too early: what came last, what doesn't follow, and the likely causes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.laws import for_each

from sickbay.cli import har_doctor
from sickbay.doctor import ending, har
from sickbay.doctor.text import diagnose_text

APP, EHR = "https://app.example.org", "https://ehr.example.org"
AUTHORIZE = (
    f"{EHR}/oauth/authorize?response_type=code&client_id=my-app&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb"
    "&scope=launch%20patient%2FPatient.rs&state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
    "&aud=https%3A%2F%2Fehr.example.org%2Ffhir%2Fr4&launch=abc123"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
)
CODE = f"{APP}/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
LAUNCH = f"{APP}/launch?iss=https%3A%2F%2Fehr.example.org%2Ffhir%2Fr4&launch=abc123"
CONFIGURATION = f"{EHR}/fhir/r4/.well-known/smart-configuration"
DOCUMENT = json.dumps(
    {
        "authorization_endpoint": f"{EHR}/oauth/authorize",
        "token_endpoint": f"{EHR}/oauth/token",
        "capabilities": ["launch-ehr", "client-public", "permission-v2"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code"],
        "issuer": EHR,
        "jwks_uri": f"{EHR}/jwks",
    }
)
CORS = {"Access-Control-Allow-Origin": APP, "Access-Control-Allow-Headers": "authorization, content-type"}
TOKEN = json.dumps({"access_token": "q3ZtR9wK2mV7", "token_type": "Bearer", "expires_in": 3600, "patient": "p-0017"})


def entry(method: str, url: str, status: int = 200, *, answer: str = "", body: str = "", **more: Any) -> dict[str, Any]:
    headers = [{"name": name, "value": value} for name, value in more.get("headers", {}).items()]
    answered = [{"name": name, "value": value} for name, value in more.get("answered", {}).items()]
    request: dict[str, Any] = {"method": method, "url": url, "headers": headers}
    if body:
        request["postData"] = {"text": body}
    return {"request": request, "response": {"status": status, "headers": answered, "content": {"text": answer}}}


STEPS: dict[str, dict[str, Any]] = {
    "launch": entry("GET", LAUNCH),
    "discovery": entry("GET", CONFIGURATION, answer=DOCUMENT, headers={"Accept": "application/json"}),
    "authorize": entry("GET", AUTHORIZE, 302, answered={"Location": f"{EHR}/login"}),
    "code": entry("GET", CODE),
    "preflight": entry(
        "OPTIONS",
        f"{EHR}/oauth/token",
        204,
        headers={"Origin": APP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"},
        answered=CORS,
    ),
    "token": entry(
        "POST",
        f"{EHR}/oauth/token",
        body="grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb"
        "&client_id=my-app&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        answer=TOKEN,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    "read": entry(
        "GET",
        f"{EHR}/fhir/r4/Patient/p-0017",
        answer='{"resourceType": "Patient", "id": "p-0017"}',
        headers={"Authorization": "Bearer q3ZtR9wK2mV7", "Accept": "application/fhir+json"},
    ),
}
ORDER = [*STEPS]


def record_steps(*names: str) -> tuple[har.HarExchange, ...]:
    return har.read({"log": {"entries": [STEPS[name] for name in names]}})


@for_each(
    "last, says, first",
    [
        ("discovery", "the app looked up the endpoints, and no authorization request follows", "authorize-not-sent"),
        ("authorize", "the authorization request was sent, and no response to the app follows", "sign-in-page-not-opened"),
        ("code", "the code came back, and no token request follows", "code-not-redeemed"),
        ("preflight", "the preflight was answered, and the token request never came", "token-preflight-blocked"),
        ("token", "the token was issued, and no FHIR request follows", "token-not-used"),
    ],
)
def test_a_har_file_that_ends_early_says_after_what(
    last: str, says: str, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exchanges = record_steps(*ORDER[: ORDER.index(last) + 1])
    found = ending.findings_of_har(exchanges)
    assert found[0].id == first
    assert says in found[0].why
    assert {finding.severity for finding in found} == {"info"}
    whole = har_doctor.print_report(record_steps(*ORDER), everything=False, json=True)
    capsys.readouterr()
    assert har_doctor.print_report(exchanges, everything=False, json=False) == whole == 0
    assert says in capsys.readouterr().out
    assert har_doctor.print_report(exchanges, everything=True, json=True) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["id"] == first


@for_each("names", [ORDER, ["launch"], ["discovery"], ["authorize"], ["code"], ["token", "read"], ["read"], []])
def test_a_complete_launch_and_a_single_request_end_where_they_should(names: list[str]) -> None:
    assert ending.findings_of_har(record_steps(*names)) == ()


def test_a_launch_whose_last_request_failed_is_explained_by_that(capsys: pytest.CaptureFixture[str]) -> None:
    failed = entry("POST", f"{EHR}/oauth/token", 400, body="grant_type=authorization_code", answer='{"error": "invalid_grant"}')
    exchanges = har.read({"log": {"entries": [STEPS["authorize"], STEPS["code"], failed]}})
    assert ending.findings_of_har(exchanges) == ()
    assert har_doctor.print_report(exchanges, everything=True, json=False) == 1
    assert "It ends early" not in capsys.readouterr().out


def log(*lines: str) -> str:
    return "\n".join(f"[12:00:0{number}] {line}" for number, line in enumerate(lines))


def test_a_log_that_ends_with_the_code_says_that_no_token_request_follows() -> None:
    _, diagnosis = diagnose_text(log(f"GET {AUTHORIZE} 302", f"GET {CODE} 200"))
    first = diagnosis.explanation.findings[0]
    assert first.id == "code-not-redeemed"
    assert first.why.startswith("It ends early: the code came back, and no token request follows.")
    assert not diagnosis.has_problem
    assert diagnosis.verdict.exit_code == 0


def test_a_text_that_describes_the_silence_is_understood() -> None:
    text = f"I launch my app and then nothing happens, what is the error?\n\n{AUTHORIZE}\n\nthe browser ends at\n\n{CODE}\n"
    _, diagnosis = diagnose_text(text)
    assert diagnosis.verdict.exit_code == 0
    assert "code-not-redeemed" in {finding.id for finding in diagnosis.explanation.findings}


@for_each("text", [CODE, AUTHORIZE, log(f"GET {CODE} 200", f"GET {AUTHORIZE} 302")])
def test_a_text_without_a_beginning_and_an_end_is_not_called_early(text: str) -> None:
    _, diagnosis = diagnose_text(text)
    assert not any("ends early" in finding.why for finding in diagnosis.explanation.findings)


def test_the_command_reads_such_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sickbay.cli.commands.doctor import doctor

    file = tmp_path / "launch.har"
    file.write_text(json.dumps({"log": {"entries": [STEPS["launch"], STEPS["discovery"], STEPS["authorize"], STEPS["code"]]}}))
    assert doctor(str(file)) == 0
    assert "It ends early: the code came back, and no token request follows." in capsys.readouterr().out
