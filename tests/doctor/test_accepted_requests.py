"""A token request that a text shows with its tokens was accepted, and a variable stands for a token."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.text import diagnose_text

EXCHANGE = (
    'curl -X POST https://ehr.example.org/token -d "grant_type=urn:ietf:params:oauth:grant-type:token-exchange" '
    '-d "subject_token=abc"\n\n'
)
TOKENS = '{"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "scope": "openid"}\n\n'


def errors(text: str) -> list[str]:
    return [finding.id for finding in diagnose_text(text)[1].explanation.findings if finding.severity == "error"]


def test_a_token_request_that_got_tokens_has_no_fault() -> None:
    assert "client-id-missing-in-body" in errors(EXCHANGE)
    assert errors(f"{EXCHANGE}yields:\n\n{TOKENS}") == []


def test_tokens_say_nothing_about_a_request_that_follows_them_or_has_an_error() -> None:
    assert errors(f"{TOKENS}Then I sent\n\n{EXCHANGE}") != []
    assert errors(f'{EXCHANGE}{TOKENS}Later it was\n\n{{"error": "invalid_client"}}') != []


def test_nothing_is_to_be_compared_for_a_request_that_got_tokens() -> None:
    assert diagnose_text(f"{EXCHANGE}yields:\n\n{TOKEN_TEXTS}")[1].causes == ()


TOKEN_TEXTS = (
    'token=$(az account get-access-token --query accessToken -o tsv)\ncurl {url} -H "Authorization: Bearer $token"',
    'curl {url} -H "Authorization: Bearer ${{ACCESS_TOKEN}}" -H "Accept: application/fhir+json"',
    "fetch('{url}', {{headers: {{Authorization: `Bearer ${{token}}`}}}})",
    "requests.get('{url}', headers={{'Authorization': f'Bearer {{token}}'}})",
    "axios.get('{url}', {{headers: {{'authorization': 'Bearer ' + token}}}})",
)


@for_each("code", TOKEN_TEXTS)
def test_a_variable_for_a_token_is_not_taken_for_sample_text(code: str) -> None:
    _, diagnosis = diagnose_text(code.format(url="https://fhir.example.org/r4/Patient/1"))
    assert [finding.id for finding in diagnosis.explanation.findings if finding.severity != "info"] == []


READ = "curl -s 'https://fhir.example.org/r4/Patient/1'"
PATIENT = '{"resourceType": "Patient", "id": "1"}'


def refusals(text: str) -> list[str]:
    return [finding.id for finding in diagnose_text(text)[1].explanation.findings if finding.severity != "info"]


@for_each("below", [PATIENT, f"HTTP/1.1 200 OK\nContent-Type: application/fhir+json\n\n{PATIENT}"])
def test_a_read_with_its_resource_directly_below_it_lacks_no_token(below: str) -> None:
    assert "fhir-token-missing" in refusals(f"{READ}\nHTTP/1.1 401")
    assert refusals(f"{READ}\n\n{below}") == []


def test_a_resource_after_other_words_or_an_outcome_is_no_answer_to_a_read() -> None:
    assert "fhir-token-missing" in refusals(f"{READ}\n\nto create next, but it is forbidden:\n\n{PATIENT}")
    assert (
        refusals(f'{READ}\n\n{{"resourceType": "OperationOutcome", "issue": [{{"severity": "error", "code": "login"}}]}}') != []
    )


TEMPLATES = "GET https://{{host}}/fhir/Patient?_id={{id}}&birthdate={{day}}"


@for_each("around", ["", "### Search\n# https://docs.example.org/search\n", "POST https://{{host}}/fhir/Patient\n\n### Read\n"])
def test_a_variable_in_double_braces_is_not_examined(around: str) -> None:
    assert refusals(around + TEMPLATES) == []


def test_a_variable_that_the_text_shows_with_an_error_may_be_its_cause() -> None:
    assert "fhir-id-invalid" in refusals(f"{TEMPLATES}\n\nHTTP/1.1 400 Bad Request")


def test_a_missing_token_is_only_advice_for_a_request_that_nobody_refused() -> None:
    assert refusals(READ) == []
    assert "fhir-token-missing" in [finding.id for finding in diagnose_text(READ)[1].explanation.findings]
