"""What a text shows leaves out what says nothing about its error."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.text import diagnose_text

ISSUES = {
    "json": '{{"resourceType": "OperationOutcome", "issue": [{}]}}',
    "lines": "{}",
}
ISSUE = {
    "json": '{{"severity": "{level}", "code": "processing", "diagnostics": "{said}"}}',
    "lines": "  {level} @ Bundle.entry[1].resource.ofType(Immunization) (line 63, col21) : {said}",
}
MISSING = "Immunization.occurrence[x]: minimum required = 1, but only found 0"
UNKNOWN_SLICE = "This element does not match any known slice defined in the profile http://example.org/StructureDefinition/card"


@for_each("form", ISSUES)
@for_each("level", ["warning", "information"])
@for_each("is_first", [True, False])
def test_a_milder_issue_does_not_explain_an_error(form: str, level: str, is_first: bool) -> None:
    issues = [ISSUE[form].format(level="error", said=MISSING), ISSUE[form].format(level=level, said=UNKNOWN_SLICE)]
    text = ISSUES[form].format({"json": ", ", "lines": "\n"}[form].join(issues[::-1] if is_first else issues))
    assert diagnose_text(text)[1].explanation.findings[0].id == "fhir-element-missing"
