"""A pasted text is diagnosed as a whole, whatever it contains: it never fails, and it never clears a refusal."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doctor import copies
from tests.laws import examples, for_each

from sickbay.doctor.text import diagnose_text
from sickbay.doctor.verdict import Verdict

AUTHORIZE = (
    "https://ehr.example.org/authorize?response_type=code&client_id=x&redirect_uri=https%3A%2F%2Fa.example%2Fcb"
    "&scope=launch%2Fpatient%20patient%2FPatient.rs&state=zE3rT9pQ2mN8vX4kzE3rT9pQ2mN8vX4k&aud=https%3A%2F%2Fehr.example.org%2Fr4"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
)


def ids(text: str) -> list[str]:
    return [finding.id for finding in diagnose_text(text)[1].explanation.findings]


def test_a_fault_of_a_request_is_found_although_prose_stands_around_it() -> None:
    url = AUTHORIZE.replace("launch%2Fpatient%20patient%2FPatient.rs", "launch%2Fpatient,patient%2FPatient.rs")
    assert "scope-comma-separated" in ids(f"The page says that something went wrong. I sent\n\n{url}\n\nWhat is wrong?")


def test_what_is_left_out_of_a_part_of_a_request_is_not_missing() -> None:
    assert [id for id in ids("HTTPBody: grant_type=authorization_code&code=abc") if "missing" in id] == []


def test_a_request_line_with_a_resource_below_it_does_not_lack_a_content_type() -> None:
    sent = 'PUT https://ehr.example.org/r4/Patient/1\n\n{"resourceType": "Patient", "id": "1"}\n'
    assert "fhir-write-content-type" not in ids(f"This answers 400 Bad Request:\n\n{sent}")


def test_the_pieces_of_one_launch_are_examined_together() -> None:
    verifier = "a" * 43
    text = (
        f"1. {AUTHORIZE}\n2. https://a.example/cb?code=abc&state=zE3rT9pQ2mN8vX4kzE3rT9pQ2mN8vX4k\n3. POST https://ehr.example.org/token\n"
        f"grant_type=authorization_code&code=abc&redirect_uri=https%3A%2F%2Fa.example%2Fcb&client_id=x&code_verifier={verifier}"
    )
    assert "pkce-verifier-mismatch" in ids(text)


RETURNED = "https://a.example/cb#code=abc&state=zE3rT9pQ2mN8vX4kzE3rT9pQ2mN8vX4k"


@for_each("around", ["keycloak-js opens {}", "init({{ responseMode: 'fragment' }})\n\n{}", "{}\nwith response_mode=fragment"])
def test_a_fragment_that_the_text_says_was_requested_is_not_an_error(around: str) -> None:
    evidence, diagnosis = diagnose_text(around.format(RETURNED))
    assert evidence["context"]["response_mode"] == "fragment"
    severities = {finding.id: finding.severity for finding in diagnosis.explanation.findings}
    assert severities["redirect-params-in-fragment"] == "info"
    assert "error" not in severities.values()


METADATA = """{"redirect_uris": ["https://a.example/cb#home"], "client_name": "A", "grant_types": ["authorization_code"],
 "token_endpoint_auth_method": "none", "scope": "launch/patient patient/Patient.rs"}"""


@for_each(
    "requested, severity",
    [
        ("response_mode=fragment", "info"),
        ("response_type=code%20id_token", "info"),
        ("response_mode=query", "error"),
        ("", "error"),
    ],
)
def test_a_response_in_the_fragment_is_an_error_only_if_it_was_not_requested(requested: str, severity: str) -> None:
    url = AUTHORIZE.replace("response_type=code", requested) if "type" in requested else f"{AUTHORIZE}&{requested}"
    found = {finding.id: finding.severity for finding in diagnose_text(f"{url}\n{RETURNED}")[1].explanation.findings}
    assert found["redirect-params-in-fragment"] == severity


@for_each(
    "text",
    [
        METADATA,
        f"This is refused:\n\n{METADATA}\n\nWhy?",
        f"POST /oauth/register HTTP/1.1\nHost: ehr.example.org\nContent-Type: application/json\n\n{METADATA}",
        f"curl https://ehr.example.org/connect/dcr -H 'Content-Type: application/json' -d '{METADATA}'",
    ],
)
def test_a_dynamic_registration_is_examined_as_a_registration(text: str) -> None:
    assert [id for id in ids(text) if not id.startswith("reg-")] == []
    assert "reg-redirect-uri-has-fragment" in ids(text)


def test_the_authentication_method_of_a_registration_says_whether_the_app_is_public() -> None:
    assert ids(METADATA.replace("#home", "")) == []
    assert "reg-missing-launch-uri" in ids(METADATA.replace("#home", "").replace("launch/patient", "launch"))
    system = {"client_name": "B", "redirect_uris": [], "grant_types": ["client_credentials"], "scope": "system/*.rs"}
    signed = system | {"token_endpoint_auth_method": "private_key_jwt"}
    assert [id for id in ids(json.dumps(signed)) if "jwks" in id or "key" in id] != []
    assert ids(json.dumps(signed | {"jwks_uri": "https://b.example.org/jwks.json"})) == []
    assert ids(json.dumps(system | {"jwks_uri": "https://b.example.org/jwks.json"})) == []


def test_a_variable_in_a_registration_is_not_examined() -> None:
    code = """await fetch("https://ehr.example.org/register", {method: "POST", body: JSON.stringify({redirect_uris: [callback],
      client_name: name, token_endpoint_auth_method: "none", scope: "patient/Patient.rs,launch/patient"})})"""
    found = ids(code)
    assert "scope-comma-separated" in found
    assert [id for id in found if id.startswith(("reg-redirect", "code-json"))] == []


def test_an_error_comes_with_its_likely_causes_in_order() -> None:
    diagnosis = diagnose_text(
        '{"error": "invalid_client", "error_description": "Client must not use multiple authentication methods"}'
    )[1]
    assert diagnosis.causes[0].confidence == "most likely"
    assert [cause.confidence for cause in diagnosis.causes][1:] == sorted(cause.confidence for cause in diagnosis.causes[1:])


def test_a_request_without_a_fault_comes_with_what_to_compare() -> None:
    diagnosis = diagnose_text(AUTHORIZE)[1]
    assert not diagnosis.has_problem
    assert "`https://a.example/cb`" in diagnosis.causes[0].title


def test_what_was_recognised_is_named() -> None:
    text = f'I open {AUTHORIZE} and get {{"error": "invalid_client"}} (400 Bad Request)'
    named = diagnose_text(text)[1].recognised
    assert named[:2] == ["authorization URL at ehr.example.org", "error response"]
    assert "token error: invalid_client" in named


@for_each("text", ["hello", "", "x = 1", "see https://a.example/", "Thank you for your help in advance!"])
def test_a_text_without_evidence_gets_instructions_how_to_find_some(text: str) -> None:
    diagnosis = diagnose_text(text)[1]
    assert diagnosis.verdict == Verdict.UNKNOWN
    assert "Nothing in this text is recognised." in diagnosis.summary
    assert "Copy as cURL" in diagnosis.help


@settings(max_examples=examples(300, 25), deadline=None)
@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    examine(text)


def examine(text: str) -> Any:
    """The diagnosis, or None if nothing was recognised. Nothing else may be raised."""
    try:
        return diagnose_text(text)[1]
    except (ValueError, KeyError):
        return None


def mutate(paste: str, random: random.Random) -> str:
    """The paste with a few parts deleted, doubled, swapped or replaced."""
    for _ in range(random.randint(1, 6)):
        if not paste:
            break
        start, end = sorted(random.choices(range(len(paste) + 1), k=2))
        end = min(end, start + 60)
        part = paste[start:end]
        odd = random.choice(
            ["", part * 2, part[::-1], "\x00", "\\", '"', "{", "%", "\n", "&", "=", "\u202e", "😀", "1e999", "null"]
        )
        paste = paste[:start] + odd + paste[end:]
    return paste


def pastes(shared: Path) -> list[str]:
    files = ("realworld/open.jsonl", "realworld/fine_open.jsonl")
    lines = [line for file in files for line in (shared / "cases" / file).read_text("utf-8").splitlines()]
    return [json.loads(line)["paste"] for line in lines]


def test_no_mutated_paste_makes_it_fail(shared: Path) -> None:
    examine_mutations(shared, 40)


@pytest.mark.prove
def test_none_of_20000_mutated_pastes_makes_it_fail(shared: Path) -> None:
    examine_mutations(shared, 20_000)


def examine_mutations(shared: Path, number: int) -> None:
    source, chosen = pastes(shared), random.Random(number)
    for _ in range(number):
        examine(mutate(chosen.choice(source), chosen))


REFUSALS = st.one_of(
    st.sampled_from(["invalid_client", "invalid_grant", "access_denied", "invalid_scope"]).map(
        lambda code: json.dumps({"error": code})
    ),
    st.integers(400, 599).map(lambda status: f"HTTP/1.1 {status} No"),
    st.just('{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}'),
)
AROUND = st.sampled_from(
    ["{}", "I get\n\n{}\n\nand don't know why.", f"{AUTHORIZE}\n{{}}", "$ curl https://a.example/token -d grant_type=x\n{}"]
)


@settings(max_examples=examples(150, 12), deadline=None)
@given(REFUSALS, AROUND)
def test_a_refusal_is_never_cleared(refusal: str, around: str) -> None:
    diagnosis = diagnose_text(around.format("\0").replace("\0", refusal))[1]
    assert diagnosis.has_problem
    assert {finding.severity for finding in diagnosis.explanation.findings} & {"error", "warning"}


def test_a_message_about_another_parameter_comes_before_a_fault_that_does_not_explain_it() -> None:
    url = AUTHORIZE.replace("ehr.example.org", "sso.example.org/realms/a/protocol/openid-connect")
    found = ids(f"Invalid parameter: redirect_uri\n\n{re.sub('code_challenge=[^&]*', 'code_challenge=short', url)}")
    assert found[:2] == ["oauth-redirect-uri-not-registered", "pkce-challenge-malformed"]


def test_the_cause_of_a_message_comes_before_a_parameter_that_another_version_of_the_server_accepts() -> None:
    endpoint = "cpsapisandbox.fhirapi.athenahealth.com/demoAPIServer/oauth2/authorize/"
    url = AUTHORIZE.replace("ehr.example.org/authorize", endpoint).replace(
        "response_type=code", "response_type=code%20id_token"
    )
    message = (
        f"The redirect URI 'https://{endpoint}-callback' specified in the request does not match the redirect URIs configured"
    )
    diagnosis = diagnose_text(f"{message} for the application\n\n{url}")[1]
    found = [finding.id for finding in diagnosis.explanation.findings]
    assert diagnosis.causes[0].id == "athena-authorize-slash"
    assert found.index(diagnosis.causes[0].id) < found.index("response-type-invalid")


def test_the_field_of_the_console_is_named_in_what_to_compare() -> None:
    diagnosis = diagnose_text(AUTHORIZE.replace("ehr.example.org", "sso.example.org/realms/a/protocol/openid-connect"))[1]
    assert "Valid redirect URIs" in diagnosis.causes[0].fix


def test_the_body_of_a_request_is_not_missing_if_a_header_gives_its_length() -> None:
    head = "> POST /token HTTP/1.1\n> Host: a.example\n> Content-Type: application/x-www-form-urlencoded\n"
    assert "grant-type-missing" in ids(f"{head}\n")
    assert "grant-type-missing" not in ids(f"{head}> Content-Length: 29\n>\n< HTTP/1.1 200 OK\n")


def test_a_body_that_a_person_left_out_is_not_missing() -> None:
    head = "POST /token HTTP/1.1\nHost: a.example\n"
    assert "grant-type-missing" not in ids(f'{head}\nHTTP/1.1 401 Unauthorized\n\n{{"error": "invalid_client"}}')
    assert "grant-type-missing" in ids(f"{head}Content-Length: 0\n\nHTTP/1.1 400 Bad Request\n")


EPIC = "https://fhir.epic.com/interconnect-fhir-oauth/oauth2/authorize?response_type=code&client_id=6c12dff4-24e7"
EPIC += "&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&state=zE3rT9pQ2mN8vX4kR7tY1w"
EPIC_PAGE = "OAuth2 Error: Something went wrong trying to authorize the client. Please try logging in again."


def test_a_proven_fault_comes_before_a_message_that_may_have_several_causes() -> None:
    diagnosis = diagnose_text(f"{EPIC}&scope=launch%2Cpatient%2FPatient.read\n\n{EPIC_PAGE}")[1]
    ids = [finding.id for finding in diagnosis.explanation.findings]
    assert ids[0] == "aud-missing"
    assert "scope-comma-separated" in ids
    assert "aud" in diagnosis.causes[0].title
    assert diagnosis.corrected is not None


def test_a_message_about_another_parameter_comes_before_a_proven_fault() -> None:
    message = "invalid_request: the redirect_uri is not registered for this client"
    ids = [finding.id for finding in diagnose_text(f"{EPIC}&scope=openid\n\n{message}")[1].explanation.findings]
    assert ids[0] != "aud-missing"
    assert "aud-missing" in ids


@for_each("copy", [copies.as_json, copies.as_json_twice, copies.from_compose, copies.from_spring])
def test_lines_that_a_log_or_json_joins_are_no_sentence_about_what_can_happen(copy: copies.Copy) -> None:
    text = "GET /Encounter/12345\n\nThe API responds with:\n\n404 Not Found\n\nBut when a clinician looks, it is visible."
    assert "404" in [answer.code for answer in diagnose_text(copy(text))[1].answers]


def test_no_cause_is_shown_twice() -> None:
    diagnosis = diagnose_text(f"Epic invalid request at authorize. {EPIC_PAGE}")[1]
    titles = [cause.title for cause in diagnosis.causes]
    assert len(titles) == len(set(titles))


def test_a_cause_that_the_text_shows_comes_before_faults_that_follow_from_it() -> None:
    text = "curl -H 'Authentication: Basic YTpi' -d grant_type=client_credentials https://ehr.example.org/token\n\n"
    findings = diagnose_text(f'{text}{{"error": "invalid_client"}}')[1].explanation.findings
    assert [finding.id for finding in findings][:2] == [
        "oauth-header-named-authentication",
        "client-id-missing-in-body",
    ]


def test_the_likely_causes_begin_with_those_of_the_first_finding() -> None:
    text = "AADSTS50011: The redirect URI 'http://a.example/cb' specified in the request does not match. haproxy does the TLS."
    diagnosis = diagnose_text(text)[1]
    assert "X-Forwarded-Proto" in diagnosis.explanation.findings[0].fix
    assert "X-Forwarded-Proto" in diagnosis.causes[0].fix


def test_a_masked_secret_does_not_come_before_the_cause_of_the_error() -> None:
    form = "grant_type=client_credentials&client_id=c1&client_secret=xxxx"
    text = (
        f"POST https://login.microsoftonline.com/t/oauth2/v2.0/token\n{form}\n\nAADSTS7000215: Invalid client secret provided"
    )
    ids = [finding.id for finding in diagnose_text(text)[1].explanation.findings]
    assert ids[0].startswith("entra-")
    assert "value-is-placeholder" in ids


def test_a_url_with_the_status_that_the_browser_adds_has_no_spaces() -> None:
    url = "https://sso.example.org/realms/a/protocol/openid-connect/auth?response_type=code&client_id=x"
    diagnosis = diagnose_text(
        f"GET {url}&redirect_uri=http%3A%2F%2Fa.example%2Fcb 400 (Bad Request)\nInvalid parameter: redirect_uri (with HTTPS)"
    )[1]
    assert "url-has-whitespace" not in [finding.id for finding in diagnosis.explanation.findings]
    assert "http://a.example/cb" in diagnosis.causes[1].fix


def test_a_url_that_is_followed_by_another_request_is_not_one_url_with_spaces() -> None:
    url = "https://ehr.example.org/authorize?response_type=code&client_id=x&state=zE3rT9pQ2mN8vX4k"
    ids = [
        finding.id for finding in diagnose_text(f"{url}\n\ncurl https://ehr.example.org/r4/Patient/1")[1].explanation.findings
    ]
    assert "url-has-whitespace" not in ids


def test_a_correction_that_cannot_change_the_response_is_not_offered() -> None:
    request = (
        "GET https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4/Patient HTTP/1.1\nAuthorization: Bearer abcdef.ghij.kl"
    )
    issue = '{"severity":"fatal","code":"required","diagnostics":"This request requires a demographics search parameter"}'
    answer = f'HTTP/1.1 400 Bad Request\n\n{{"resourceType":"OperationOutcome","issue":[{issue}]}}'
    diagnosis = diagnose_text(f"{request}\n\n{answer}")[1]
    assert diagnosis.causes[0].id == "epic-search-parameter"
    assert diagnosis.corrected is None


def test_a_cause_repeats_the_value_of_the_request() -> None:
    text = f"Invalid parameter: redirect_uri\n\n{AUTHORIZE}"
    titles = [finding.title for finding in diagnose_text(text)[1].explanation.findings]
    assert "`redirect_uri` isn't one of the redirect URIs that are registered for the client: `https://a.example/cb`" in titles


def test_a_cause_that_says_the_same_as_a_rule_is_not_shown_again() -> None:
    body = '{"grant_type":"authorization_code","code":"abc","redirect_uri":"https://a.example/cb","client_id":"6c12dff4"}'
    request = f"curl -X POST https://ehr.example.org/oauth2/token -H 'Content-Type: application/json' -d '{body}'"
    diagnosis = diagnose_text(f'{request}\n\n{{"error": "unsupported_grant_type"}}')[1]
    assert [finding.id for finding in diagnosis.explanation.findings if finding.severity == "error"] == [
        "token-wrong-content-type"
    ]
    assert diagnosis.causes


@for_each("dots", ["...", "…"])
def test_a_value_that_was_shortened_for_the_paste_is_not_a_fault(dots: str) -> None:
    assertion = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=eyJ"
    body = f"grant_type=client_credentials&scope=system%2FPatient.rs&{assertion}{dots}"
    assert "assertion-not-jwt" not in ids(f"POST https://ehr.example.org/token\n{body}")
    assert "assertion-not-jwt" in ids(f"POST https://ehr.example.org/token\n{body.removesuffix(dots)}")


def test_the_corrected_request_corrects_the_exchange_with_the_worst_finding() -> None:
    registration = (
        '{"client_name": "A", "redirect_uris": ["https://a.example/cb"], "scope": "launch/patient patient/Patient.rs"}'
    )
    wrong = AUTHORIZE.replace("https%3A%2F%2Fa.example%2Fcb", "https%3A%2F%2Fa.example%2Fcb%2F")
    for text in (f"{registration}\n\n{wrong}\n\nIt is refused.", f"It is refused:\n\n{wrong}\n\n{registration}"):
        evidence, diagnosis = diagnose_text(text)
        assert diagnosis.explanation.findings[0].id == "redirect-uri-trailing-slash"
        assert diagnosis.corrected is not None
        assert (evidence["kind"], diagnosis.stage, diagnosis.corrected["kind"]) == (
            "authorize_url",
            "authorize",
            "authorize_url",
        )
        assert diagnosis.corrected["url"] == AUTHORIZE
