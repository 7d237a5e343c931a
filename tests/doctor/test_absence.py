"""What a text in words doesn't show of a request isn't said to be missing: people shorten requests."""

from __future__ import annotations

import re
from functools import cache

from tests.laws import for_each

from sickbay.doctor.text import diagnose_text

TOLD = "Paging of our search fails for every client that follows the links, everything else is as expected:\n\n{}\n\n{}"
FHIR = """curl 'https://ehr.example.org/r4/Patient?name=a' \\
  -H 'Accept: application/fhir+json' \\
  -H 'Authorization: Bearer xJ3kd92mQwL0pT7vRz'"""
TOKEN = """curl -X POST https://ehr.example.org/oauth2/token \\
  -H 'Content-Type: application/x-www-form-urlencoded' \\
  -H 'Authorization: Basic bXktYXBwOm15LXNlY3JldA==' \\
  -d 'grant_type=authorization_code' \\
  -d 'code=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E' \\
  -d 'redirect_uri=https://app.example.org/cb' \\
  -d 'code_verifier=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'"""
AUTHORIZE = (
    "https://ehr.example.org/oauth2/authorize?response_type=code&client_id=my-app&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb"
    "&scope=openid%20fhirUser&state=k9idgCFpbJIr75aw30aA&aud=https%3A%2F%2Fehr.example.org%2Fr4"
)
PART = {
    FHIR: r" \\\n  -H '[^']*'",
    TOKEN: r" \\\n  -(?:H|d) '[^']*'",
    AUTHORIZE: r"(?<=[?&])\w+=[^&]*&?",
}
ERRORS = ("", "The log has: NullPointerException in PagingService.java", "net::ERR_NAME_NOT_RESOLVED")
SHORTENED = [
    (request, request.replace(part, "", 1), error)
    for request, pattern in PART.items()
    for part in re.findall(pattern, request)
    for error in ERRORS[: 1 + (request is FHIR)]
]


@cache
def faults(text: str) -> set[str]:
    """The IDs of the findings for which a server would refuse, and those about a token."""
    found = diagnose_text(text)[1].explanation.findings
    return {each.id for each in found if each.severity == "error" or each.id == "fhir-token-missing"}


@for_each("whole, shortened, error", SHORTENED)
def test_a_shortened_request_has_no_fault_that_the_whole_one_has_not(whole: str, shortened: str, error: str) -> None:
    assert faults(TOLD.format(shortened, error)) <= faults(TOLD.format(whole, error))


@for_each("said", ["It returns 401 Unauthorized.", "WWW-Authenticate: Bearer", "Why do I get 'access token is missing'?"])
def test_a_refusal_makes_a_missing_token_a_finding(said: str) -> None:
    shortened = FHIR.rpartition(" \\\n")[0]
    assert "fhir-token-missing" in faults(TOLD.format(shortened, said))


def test_a_parameter_that_the_text_speaks_of_is_missing() -> None:
    shortened = AUTHORIZE.replace("response_type=code&", "")
    assert "response-type-missing" in faults(TOLD.format(shortened, "The server says that response_type is needed"))
