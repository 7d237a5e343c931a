"""The `code_challenge` placeholder of a corrected request: diagnosis inserts it; live pages and the command fill it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.diagnosis.case_diagnoses import diagnose_case
from tests.laws import for_each

from sickbay.diagnosis import case, corrections, placeholders
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.corrections import fill_challenge
from sickbay.diagnosis.placeholders import PLACEHOLDER_CHALLENGE
from sickbay.diagnosis.rule import Rule
from sickbay.doctor.diagnose import diagnose
from sickbay.protocol import pkce

VERIFIER = "v" * 43
CORRECTED = case.load(case.list_paths()["pkce-missing"]).corrected or {}


def challenge(url: str) -> list[str]:
    return parse_qs(urlsplit(url).query)["code_challenge"]


@pytest.mark.parametrize("id", ["pkce-missing", "pkce-method-without-challenge", "pkce-plain", "code-verifier-in-url"])
def test_a_request_that_needs_a_new_challenge_is_corrected_with_the_placeholder(id: str) -> None:
    corrected = diagnose(case.load(case.list_paths()[id]).refused).corrected
    assert corrected
    assert challenge(corrected["url"]) == ["CODE_CHALLENGE"]


@for_each("rule", RULES)
def test_a_correction_never_introduces_the_published_example_of_rfc_7636(rule: Rule) -> None:
    example_case = case.load(case.list_paths()[rule.id])
    example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    hexadecimal = "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"
    sent = {key: value for key, value in example_case.refused.items() if key != "context"}
    if example not in str(sent) and hexadecimal not in str(sent):
        corrected = {key: value for key, value in (diagnose_case(rule.id).corrected or {}).items() if key != "context"}
        assert example not in str(corrected)


def test_filling_replaces_the_placeholder_with_the_challenge_of_the_verifier() -> None:
    filled = fill_challenge(CORRECTED, VERIFIER)
    assert filled
    assert challenge(filled["url"]) == [pkce.make_challenge(VERIFIER)]
    assert challenge(CORRECTED["url"]) == ["CODE_CHALLENGE"]
    assert filled == {**CORRECTED, "url": CORRECTED["url"].replace("CODE_CHALLENGE", pkce.make_challenge(VERIFIER))}


def test_filling_replaces_the_placeholder_in_a_form_body() -> None:
    sent = {"url": "https://ehr.example.org/authorize", "body": "code_challenge=CODE_CHALLENGE&code_challenge_method=S256"}
    filled = fill_challenge(sent, VERIFIER)
    assert filled
    assert filled["body"] == f"code_challenge={pkce.make_challenge(VERIFIER)}&code_challenge_method=S256"


@pytest.mark.parametrize(
    "sent", [{}, {"url": "http://a/?state=CODE_CHALLENGE"}, {"url": "http://a/?code_challenge=CODE_CHALLENGE2", "body": None}]
)
def test_nothing_is_filled_if_there_is_no_placeholder(sent: dict[str, str | None]) -> None:
    assert fill_challenge(sent, VERIFIER) is None


def test_a_pasted_request_that_still_has_the_placeholder_gets_a_finding() -> None:
    findings = {finding.id: finding for finding in diagnose(CORRECTED).explanation.findings}
    assert findings["value-is-placeholder"].facts["names"] == ["code_challenge"]
    assert PLACEHOLDER_CHALLENGE in findings["value-is-placeholder"].title


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([("state", placeholders.EXAMPLE_STATE)], "state is an example value. Generate a random one for each request."),
        (
            [("state", placeholders.EXAMPLE_STATE), ("nonce", placeholders.EXAMPLE_NONCE)],
            "state and nonce are example values. Generate a random one for each request.",
        ),
        ([("state", "of-the-app"), ("nonce", placeholders.EXAMPLE_STATE)], ""),
    ],
)
def test_an_inserted_example_is_called_an_example(sent: list[tuple[str, str]], expected: str) -> None:
    assert corrections.example_note(sent) == expected
