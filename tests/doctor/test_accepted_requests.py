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
