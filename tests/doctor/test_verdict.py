"""One function decides what the command's exit code, its JSON and the page say about a text."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import cases, for_each

from sickbay.cli import doctor as command
from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.rule import Rule
from sickbay.doctor.diagnose import NO_FAULT_FOUND, Diagnosis
from sickbay.doctor.text import diagnose_text
from sickbay.doctor.verdict import Verdict, decide
from sickbay.services.redaction import pasted_diagnosis
from sickbay.web.portal.diagnosis_views import VERDICT_TAGS, examine

EPIC = "OAuth2 Error\nSomething went wrong trying to authorize the client. Please try logging in again."
FHIRCLIENT = 'FHIR.oauth2.authorize({clientId: "my-app", scope: "launch openid patient/*.read", redirectUri: "./app.html"});'
URL = (
    "https://ehr.example.org/authorize?response_type=code&client_id=my-app&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb"
    "&scope=launch%2Fpatient+patient%2FPatient.rs&aud=https%3A%2F%2Fehr.example.org%2Ffhir&state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
)
TEXTS = {
    EPIC: Verdict.DOUBTFUL,
    FHIRCLIENT: Verdict.UNEXAMINED,
    URL: Verdict.FINE,
    URL.replace("&state=", "&x="): Verdict.REFUSED,
    '{"error": "invalid_client"}': Verdict.ERROR,
    '{"resourceType": "Patient", "id": "1"}': Verdict.UNEXAMINED,
    'Our server drops this resource without a word.\n\n{"resourceType": "Patient", "id": "1"}': Verdict.UNKNOWN,
    f"I open {URL} and my app shows a blank page. Why?": Verdict.UNKNOWN,
    f"I open {URL.replace('state=', 'state=abc123&x=')} and my app shows a blank page. Why?": Verdict.UNKNOWN,
    f"Here is the address that my app opens.\n{URL}": Verdict.FINE,
    "How do I get a patient's asthma plan?": Verdict.UNKNOWN,
    "https://ehr.example.org/fhir/Patinet?name=Smith": Verdict.UNKNOWN,
    "https://docs.example.org/errors#callback_error state mismatch": Verdict.UNKNOWN,
    "https://ehr.example.org/fhir/Patient?name=Smith": Verdict.FINE,
    "fetch('https://ehr.example.org/token', {method: 'POST', body: JSON.stringify({grant_type: 'authorization_code'})})": (
        Verdict.REFUSED
    ),
}


def test_a_request_that_may_be_anything_is_not_called_right() -> None:
    diagnosis = diagnose_text("https://ehr.example.org/fhir/Patinet?name=Smith")[1]
    assert diagnosis.summary == NO_FAULT_FOUND


def agree(text: str) -> Diagnosis:
    """The diagnosis of the text. The page and both forms of the command have to say its verdict."""
    evidence, diagnosis = diagnose_text(text)
    page = examine(text, "")
    assert page.fault or (page.verdict_kind, page.verdict) == VERDICT_TAGS[diagnosis.verdict]
    assert page.has_problem == (diagnosis.verdict.exit_code == 1)
    written, shown = pasted_diagnosis.mask_diagnosis(evidence, diagnosis), command._format_diagnosis(evidence, diagnosis)
    if diagnosis.verdict == Verdict.UNKNOWN:
        assert (page.fault or f"{page.headline} {page.help}") == written["help"] == diagnosis.help
        assert shown.startswith(diagnosis.help)
        assert written | {"findings": [], "corrected": None, "recognised": []} == written
    else:
        assert written["verdict"] == diagnosis.verdict
    assert ("No problems found" in shown) == (diagnosis.verdict == Verdict.FINE and diagnosis.begins_with_summary)
    assert diagnosis.has_problem or not ("Send this instead" in shown or diagnosis.corrected or written["corrected"])
    return diagnosis


@for_each("text", TEXTS)
def test_command_json_and_page_say_the_same(text: str) -> None:
    assert agree(text).verdict == TEXTS[text]


def test_command_json_and_page_say_the_same_for_what_people_paste(shared: Path) -> None:
    files = sorted((shared / "cases" / "realworld").glob("*.jsonl"))
    for line in cases(line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line):
        try:
            agree(json.loads(line)["paste"])
        except ValueError:
            continue


@given(st.lists(st.sampled_from(("error", "warning", "info"))), st.booleans(), st.booleans(), st.booleans())
def test_a_problem_is_never_called_fine(severities: list[str], has_error: bool, is_examined: bool, is_understood: bool) -> None:
    decided = decide(severities, has_error=has_error, is_examined=is_examined, is_understood=is_understood)
    has_problem = has_error or bool({"error", "warning"} & set(severities))
    assert decided.exit_code == (1 if has_problem else 0 if is_understood else 2)
    assert (VERDICT_TAGS[decided][0] == "passed") == (decided.exit_code == 0 and is_examined)


@for_each("rule", [rule for rule in BY_ID.values() if rule.degree == "advice"])
def test_advice_on_what_no_server_refuses_leaves_a_pasted_request_correct(rule: Rule) -> None:
    pasted = json.dumps(case.load(case.list_paths()[rule.id]).refused)
    diagnosis = agree(pasted)
    assert diagnosis.verdict == Verdict.FINE
    (finding,) = diagnosis.explanation.findings
    assert (finding.id, finding.severity) == (rule.id, "info")
    assert finding.title.startswith("Before you go live: ")


CORRECT = (
    URL,
    FHIRCLIENT,
    '{"resourceType": "Patient", "id": "1"}',
    '{"issuer": "https://ehr.example.org", "authorization_endpoint": "https://ehr.example.org/authorize", '
    '"token_endpoint": "https://ehr.example.org/token", "jwks_uri": "https://ehr.example.org/jwks"}',
    "GET https://ehr.example.org/fhir/r4/Patient/1\nAuthorization: Bearer 5fd20c6e9e3f4b\nAccept: application/fhir+json",
)
COMPLAINTS = (
    "Why does my app see a blank page?",
    "The server never answers with the patient that I asked for.",
    "ele-1: All FHIR elements must have a @value or children [Patient]",
    "Issued at time is more than 10 minutes before or after the current time, and the app fails",
    "We can't tell what is going on with it",
    "Nothing happens after that, it's stuck",
)


@for_each("correct", CORRECT)
def test_what_is_correct_passes_alone(correct: str) -> None:
    assert agree(correct).verdict.exit_code == 0


@for_each("correct, complaint, is_first", cases(product(CORRECT, COMPLAINTS, (True, False))))
def test_what_is_correct_does_not_answer_a_complaint(correct: str, complaint: str, is_first: bool) -> None:
    assert agree(f"{complaint}\n\n{correct}" if is_first else f"{correct}\n\n{complaint}").verdict.exit_code != 0


def test_every_verdict_has_its_own_words() -> None:
    assert VERDICT_TAGS.keys() == set(Verdict)
    assert len({words for _, words in VERDICT_TAGS.values()}) == len(Verdict)
