"""One function decides what the command's exit code, its JSON and the page say about a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.cli.commands import doctor as command
from sickbay.diagnosis.verdict import Verdict, verdict
from sickbay.doctor.text import diagnose_text
from sickbay.web.portal.diagnosis_views import VERDICT_TAGS
from sickbay.web.portal.doctor_examination import examine

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
    "fetch('https://ehr.example.org/token', {method: 'POST', body: JSON.stringify({grant_type: 'authorization_code'})})": (
        Verdict.REFUSED
    ),
}


def agree(text: str) -> Verdict:
    """The verdict of the text, which the page and both forms of the command have to say."""
    evidence, diagnosis = diagnose_text(text)
    page = examine(text, "")
    assert (page.verdict_kind, page.verdict) == VERDICT_TAGS[diagnosis.verdict]
    assert page.has_problem == (diagnosis.verdict.exit_code == 1)
    assert command._masked(evidence, diagnosis)["verdict"] == diagnosis.verdict
    shown = command._as_text(evidence, diagnosis)
    assert ("No problems found" in shown) == (diagnosis.verdict == Verdict.FINE and not diagnosis.explanation.findings)
    return diagnosis.verdict


@pytest.mark.parametrize("text", TEXTS)
def test_command_json_and_page_say_the_same(text: str) -> None:
    assert agree(text) == TEXTS[text]


def test_command_json_and_page_say_the_same_for_what_people_paste(shared: Path) -> None:
    files = sorted((shared / "cases" / "realworld").glob("*.jsonl"))
    for line in (line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line):
        try:
            agree(json.loads(line)["paste"])
        except ValueError:
            continue


@given(st.lists(st.sampled_from(("error", "warning", "info"))), st.booleans(), st.booleans())
def test_a_problem_is_never_called_fine(severities: list[str], has_error: bool, is_examined: bool) -> None:
    decided = verdict(severities, has_error=has_error, is_examined=is_examined)
    assert decided.exit_code == int(has_error or bool({"error", "warning"} & set(severities)))
    assert (VERDICT_TAGS[decided][0] == "passed") == (decided.exit_code == 0 and is_examined)


def test_every_verdict_has_its_own_words() -> None:
    assert VERDICT_TAGS.keys() == set(Verdict)
    assert len({words for _, words in VERDICT_TAGS.values()}) == len(Verdict)
