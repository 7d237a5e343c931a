"""Writes the catalogue as Markdown: one page for each stage, with each rule's case as its example."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.rule import Finding, Rule
from sickbay.doctor.causes import CausePage
from sickbay.doctor.diagnose import diagnose


@cache
def group_by_stage() -> dict[str, list[Rule]]:
    """Maps each stage to its rules, in the order of the catalogue."""
    rules_by_stage: dict[str, list[Rule]] = {}
    for rule in RULES:
        rules_by_stage.setdefault(rule.stage, []).append(rule)
    return rules_by_stage


@cache
def stage_page(stage: str) -> str:
    """The page of a stage. Each rule's case is diagnosed for it, so a long page takes half a second. Raises KeyError."""
    return f"# Rules of the stage {stage}\n" + "".join(map(_rule_section, group_by_stage()[stage]))


def rule_page(id: str) -> str:
    """One rule with its case. Raises KeyError if the id is unknown."""
    return f"# Rule {id}\n" + _rule_section(BY_ID[id])


def cause_page(cause: CausePage) -> str:
    """A cause of an error of another server."""
    where = "".join(f"\n- {name}: {place}" for name, place in cause.where)
    parts = (f"# {cause.title}", cause.why, f"Check: {cause.check}", f"Fix: {cause.fix}{where}")
    return "\n\n".join(filter(None, (*parts, f"{cause.basis.capitalize()}: {cause.source[1]}"))) + "\n"


def example_of(id: str) -> tuple[Finding, case.Case]:
    """The rule's finding for its own case, and the case. Raises KeyError if the id is unknown."""
    example = case.load(case.list_paths()[BY_ID[id].id])
    findings = diagnose(example.refused).explanation.findings
    return next(finding for finding in findings if finding.id == id), example


def _rule_section(rule: Rule) -> str:
    finding, example = example_of(rule.id)
    corrected = "" if example.corrected is None else f"Corrected:\n\n{_exchange_block(example.corrected)}\n"
    return f"""
## {rule.id}

**{finding.title}** ({finding.severity}; {rule.outcome})

{example.prose}

{finding.why}

{finding.fix}

{_exchange_block(example.refused)}
{corrected}
Specification: [{rule.spec.name}]({rule.spec.url})
"""


def _exchange_block(exchange: dict[str, Any]) -> str:
    """The exchange as a JSON block, without its context."""
    shown = {key: value for key, value in exchange.items() if key not in ("context", "kind")}
    return f"```json\n{json.dumps(shown, indent=2, ensure_ascii=False)}\n```\n"
