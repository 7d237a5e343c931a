"""What the page of one rule shows: its words with placeholders a reader can read, and its case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.doctor import diagnose
from sickbay.diagnosis.rule import Degree, Finding, Rule, Severity, Spec


@dataclass(frozen=True, slots=True)
class RulePage:
    """title, why, fix: facts stand as ‹their names›. severity: of the case. refused, corrected: inputs without context.

    example: the finding on the case, its words filled. related: ids of the rules that speak for the same refusal.
    """

    id: str
    stage: str
    severity: Severity
    outcome: str
    degree: Degree
    parameter: str | None
    title: str
    why: str
    fix: str
    spec: Spec
    prose: str
    refused: dict[str, Any]
    corrected: dict[str, Any] | None
    example: Finding
    related: tuple[str, ...]


@cache
def rule_page(id: str) -> RulePage:
    """Raises KeyError on an id that no rule has."""
    rule = BY_ID[id]
    one = case.load(case.paths()[id])
    found = next(finding for finding in diagnose(one.refused).explanation.findings if finding.id == id)
    return RulePage(
        id=id, stage=rule.stage, severity=found.severity, outcome=rule.outcome, degree=rule.degree,
        parameter=rule.parameter, title=readable(rule.title), why=readable(rule.why), fix=readable(rule.fix),
        spec=rule.spec, prose=one.prose, refused=_bare(one.refused) or {}, corrected=_bare(one.corrected), example=found,
        related=_related(rule),
    )  # fmt: skip


def readable(template: str) -> str:
    """A template's placeholders as ‹words›."""
    return re.sub(r"\{(\w+)\}", lambda match: f"‹{match[1].replace('_', ' ')}›", template)


def _bare(given: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if given is None else {key: value for key, value in given.items() if key != "context"}


def _related(rule: Rule) -> tuple[str, ...]:
    return tuple(one.id for one in RULES if rule.explains and one.explains == rule.explains and one.id != rule.id)
