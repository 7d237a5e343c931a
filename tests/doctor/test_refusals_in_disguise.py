"""A refusal that has no error status is a problem too: a redirect to a login page, and an outcome that only informs."""

from __future__ import annotations

import json
from itertools import product

from tests.laws import cases, for_each

from sickbay.diagnosis.answers.values import REFUSING
from sickbay.doctor.text import diagnose_text
from sickbay.doctor.verdict import Verdict

REQUESTS = (
    "GET https://ehr.example.org/fhir/r4/Patient/1\nAccept: application/fhir+json\n\n",
    "POST https://ehr.example.org/oauth2/token\n\ngrant_type=client_credentials&client_id=a\n\n",
    "I call https://ehr.example.org/api/patients and expect JSON.\n",
    "curl -i https://ehr.example.org/api/v1/tags -H 'Authorization: Bearer abc'\n",
)
PAGES = ("/login", "/Account/Login?ReturnUrl=%2Ffhir", "/sign-in", "/users/sign_in", "/sso/start", "/logon.aspx")
SHOWN = (
    "HTTP/1.1 {status} Found\nLocation: {page}\n",
    "< HTTP/1.1 {status}\n< content-length: 0\n< location: {page}\n",
    "The answer is {status} -> {page}\n",
)
LOGIN = (
    "https://ehr.example.org/oauth2/authorize?response_type=code&client_id=a&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb"
)


def exit_code(text: str) -> int:
    return diagnose_text(text)[1].verdict.exit_code


def test_a_redirect_of_an_api_to_a_login_page_is_a_problem() -> None:
    texts = [
        request + shown.format(status=status, page=f"https://ehr.example.org{page}")
        for request in REQUESTS
        for page in PAGES
        for shown in SHOWN
        for status in (301, 302, 303, 307)
    ]
    assert [text for text in cases(texts) if exit_code(text) != 1] == []


def test_a_redirect_of_a_login_or_to_another_page_is_none() -> None:
    shown = SHOWN[0].format(status=302, page="https://ehr.example.org/login?session=1")
    moved = SHOWN[0].format(status=301, page="https://ehr.example.org/fhir/r4/Patient/1")
    causes = [diagnose_text(text)[1].explanation.findings for text in (f"GET {LOGIN}\n{shown}", REQUESTS[0] + moved)]
    assert "http-api-redirects-to-login" not in [finding.id for findings in causes for finding in findings]


def test_an_outcome_that_refuses_is_an_error_whatever_its_severity_is() -> None:
    for code in REFUSING:
        for severity in ("information", "warning", "error", "fatal"):
            outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}
            diagnosis = diagnose_text(json.dumps(outcome))[1]
            assert (diagnosis.verdict, diagnosis.answers[0].code) == ("error", code), (code, severity)
            assert "of severity error" not in " ".join(diagnosis.recognised)


def test_an_outcome_that_informs_about_something_else_is_none() -> None:
    for code in ("informational", "success", "suppressed", "not-found"):
        outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": code}]}
        assert diagnose_text(json.dumps(outcome))[1].answers == ()


SEARCHES = ("https://fhir.example.org/r4/Patient?name=Peters", "GET /r4/Patient?name=Peters")
SAID = ('Unknown sort parameter name "family"', "The thing is odd", "Value set is unknown")


@for_each("status", (400, 422, 500))
def test_a_line_with_a_status_below_the_request_is_an_error_whatever_it_says(status: int) -> None:
    for request, said in product(SEARCHES, SAID):
        assert diagnose_text(f"{request}\n\n{status} {said}\n")[1].verdict is Verdict.ERROR
    assert diagnose_text(f"{SEARCHES[0]}\n\n{status} More patients were found\n")[1].verdict is not Verdict.ERROR
