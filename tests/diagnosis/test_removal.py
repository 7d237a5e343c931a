"""No rule is redundant: without it, its case no longer has the expected finding."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.explain import explain
from sickbay.diagnosis.kinds import KINDS
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.rule_index import build_index

PATHS = case.list_paths()


def findings_without(id: str) -> set[str]:
    """The findings of the case `id` without its rule; empty if no other rule explains the refusal."""
    example = case.load(PATHS[id])
    kind = KINDS[example.refused["kind"]]
    request = kind.request(example.refused)
    context = kind.context(example.refused, request)
    examination = kind.examine(request, context)
    rules = build_index([rule for rule in RULES if rule.id != id])
    try:
        return {finding.id for finding in explain(rules, kind.stage.name, request, context, examination).findings}
    except LookupError:
        return set()


@for_each("rule", RULES)
def test_a_case_has_no_finding_without_its_rule(rule: Rule) -> None:
    assert rule.id not in findings_without(rule.id)
