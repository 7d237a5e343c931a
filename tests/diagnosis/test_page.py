"""Every rule has a page, with words for its placeholders and a case that shows it."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.page import readable, rule_page


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_has_all_that_a_reader_needs(rule) -> None:
    page = rule_page(rule.id)
    assert page.example.id == page.id == rule.id
    assert page.prose
    assert "{" not in page.title + page.why + page.fix
    assert "context" not in page.refused


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_case_leaves_no_fact_unsaid(rule) -> None:
    example = rule_page(rule.id).example
    assert "…" not in example.title + example.why + example.fix


def test_a_placeholder_becomes_its_name_in_marks() -> None:
    assert readable("Send {expected_value}.") == "Send ‹expected value›."


def test_a_rule_that_is_none_has_no_page() -> None:
    with pytest.raises(KeyError):
        rule_page("use-the-force")
