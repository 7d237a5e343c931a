"""The catalogue as Markdown: one page a stage, each rule with its case as the example."""

from __future__ import annotations

import json
from typing import Any

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.doctor import diagnose
from sickbay.diagnosis.rule import Finding, Rule


def pages() -> dict[str, str]:
    """File name -> text: README.md is the list of all rules, <stage>.md the rules of a stage."""
    stages: dict[str, list[Rule]] = {}
    for rule in RULES:
        stages.setdefault(rule.stage, []).append(rule)
    written = {f"{stage}.md": _stage(stage, rules) for stage, rules in stages.items()}
    return written | {"README.md": _list(stages)}


def entry(id: str) -> tuple[Finding, case.Case]:
    """What the rule says of its own case, and the case. Raises KeyError on an unknown id."""
    one = case.load(case.paths()[BY_ID[id].id])
    findings = diagnose(one.refused).explanation.findings
    return next(finding for finding in findings if finding.id == id), one


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
    finding, one = entry(rule.id)
    return f"""
## {rule.id}

**{finding.title}** ({finding.severity}; {rule.outcome})

{one.prose}

{finding.why}

{finding.fix}

{_exchange(one.refused)}
{_corrected(one.corrected)}
Specification: [{rule.spec.name}]({rule.spec.url})
"""


def _corrected(given: dict[str, Any] | None) -> str:
    return "" if given is None else f"Corrected:\n\n{_exchange(given)}\n"


def _exchange(given: dict[str, Any]) -> str:
    """The exchange without what was known besides."""
    shown = {key: value for key, value in given.items() if key not in ("context", "kind")}
    return f"```json\n{json.dumps(shown, indent=2, ensure_ascii=False)}\n```\n"
