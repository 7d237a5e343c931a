"""Every rule has a page, with its placeholders as words and an example."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.diagnosis.case import list_paths, load
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.rule import Rule, strip_facts
from sickbay.doctor.diagnose import diagnose
from sickbay.web.portal.diagnosis_views import rule_view


@for_each("rule", RULES)
def test_a_rule_page_is_complete_and_fills_every_fact(rule: Rule) -> None:
    case = load(list_paths()[rule.id])
    diagnosis = diagnose(case.refused)
    assert rule.id in {finding.id for finding in diagnosis.explanation.findings}
    page = rule_view(rule, case, diagnosis)
    assert page.id == rule.id
    assert page.prose
    assert page.refused
    assert "…" not in page.title + page.why + page.fix


@for_each("rule", RULES)
def test_a_page_without_a_case_shows_placeholders_in_angle_brackets(rule: Rule) -> None:
    page = rule_view(rule, None)
    assert "{" not in page.title + page.why + page.fix


def test_a_placeholder_is_in_angle_brackets() -> None:
    assert strip_facts("Send {expected_value}.") == "Send ‹expected_value›."
