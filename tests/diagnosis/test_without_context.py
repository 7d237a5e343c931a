"""The shared exchanges without their context, as developers paste them: most faults are still found, without false alarms."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sickbay.diagnosis import placeholders
from sickbay.diagnosis.rule import Finding
from sickbay.doctor.diagnose import diagnose
from sickbay.protocol.parameters import parse

ENOUGH = 0.75
"""The share of the faulty exchanges whose expected findings must all be reported. The others need the registration."""


def lines(shared: Path) -> list[dict[str, Any]]:
    text = (shared / "cases" / "exchanges.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def findings(line: dict[str, Any]) -> dict[str, Finding]:
    evidence = {name: value for name, value in line["input"].items() if name != "context"}
    return {finding.id: finding for finding in diagnose(evidence).explanation.findings}


def test_three_quarters_of_the_faulty_exchanges_are_explained_without_their_context(shared: Path) -> None:
    faulty = [line for line in lines(shared) if line["expect"]]
    wrong = {}
    for line in faulty:
        reported = findings(line)
        missing, extra = set(line["expect"]) - reported.keys(), set(line["must_not"]) & reported.keys()
        if missing or extra:
            wrong[line["id"]] = (missing, extra)
    assert len(wrong) <= (1 - ENOUGH) * len(faulty), wrong


def test_no_forbidden_finding_is_reported_without_the_context(shared: Path) -> None:
    for line in lines(shared):
        reported = findings(line)
        loud = {id for id, finding in reported.items() if finding.severity != "info"}
        assert not (loud if line["must_not"] == ["*"] else set(line["must_not"]) & reported.keys()), line["id"]


def test_an_error_never_rests_on_a_guess(shared: Path) -> None:
    guessed = [finding for line in lines(shared) for finding in findings(line).values() if "guess" in finding.facts]
    assert guessed
    for finding in guessed:
        assert finding.severity != "error"
        assert finding.degree != "certain"
        assert finding.facts["guess"] in finding.why


UNKNOWN = "https://ehr.example.org/oauth2"
URL = (
    f"{UNKNOWN}/authorize?response_type=code&client_id=3f1c9a&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"
    "&scope=launch%2Fpatient%20patient%2FPatient.read&state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
    "&aud=https%3A%2F%2Fehr.example.org%2Ffhir&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    "&code_challenge_method=S256"
)


def test_a_response_mode_of_openid_connect_is_only_advice_if_the_server_is_unknown() -> None:
    found = diagnose({"kind": "authorize_url", "url": f"{URL}&response_mode=fragment"}).explanation.findings
    assert [finding.severity for finding in found if finding.id == "response-mode-unsupported"] == ["info"]


@pytest.mark.parametrize("name", ["aud", "state", "response_type", "scope", "redirect_uri", "client_id"])
@pytest.mark.parametrize("also", [None, "state", "code_challenge"])
def test_a_missing_parameter_is_in_the_corrected_request_even_if_only_the_app_knows_its_value(
    name: str, also: str | None
) -> None:
    url = re.sub(rf"[?&]({name}|{also})=[^&]*", "", URL).replace("authorize&", "authorize?")
    diagnosis = diagnose({"kind": "authorize_url", "url": url})
    assert diagnosis.corrected is not None
    sent = parse(diagnosis.corrected["url"].partition("?")[2])
    assert sent.get(name)
    assert not diagnose(diagnosis.corrected).examination.refusals


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("grant_type=authorization_code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&client_id=3f1c9a", "code"),
        ("grant_type=refresh_token&client_id=3f1c9a", "refresh_token"),
        (
            "grant_type=authorization_code&code=abc&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&code_verifier=short",
            "client_id",
        ),
    ],
)
def test_a_token_request_to_an_unknown_server_is_corrected_with_placeholders(body: str, name: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    evidence = {"kind": "token_request", "method": "POST", "url": f"{UNKNOWN}/token", "headers": headers, "body": body}
    diagnosis = diagnose(evidence)
    assert diagnosis.corrected is not None
    assert parse(diagnosis.corrected["body"]).get(name) in placeholders.PLACES


@pytest.mark.parametrize(
    ("query", "written", "meant"),
    [
        ("Patient?firstname=John", "firstname", "given"),
        ("Observation?patient=1&category=laboratory&datetime=ge2020-01-01", "datetime", "date"),
        ("Encounter?patient=1&period=ge2020-01-01", "period", "date"),
    ],
)
def test_a_parameter_that_no_fhir_version_defines_is_corrected_at_an_unknown_server(
    query: str, written: str, meant: str
) -> None:
    diagnosis = diagnose({"kind": "fhir_request", "url": f"https://ehr.example.org/fhir/r4/{query}"})
    first = diagnosis.explanation.findings[0]
    assert (first.id, first.severity, first.facts["parameter"]) == ("fhir-search-unknown-param", "warning", written)
    assert diagnosis.corrected
    assert diagnosis.corrected["url"].endswith(query.replace(written, meant))


@pytest.mark.parametrize(
    "query",
    ["Patient?apikey=a", "Patient?own-xyz=a", "Condition?patient=1&category=a&onset=2020", "Appointment?patient=1&specialty=a"],
)
def test_a_parameter_that_the_server_or_another_version_may_define_is_left_alone(query: str) -> None:
    findings = diagnose({"kind": "fhir_request", "url": f"https://ehr.example.org/fhir/{query}"}).explanation.findings
    assert "fhir-search-unknown-param" not in {finding.id for finding in findings}
