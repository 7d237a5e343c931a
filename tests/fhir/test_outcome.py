"""OperationOutcomes of different versions."""

from __future__ import annotations

import json

from sickbay.fhir.outcome import RULES, Issue, make_outcome

ISSUE = Issue("deleted", "why", rule="fhir-date-malformed", text="title", where=("Patient.name",))


def test_the_rule_is_a_coding_and_the_explanation_is_in_diagnostics() -> None:
    (issue,) = json.loads(make_outcome("r4", [ISSUE]))["issue"]
    assert issue == {
        "severity": "error",
        "code": "deleted",
        "details": {"coding": [{"system": RULES, "code": "fhir-date-malformed"}], "text": "title"},
        "diagnostics": "why",
        "expression": ["Patient.name"],
    }


def test_dstu2_has_its_own_codes_and_location() -> None:
    (issue,) = json.loads(make_outcome("dstu2", [ISSUE]))["issue"]
    assert issue["code"] == "not-found"
    assert issue["location"] == ["Patient.name"]
    assert "expression" not in issue
