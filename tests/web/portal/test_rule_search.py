"""Rules and causes are searched by words, stage and severity, and by the error code that a user saw."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.catalogue import RULES
from sickbay.doctor import compiled
from sickbay.doctor.rule_finder import SHOWN_CAUSES
from sickbay.web.portal.doctor_views import RulesView
from sickbay.web.portal.rule_search import CAUSES, search


def ids(view: RulesView) -> list[str]:
    return [row.id for _, rows in view.groups for row in rows]


def rules(view: RulesView) -> list[str]:
    return [row.id for name, rows in view.groups if name != CAUSES for row in rows]


def test_without_a_search_every_rule_is_listed_once() -> None:
    view = search()
    assert sorted(ids(view)) == sorted(rule.id for rule in RULES)
    assert not view.is_searched


def test_an_error_code_finds_the_rules_that_end_so_the_most_frequent_first() -> None:
    found = rules(search(text="invalid_grant"))
    assert found[:3] == ["code-reused", "code-expired", "code-unknown"]
    assert {rule.id for rule in RULES if "invalid_grant" in rule.outcome} <= set(found)


def test_words_find_the_rules_with_all_of_them_the_best_first() -> None:
    assert rules(search(text="redirect_uri trailing slash"))[0] == "redirect-uri-trailing-slash"
    assert "redirect-uri-trailing-slash" in rules(search(text="Slashes redirecting"))


def test_if_nothing_has_every_word_what_has_any_is_found() -> None:
    assert "redirect-uri-trailing-slash" in ids(search(text="slash flibbertigibbet"))
    assert ids(search(text="flibbertigibbet")) == []


@pytest.mark.parametrize("severity", ["refused", "warning", "advice"])
def test_facets_narrow_the_list(severity: str) -> None:
    view = search(severity=severity)
    assert {row.kind for _, rows in view.groups for row in rows} == {severity}
    assert 0 < view.found < view.total


def test_causes_are_found_too_below_the_rules() -> None:
    name, rows = search(text="keycloak audience").groups[-1]
    assert name == CAUSES
    assert 0 < len(rows) <= SHOWN_CAUSES
    assert any("keycloak" in row.id for row in rows)
    assert CAUSES not in dict(search(text="keycloak audience", severity="advice").groups)


def test_all_causes_are_listed_by_their_stage() -> None:
    assert set(ids(search(stage=CAUSES))) == set(compiled.load_knowledge().causes)
    assert ids(search(text="keycloak", stage=CAUSES)) == [row.id for row in search(text="keycloak").groups[-1][1]]


def test_a_title_has_no_open_slot() -> None:
    assert [row.title for row in search(stage=CAUSES).groups[-1][1] if "{redirect_uri}" in row.title] == []
