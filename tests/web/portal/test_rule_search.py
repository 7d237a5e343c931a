"""The list of rules is searched by words, stage and severity, and by the error code that a user saw."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.knowledge.table import entries
from sickbay.web.portal.doctor_views import RulesView
from sickbay.web.portal.rule_search import ELSEWHERE, search


def ids(view: RulesView) -> list[str]:
    return [row.id for _, rows in view.groups for row in rows]


def test_without_a_search_every_rule_is_listed_once() -> None:
    view = search(RULES, entries())
    assert sorted(ids(view)) == sorted(rule.id for rule in RULES)
    assert not view.searched


def test_an_error_code_finds_the_rules_that_end_so_the_most_frequent_first() -> None:
    found = ids(search(RULES, (), text="invalid_grant"))
    assert found[:3] == ["code-reused", "code-expired", "code-unknown"]
    assert {rule.id for rule in RULES if "invalid_grant" in rule.outcome} <= set(found)


def test_every_word_must_be_in_a_rule() -> None:
    assert "redirect-uri-trailing-slash" in ids(search(RULES, (), text="redirect_uri slash"))
    assert ids(search(RULES, (), text="redirect_uri nonsense")) == []


@pytest.mark.parametrize("severity", ["refused", "warning", "advice"])
def test_facets_narrow_the_list(severity: str) -> None:
    view = search(RULES, entries(), severity=severity)
    assert {row.kind for _, rows in view.groups for row in rows} == {severity}
    assert 0 < view.found < view.total


def test_known_errors_of_other_servers_are_found_too() -> None:
    assert search(RULES, entries(), text="invalid_client").groups[-1][0] == ELSEWHERE
    assert ids(search(RULES, entries(), stage=ELSEWHERE)) == [entry.id for entry in entries()]
    assert ids(search(RULES, entries(), text="invalid_client", severity="advice")) == []
