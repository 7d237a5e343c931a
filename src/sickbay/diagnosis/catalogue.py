"""All rules, in order of precedence. The general rule for a refusal is always tried last, whatever its position in this list.

A text or a request needs few of them, which `rule_index` finds.

Corrections run in the same order: transport, then spelling, then the parameters, then what the parameters require.
"""

from __future__ import annotations

from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.rule_file import load_rules
from sickbay.diagnosis.rule_index import build_index
from sickbay.diagnosis.rules import FILES

RULES: tuple[Rule, ...] = tuple(rule for file in FILES for rule in load_rules(file))

INDEX = build_index(RULES)

BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}
