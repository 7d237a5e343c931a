"""Correct requests of many client libraries raise no finding above info, without any knowledge of server and registration."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from tests.diagnosis.client_authorize_requests import AUTHORIZE
from tests.diagnosis.client_requests import FHIR, TOKEN, URLS, paste
from tests.diagnosis.client_values import Values
from tests.doctor.test_prose import GUIDE
from tests.doctor.texts import claims
from tests.laws import for_each

from sickbay.doctor.text import diagnose_text

SEED = 20_261_127
POST = "POST /token HTTP/1.1\nHost: a.example\nContent-Type: application/x-www-form-urlencoded\n"


AUTHORIZE_QUERY = (
    "client_id=flux&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fcb&response_type=code&state=8e896a59f0744a8e93bf2f1f13230be5"
    "&code_challenge=Ds-QWGn89NeT5jpmHLPA3z3oy59hOkbA03B1QS13_CY&code_challenge_method=S256"
)


def ids(text: str) -> list[str]:
    return [finding.id for finding in diagnose_text(text)[1].explanation.findings]


def alarms(count: int, first: int) -> list[str]:
    """The findings above info, of `count` requests, with the library and the text that raised them."""
    found = []
    for number in range(first, first + count):
        request = paste(Values(SEED + number))
        diagnosis = diagnose_text(request.text)[1]
        loud = [finding.id for finding in diagnosis.explanation.findings if finding.severity != "info"]
        if loud or diagnosis.has_problem:
            found.append(f"{request.library}: {loud or diagnosis.recognised}: {request.text[:700]}")
    return found


def test_30_correct_requests_raise_no_alarm() -> None:
    assert alarms(30, 0) == []


@pytest.mark.prove
def test_10_000_correct_requests_raise_no_alarm() -> None:
    assert alarms(10_000, 500) == []


def test_the_requests_come_from_every_library() -> None:
    libraries = Counter(paste(Values(SEED + number)).library for number in range(500))
    assert {make.__name__ for make in (*AUTHORIZE, *TOKEN, *FHIR, *URLS)} == set(libraries)


@for_each(
    "url",
    [
        "Encounter?subject=Patient/<patient id>",
        "Encounter?status=finished&subject=Patient/[id]",
        "Patient/<id>",
        "Patient/{id}",
    ],
)
def test_a_placeholder_in_a_sentence_is_not_a_wrong_value(url: str) -> None:
    assert ids(f"How do I search `https://ehr.example.org/fhir/{url}` without getting an error?") == []


@for_each("place", ["{{groupId}}", "{groupId}", "<group id>", ":id"])
def test_a_variable_in_the_path_of_an_example_is_not_a_wrong_id(place: str) -> None:
    example = f"### Group Export\nGET https://{{{{hostname}}}}/Group/{place}/$export\nAccept: application/fhir+json"
    assert "fhir-id-invalid" not in ids(example)
    assert "fhir-id-invalid" in ids(example.replace(place, "group_1"))


@for_each("compared", ["error.error === 'login_required'", 'body["error"] == "login_required"', "case 'login_required':"])
def test_a_code_that_a_program_compares_with_is_not_an_error(compared: str) -> None:
    assert not diagnose_text(f"try {{ await signIn() }} catch (error) {{ if ({compared}) return retry() }}")[1].answers


@for_each(
    "library, before, after",
    [
        ("fhirclient", "aud=", "audience="),
        ("fhirclient", "response_type=code", "response_type=kode"),
        ("msal", "redirect_uri=", "redirect_url="),
        ("golang", "S256", "plain"),
        ("code_grant", "authorization_code", "code"),
        ("fhir", "Bearer ", "Bearer: "),
    ],
)
def test_a_fault_in_such_a_request_is_reported(library: str, before: str, after: str) -> None:
    requests = (paste(Values(SEED + number)) for number in range(500))
    text = next(request.text for request in requests if request.library == library)
    diagnosis = diagnose_text(text.replace(before, after))[1]
    assert diagnosis.has_problem


def test_a_request_that_the_text_shows_with_its_success_lacks_nothing() -> None:
    sent = "GET https://ehr.example.org/r4/Patient/1 HTTP/1.1\nAccept: application/fhir+json\n\n"
    patient = '{"resourceType": "Patient", "id": "1"}'
    assert ids(f"{sent}HTTP/1.1 200 OK\nContent-Type: application/fhir+json\n\n{patient}") == []
    assert "fhir-token-missing" in ids(f"{sent}HTTP/1.1 401 Unauthorized\n\n")


@for_each(
    "sent",
    ["POST {}/Subscription HTTP/1.1\nContent-Type: application/fhir+json", "DELETE {}/Patient/1?_cascade=delete HTTP/1.1"],
)
def test_what_only_this_server_does_not_offer_is_no_fault_of_a_request_to_another(sent: str) -> None:
    token = "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
    found = ids(f"{sent.format('https://ehr.example.org/r4')}\n{token}\n\n")
    assert not {"fhir-subscription-unsupported", "fhir-delete-cascade"} & {*found}


@for_each("status", ["409 Conflict", "410 Gone", "412 Precondition Failed", "422 Unprocessable Entity"])
def test_a_server_that_looked_at_the_resource_did_not_lack_the_token(status: str) -> None:
    sent = "DELETE https://ehr.example.org/r4/Patient/1 HTTP/1.1\nAccept: application/fhir+json\n\n"
    assert "fhir-token-missing" not in ids(f"{sent}HTTP/1.1 {status}\n\n")


@for_each("said, is_advised", [("Failed to call method: java.lang.NullPointerException", False), ("Not authorized", True)])
def test_a_server_that_reports_another_fault_did_not_lack_the_token(said: str, is_advised: bool) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing", "diagnostics": said}]}
    sent = "GET /fhir/ValueSet/$expand?url=a HTTP/1.1\nHost: tx.example.org\nAccept: application/fhir+json\n\n"
    assert ("fhir-token-missing" in ids(sent + json.dumps(outcome, indent=2))) == is_advised


def test_a_resource_with_elements_of_two_versions_has_none_that_is_wrong_in_all() -> None:
    resource = '{"resourceType": "MedicationRequest", "status": "active", "intent": "order", %s}'
    mixed = '"medicationReference": {"reference": "Medication/1"}, "reason": [{"concept": {"text": "pain"}}]'
    assert "fhir-element-not-as-defined" not in claims(f"It fails to store the resource:\n\n{resource % mixed}")
    wrong = mixed.replace('{"reference": "Medication/1"}', '"Medication/1"')
    assert "fhir-element-not-as-defined" in claims(f"It fails to store the resource:\n\n{resource % wrong}")


def test_an_object_literal_of_a_program_is_not_validated_as_a_resource() -> None:
    resource = '{"resourceType": "Patient", "contact": {"gender": "male"}}'
    literal = "const it = {resourceType: 'Parameters', parameter: [{name: 'a', valueString: 'x'}, {name: 'b'}]};"
    assert "fhir-element-not-as-defined" in claims(f"It fails to store the resource:\n\n{resource}")
    assert "fhir-element-not-as-defined" not in claims(f"It fails to store the resource:\n\n{literal}")


def loud(text: str) -> list[str]:
    return [each.id for each in diagnose_text(text)[1].explanation.findings if each.severity != "info"]


def test_a_request_that_succeeded_has_only_advice() -> None:
    """An empty secret is a fault at some servers, but not at the one that has answered with a token."""
    sent, got = (
        f"{POST}\ngrant_type=client_credentials&client_id=app&client_secret=&scope=system/Patient.rs",
        '{"access_token": "a"}',
    )
    assert "client-secret-empty" in claims(sent)
    assert loud(f"I post this:\n{sent}\n\nHTTP/1.1 200 OK\nContent-Type: application/json\n\n{got}") == []


@for_each(
    "said",
    [
        "POST /token HTTP/1.1\nHost: a.example\nContent-Type: application/x-www-form-urlencoded\n\n"
        "client_id=app&client_secret=c2VjcmV0MTIz&\n\ngrant_type=client_credentials&scope=system/*.rs",
        "POST https://a.example/v1/device/authorize\nContent-Type: application/x-www-form-urlencoded\n\nclient_id=app&scope=a",
        "https://a.example/oauth2/v1/bc/authorize?scope=openid&binding_message=Test",
        'curl -d "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
        '&client_assertion=eyJhbGciOi...abc.def" https://a.example/token',
        "https://a.example/authorize?response_type=code&client_id=app&resource=urn:a&redirect_uri=https://b.example/cb&state=abcdefgh",
        "POST https://a.example/register\nAuthorization: Bearer abc\nContent-Type: application/json\n\n"
        '{"client_name": "a", "grant_types": ["client_credentials"]}',
        'POST /fhir/CustomUser\n\n{"resourceType": "CustomUser", "name": [{"text": "a"}], "field": 1}',
        "$code_challenge = rtrim(strtr(base64_encode(hash('sha256', $verifier, true)), '+/', '-_'), '=');\n"
        "$url = $endpoint.'?'.http_build_query(['response_type' => 'code', 'client_id' => $_ENV['CLIENT'],\n"
        "  'state' => $_SESSION['s'], 'redirect_uri' => $_ENV['REDIRECT'],\n"
        "  'code_challenge' => $code_challenge, 'code_challenge_method' => 'S256']);",
        'client.request("ResourceType/id")\nclient.user.read()\nclient.patient.read()',
    ],
)
def test_what_documentation_shows_has_no_false_fault(said: str) -> None:
    findings = diagnose_text(said)[1].explanation.findings
    assert {found.id for found in findings if found.severity != "info"} <= {"aud-missing", "scope-missing"}


@for_each(
    "said",
    [
        "Fixed that the audience doesn't match if the token has several.",
        "A token without a signature must be rejected: No matching key found.",
        "raise ValueError('Signature verification failed')",
        "    raise errors.UnsupportedGrantTypeError(request=request)",
        "It SHALL return a `404 Not Found` error if the job was deleted.",
        "Version 6 answers `413 Request Entity Too Large` above 1 MiB.",
        'logger.Errorf("Error retrieving session from token: %v", err)',
        "Here is an example:\nhttps://app.example/callback?error=invalid_client\nOther codes: invalid_grant, invalid_request.",
    ],
)
def test_what_documentation_says_may_happen_did_not_happen(said: str) -> None:
    guide = f"# Tokens of version 2\n\n{GUIDE}\n{said}\n"
    assert diagnose_text(guide)[1].verdict.exit_code == 2
    assert claims(f"I use version 2, and my app shows this.\n\n{guide}")


@for_each(
    "said",
    [
        "A path returns 401 for an invalid token or an old one, is there a way to know whether it was the latter? Thanks,",
        "As an engineer, I want to call $export so that I have it.\n\n1. Verify that `501 Not Implemented` is returned.",
        "Features\n\n  • return HTTP 401 on some paths instead of a redirect\n  • reconnect to Redis after an I/O failure",
    ],
)
def test_a_status_in_a_question_or_a_requirement_did_not_come(said: str) -> None:
    assert diagnose_text(said)[1].verdict.exit_code == 2
    assert diagnose_text(f"I get this from my server. {said}")[1].verdict.exit_code == 1


@for_each(
    "text",
    [
        'Feature: tokens\n\nScenario: A code that is wrong\nGiven I send a wrong code\nThen I get a "400" and invalid_grant',
        "### User story\n\nAs a developer, I want roles so that only admins get in.\n\n1. Others are denied with 403.",
        "tests/test_jwt.py::test_wrong_audience_is_refused PASSED [ 66%]\ntests/test_jwt.py::test_expired_token PASSED [ 67%]",
        "    def test_wrong_redirect_uri(self):\n        self.assertRaises(errors.MismatchingRedirectURIError, self.validate)",
        'get :index\n\nassert_equal "401", response.code',
        "### AADSTS700016: Application not found\n\n**Cause:** The client ID is wrong.\n\n**Solution:** Compare it.",
        '#### POST /par error response\n\nIt has this form:\n\n{"error": "invalid_request", "error_description": "Bad URI"}',
        '== Failures\n\nThe token may be too old.\n\nHTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer error="invalid_token"',
        'The callback may have an error.\n<REDIRECT>?error=<CODE>\n{\n"error": <CODE>\n}\nhttps://a.example/cb?error=invalid_client',
        "jwks_bad_key\n\nThe key is bad\n\nThe kid is in no key.\n\njwks_no_url\n\nNo JWKS URL\n\nIt can't be read.\n\n",
        "Before: Unhandled error, the server returns 500.\n\nAfter: The error is handled, and the server returns 400.",
        "Please add a sample of the error handling page that the server can open.\n\n  # The error UI.\n  error: https://my.app/error",
        "Updated the description of the `unsupported_grant_type` error, because it lacked one of the grant types.",
        "Fix the migration and add an error\n\nIt destroyed data. Also added a 400 Bad Request error for no values.",
    ],
)
def test_a_specification_a_test_and_an_answer_to_a_frequent_question_report_nothing(text: str) -> None:
    assert diagnose_text(text)[1].verdict.exit_code == 2
    told = "2026-12-03 10:00:00 ERROR token request failed: invalid_grant The code has expired"
    assert diagnose_text(f"{told}\n\n{text}")[1].verdict.exit_code == 1


@for_each("page", ["https://github.com/Company/project#error-messages", "https://learn.example/Azure/active-directory"])
def test_a_page_whose_path_begins_with_a_capital_is_no_fhir_request(page: str) -> None:
    assert (
        diagnose_text(f"The section on error messages at {page} is helpful, but where do they come from?")[1].recognised == []
    )
    assert diagnose_text("What is wrong with https://fhir.example/r4/Patients?_count=5 here?")[1].has_problem


def test_a_patch_whose_body_the_text_does_not_show_as_json_is_not_empty() -> None:
    assert "fhir-patch-failed" not in claims("### Patch\n\nPATCH /Patient/pt-1\n\n- op: remove\n  path: /name/1\n")


@for_each(
    "sent",
    ["<base64(client_id:client_secret)>", "base64(id:secret)", "{{auth}}", "[encoded credentials]", "$(printf id:secret)"],
)
def test_words_for_the_credentials_are_not_sent(sent: str) -> None:
    text = 'It fails.\n\n{}Authorization: Basic {}\n\ngrant_type=client_credentials\n\n{{"error": "invalid_client"}}'
    curl = "The token request fails: curl https://a.example/token -H 'Authorization: Basic {}' -d grant_type=client_credentials"
    unencoded = {"basic-malformed", "code-basic-not-base64"}
    assert unencoded.isdisjoint(claims(text.format(POST, sent)))
    assert unencoded & claims(text.format(POST, "flux:capacitor"))
    assert "base64" not in sent or unencoded.isdisjoint(claims(curl.format(sent)))
    assert unencoded & claims(curl.format("flux:capacitor"))


@for_each(
    "said",
    [
        "Would you accept a PR?",
        "This is not a bug, but the documentation could say more.",
        "It would be nice to have an option for it.",
        "Could you please add an example?",
    ],
)
def test_a_proposal_is_no_report_of_a_problem(said: str) -> None:
    about = "Our token has expired sometimes in a queue, with clock skew. The client subtracts expires_in from the local time."
    assert diagnose_text(f"{about}\n\n{said}")[1].verdict.exit_code == 2
    for failure in ("The refresh fails.", "It Fails."):
        assert diagnose_text(f"{about} {failure}\n\n{said}")[1].verdict.exit_code == 1


SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"


@for_each(
    "value, has_no_bar",
    [
        ("http://loinc.org/8480-6", True),
        (f"{SYSTEM}/laboratory", True),
        (SYSTEM, False),
        ("http://snomed.info/sct", False),
        ("http://loinc.org", False),
        ("http://loinc.org|8480-6", False),
    ],
)
def test_a_code_after_its_system_is_told_from_the_system(value: str, has_no_bar: bool) -> None:
    found = claims(f"The link is wrong for this search: https://fhir.example.org/r4/Observation?code={value}&_page=2")
    assert ("fhir-search-system-without-bar" in found) is has_no_bar


def test_a_server_that_needs_no_aud_is_not_missing_it() -> None:
    sent = f"/v2/o/authorize/?{AUTHORIZE_QUERY}&scope=patient%2FPatient.rs"
    assert not {"aud-missing", "scope-patient-without-context"} & claims(f"https://sandbox.bluebutton.cms.gov{sent}")
    assert {"aud-missing", "scope-patient-without-context"} <= claims(f"https://ehr.example.org{sent}")


@for_each("path", ["CodeSystem/$lookup", "CodeSystem/sct-900/$lookup", "ValueSet/1/$validate-code"])
def test_a_code_at_an_operation_is_not_one_that_came_back_from_a_login(path: str) -> None:
    assert diagnose_text(f"http://localhost:8080/fhir/{path}?code=840539006")[1].verdict.exit_code == 0


@for_each(
    "code",
    [
        '<constraint>\n<key value="crd-1"/>\n<severity value="error"/>\n<human value="It has a status"/>\n</constraint>',
        'constraint: [{"key": "crd-1", "severity": "error", "human": "It has a status"',
        "$validator->validateRedirectUri($invalidRedirectUri);",
    ],
)
def test_the_severity_of_a_constraint_and_the_name_of_a_variable_are_no_errors(code: str) -> None:
    assert not diagnose_text(code)[1].answers
