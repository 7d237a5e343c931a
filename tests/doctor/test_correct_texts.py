"""No cause is shown for a correct text, and none with an error passes as correct."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import structs
from tests.doctor.texts import KNOWLEDGE, seen_texts
from tests.laws import for_each, is_long

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.doctor.pieces import structured
from sickbay.doctor.text import diagnose_text

TOKEN_RESPONSE = '{"access_token": "abc", "token_type": "Bearer", "expires_in": 3600, "scope": "patient/*.rs"}'
CORRECT = (
    "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=7d1c&response_type=code&state=8kw9y7y"
    "&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcallback&scope=openid%20offline_access&code_challenge_method=S256",
    "https://app.example.org/callback?code=4%2F0AVMBsJi4bQy65o7JGTL3f1PMt8rrdY&scope=email+openid&state=d5X5lRTa",
    '{"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0", "jwks_uri": "https://login.microsoftonline.com/keys"}',
    '{"access_token": "ya29.a0", "expires_in": 3599, "refresh_token": "1//0g", "token_type": "Bearer", "scope": "openid"}',
    "curl -X POST https://clinic.auth.us-east-1.amazoncognito.com/oauth2/token -H 'Content-Type: "
    "application/x-www-form-urlencoded' -d 'grant_type=client_credentials&scope=clinic/read'",
    "curl -H 'Authorization: Bearer eyJhbGciOi' https://clinic.fhir.azurehealthcareapis.com/Patient?birthdate=1980-05-02",
    TOKEN_RESPONSE,
    '{"access_token": "oQlduHNr09GKCU506GOgp8OarrAy2q", "expires_in": 16768.52, "token_type": "Bearer", '
    '"scope": "patient/Coverage.read", "refresh_token": "wDimPGoA8vwXP51kie71vpsy9l17HN", '
    '"access_grant_expiration": "2035-09-05 19:17:53Z"}',
)
VARIABLES = (
    'payload := map[string]string{"grant_type": "client_credentials", "client_assertion_type": '
    '"urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": signedToken}',
    "new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.rs', client_assertion_type: "
    "'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: signedToken })",
)
"""Code of correct requests with variables, whose values the text doesn't show."""


def shown_causes(text: str) -> list[str]:
    """The findings that come from the knowledge, and not from rules, and the causes that are listed because none leads."""
    diagnosis = diagnose_text(text)[1]
    ids = [found.id for found in diagnosis.explanation.findings]
    return [id for id in ids if id in KNOWLEDGE.causes] + [cause.id for cause in diagnosis.causes if UNEXPLAINED in ids]


@for_each("text", CORRECT)
def test_a_correct_text_shows_no_cause(text: str) -> None:
    assert shown_causes(text) == []


@for_each("text", VARIABLES)
def test_a_variable_is_not_taken_for_a_value(text: str) -> None:
    assert [found.id for found in diagnose_text(text)[1].explanation.findings] == []


def test_variables_keep_their_order() -> None:
    """Otherwise the corrected request would be another one each time."""
    names = ["client_id", "refresh_token", "client_secret", "code_verifier", "redirect_uri", "code"]
    text = "send({grant_type: 'refresh_token', " + ", ".join(f"{name}: {name}" for name in names) + "})"
    (found,) = structured.find_objects(text)
    assert [*found.values] == ["grant_type", *names]


def test_the_name_of_a_profile_is_no_request() -> None:
    text = "meta.profile is https://fhir.kbv.de/StructureDefinition/KBV_PR_EAU_Condition_ICD|1.0.2\nHTTP 422 Unprocessable"
    assert "fhir-id-invalid" not in [found.id for found in diagnose_text(text)[1].explanation.findings]


def test_the_status_behind_an_address_is_not_part_of_it() -> None:
    text = "GET https://fhir.example.org/r4/Patient/123 404"
    assert "fhir-not-found" in shown_causes(text)


def test_a_request_that_fails_in_two_words_does_not_pass_as_correct() -> None:
    assert diagnose_text("GET https://ehr.example.org/fhir/Condition?patient=1 fails, returns []")[1].verdict.exit_code != 0


def test_correct_texts_of_users_show_no_cause(shared: Path) -> None:
    lines = (shared / "cases" / "realworld" / "fine_open.jsonl").read_text(encoding="utf-8").splitlines()
    shown = {line["id"]: causes for line in map(json.loads, lines) if (causes := shown_causes(line["paste"]))}
    assert shown == {}


@for_each(
    "text",
    [
        'Gateway: {"code": "900908", "message": "Resource forbidden", "description": "Subscription validation failed."}',
        "<am:fault><am:code>900900</am:code><am:message>Unclassified Authentication Failure</am:message></am:fault>",
        'HealthLake: {"Message": "User: app is not authorized to perform: healthlake:ReadResource"}',
        '[notice] OpenEMR: OAuthServerException {"stack": "#0 authorize.php(73)"}',
        'POST https://ehr.example.org/oauth2/token\n{"message": "Bad credentials", "id": 7}',
        "const keys = jose.createRemoteJWKSet(new URL(address));\ncode: 'ERR_JWKS_INVALID'",
        "When I run my client it returns me: Custom { kind: InvalidData, error: AlertReceived(HandshakeFailure) }",
        "Always 401\ncurl https://ehr.example.org/fhir/Patient/1 -H 'Authorization: Bearer abc'",
        'Get "https://ehr.example.org/.well-known/smart-configuration": http: server gave a new answer',
    ],
)
def test_a_text_that_names_a_problem_in_any_format_does_not_pass_as_correct(text: str) -> None:
    assert diagnose_text(text, knowledge=structs.replace(KNOWLEDGE, causes={}))[1].verdict.exit_code != 0


@for_each(
    "text",
    [
        '{"resourceType": "CapabilityStatement", "status": "draft", "description": "It provides none and must not fail."}',
        '{"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "diagnostics": "Missing"}]}',
        '{"services": [{"hook": "patient-view", "id": "greeter", "description": "Says nothing wrong"}]}',
        '{"hookInstance": "d1577c69", "hook": "patient-view", "context": {"note": "no error"}}',
        'GET https://a.example/job/1\n\nHTTP/1.1 200 OK\n\n{"output": [], "error": []}',
    ],
)
def test_words_within_a_resource_or_a_response_are_no_problem_that_a_text_reports(text: str) -> None:
    assert diagnose_text(text)[1].verdict.exit_code == 0


@for_each("address", ["/ValueSet/$expand?url=a&count=1", "{{base}}/Patient/1/$everything?start=2", "Patient/$match?x=1"])
def test_an_operation_at_an_address_without_a_version_is_read(address: str) -> None:
    assert diagnose_text(f"GET {address}\n\nHTTP/1.1 500 Internal Server Error")[1].verdict.exit_code == 1


def test_no_text_with_an_error_passes_as_correct() -> None:
    texts = [seen.text for seen in seen_texts()[:: 1 if is_long() else 25]]
    assert [text for text in texts if not diagnose_text(text)[1].explanation.findings] == []


@for_each(
    "text",
    [
        "args:\n  - --provider=oidc\n  - --cookie-name=_a\n  - --cookie-samesite=lax",
        "clientID: 'argocd'\nclientSecret: 'insecure_secret'\nrequestedScopes:\n  - 'openid'\n  - 'email'",
        "InstanceOf: Bundle\n* type = #transaction\n* entry[+].request.method = #PUT\n* entry[=].request.url = 'Task/1'",
    ],
)
def test_settings_without_a_word_of_a_problem_show_no_cause_and_do_not_pass_as_correct(text: str) -> None:
    assert shown_causes(text) == []
    assert diagnose_text(text)[1].verdict.exit_code == 2
    assert shown_causes(f"{text}\n\nThe cookie isn't sent, and I get invalid_state.") != []


def test_an_invalid_resource_does_not_pass_as_correct() -> None:
    resource = '{"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": %s}'
    assert diagnose_text(resource % '{"reference": "Patient/1"}')[1].verdict.exit_code == 0
    assert shown_causes(resource % '"Patient/1"') == ["fhir-element-not-as-defined"]


def read_texts(name: str, member: str) -> list[str]:
    return [json.loads(line)[member] for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()]


def test_a_report_in_the_form_of_documentation_is_read() -> None:
    """People write headings, tables, steps, wishes and questions around an error that came."""
    assert [text for text in read_texts("reports.jsonl", "text") if diagnose_text(text)[1].verdict.exit_code != 1] == []


def test_correct_requests_and_responses_of_many_products_have_only_advice() -> None:
    diagnoses = {text: diagnose_text(text)[1] for text in read_texts("correct_texts.jsonl", "paste")}
    found = {text: [each.id for each in it.explanation.findings if each.severity != "info"] for text, it in diagnoses.items()}
    assert [text for text, it in diagnoses.items() if it.has_problem or found[text]] == []
