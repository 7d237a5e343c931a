"""All rules, in the order in which they are asked: of those that explain one refusal, the most specific first."""

from __future__ import annotations

from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.rules.authorize import state

RULES: tuple[Rule, ...] = (
    *state.RULES,
)  # fmt: skip

BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}

RETIRED: frozenset[str] = frozenset()
"""Ids that must never be used again."""
