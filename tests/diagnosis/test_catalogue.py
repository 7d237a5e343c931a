"""Every rule has a case; each case is refused by its rule, and accepted once it is corrected."""

from __future__ import annotations

import re

from tests.diagnosis.case_diagnoses import diagnose_case
from tests.laws import for_each

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID, INDEX, RULES
from sickbay.diagnosis.rule import Rule
from sickbay.doctor.diagnose import diagnose

PATHS = case.list_paths()
REMEDIES = ("use-", "add-", "send-", "avoid-", "prefer-", "fix-", "remove-")


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(RULES)


def test_no_two_rules_have_the_same_title() -> None:
    assert len({rule.title for rule in RULES}) == len(RULES)


@for_each("rule", RULES)
def test_a_rule_id_names_the_problem_and_not_its_fix(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.id)
    assert not rule.id.startswith(REMEDIES)


@for_each("rule", RULES)
def test_every_rule_has_a_case(rule: Rule) -> None:
    assert rule.id in PATHS


def test_every_case_has_a_rule() -> None:
    assert set(PATHS) <= set(BY_ID)


@for_each("refusal", sorted({rule.explains for rule in RULES if rule.explains}))
def test_every_explained_refusal_has_a_general_rule_that_is_tried_last(refusal: str) -> None:
    assert [rule.id for rule in INDEX.explaining[refusal]][-1] == refusal


@for_each("id", sorted(PATHS))
def test_a_case_is_refused_by_its_rule_with_its_fix(id: str) -> None:
    example = case.load(PATHS[id])
    assert example.id == id
    findings = {finding.id: finding for finding in diagnose_case(id).explanation.findings}
    assert id in findings
    assert findings[id].fix == " ".join(example.fix.split())


@for_each("id", sorted(PATHS))
def test_a_case_is_corrected_as_it_says_and_the_result_is_accepted(id: str) -> None:
    example = case.load(PATHS[id])
    assert diagnose_case(id).corrected == example.corrected
    if example.corrected:
        second = diagnose(example.corrected)
        assert not second.examination.refusals
        assert id not in {finding.id for finding in second.explanation.findings}


def test_no_two_rules_have_the_same_title_in_their_cases() -> None:
    titles: dict[str, list[str]] = {}
    for rule in RULES:
        title = next(finding.title for finding in diagnose_case(rule.id).explanation.findings if finding.id == rule.id)
        titles.setdefault(title, []).append(rule.id)
    assert [ids for ids in titles.values() if len(ids) > 1] == []
