"""No rule is there for nothing: without it, its case no longer says what it must."""

from __future__ import annotations

import pytest

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.explain import explain
from sickbay.diagnosis.stages import KINDS

PATHS = case.paths()


def said_without(id: str) -> set[str]:
    """The ids that the case of `id` brings where the rule is missing; a refusal that nobody explains says nothing."""
    one = case.load(PATHS[id])
    kind = KINDS[one.refused["kind"]]
    request = kind.request(one.refused)
    known = kind.known(one.refused, request)
    examination = kind.examine(request, known)
    rules = [rule for rule in RULES if rule.id != id]
    try:
        return {one.id for one in explain(rules, kind.stage.name, request, known, examination).findings}
    except LookupError:
        return set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_without_the_rule_its_case_fails(rule) -> None:
    assert rule.id not in said_without(rule.id)
