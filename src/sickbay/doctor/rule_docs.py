"""Writes the catalogue as Markdown: one page for each stage, with each rule's case as its example."""

from __future__ import annotations

import json
from typing import Any

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.rule import Finding, Rule
from sickbay.doctor.diagnose import diagnose


def pages() -> dict[str, str]:
    """Maps file names to text: README.md lists all rules, and <stage>.md has the rules of one stage."""
    stages: dict[str, list[Rule]] = {}
    for rule in RULES:
        stages.setdefault(rule.stage, []).append(rule)
    pages_by_name = {f"{stage}.md": _stage(stage, rules) for stage, rules in stages.items()}
    return pages_by_name | {"README.md": _list(stages)}


def entry(id: str) -> tuple[Finding, case.Case]:
    """The rule's finding for its own case, and the case. Raises KeyError if the id is unknown."""
    example = case.load(case.paths()[BY_ID[id].id])
    findings = diagnose(example.refused).explanation.findings
    return next(finding for finding in findings if finding.id == id), example


def _list(stages: dict[str, list[Rule]]) -> str:
    lines = ["# The rules", "", f"Every finding that Sickbay knows: {len(RULES)} rules. Written by `make docs`.", ""]
    for stage, rules in stages.items():
        lines += [f"## [{stage}]({stage}.md)", ""]
        lines += [f"- [`{rule.id}`]({stage}.md#{rule.id}): {rule.outcome}" for rule in rules] + [""]
    return "\n".join(lines)


def _stage(stage: str, rules: list[Rule]) -> str:
    head = f"# Rules of the stage {stage}\n\nWritten by `make docs` from the rules and their cases.\n"
    return head + "".join(_rule(rule) for rule in rules)


def _rule(rule: Rule) -> str:
    finding, example = entry(rule.id)
    return f"""
## {rule.id}

**{finding.title}** ({finding.severity}; {rule.outcome})

{example.prose}

{finding.why}

{finding.fix}

{_exchange(example.refused)}
{_corrected(example.corrected)}
Specification: [{rule.spec.name}]({rule.spec.url})
"""


def _corrected(exchange: dict[str, Any] | None) -> str:
    return "" if exchange is None else f"Corrected:\n\n{_exchange(exchange)}\n"


def _exchange(exchange: dict[str, Any]) -> str:
    """The exchange as a JSON block, without its context."""
    shown = {key: value for key, value in exchange.items() if key not in ("context", "kind")}
    return f"```json\n{json.dumps(shown, indent=2, ensure_ascii=False)}\n```\n"
