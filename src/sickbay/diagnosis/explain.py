"""From an Examination to findings and the corrected request. The same for a live refusal and for a pasted one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sickbay.diagnosis.rule import SEVERITIES, Finding, Rule, Severity, find
from sickbay.kernel.refusal import Examination, Facts, Refusal


class Explanation(NamedTuple):
    """findings: worst first. corrected: the request with all mended that can be; None where nothing was to mend."""

    findings: tuple[Finding, ...]
    corrected: Any | None


def explain(
    rules: Sequence[Rule], stage: str, request: Any, known: Any, examination: Examination, *, live: bool = False
) -> Explanation:
    """Explain every refusal, then advise. On a live exchange only what refused is an error; the rest is at most a warning."""
    spoken = _refused(rules, examination) + _advised(rules, stage, request, known)
    findings = _once(_finding(rule, facts, refused, live) for rule, facts, refused in spoken)
    return Explanation(_sorted(findings), _corrected(request, spoken))


_Spoken = tuple[Rule, Facts, bool]


def speaker(rules: Sequence[Rule], refusal: Refusal) -> tuple[Rule, Facts]:
    """The first rule that recognises this refusal."""
    for rule in rules:
        if rule.explains == refusal.name:
            facts = rule.recognises(refusal.facts)
            if facts is not None:
                return rule, facts
    raise LookupError(f"no rule explains {refusal.name}")


def _refused(rules: Sequence[Rule], examination: Examination) -> list[_Spoken]:
    said: list[_Spoken] = []
    for refusals, refused in ((examination.refusals, True), (examination.relaxed, False)):
        for refusal in refusals:
            rule, facts = speaker(rules, refusal)
            said.append((rule, facts, refused))
    return said


def _advised(rules: Sequence[Rule], stage: str, request: Any, known: Any) -> list[_Spoken]:
    said: list[_Spoken] = []
    for rule in rules:
        if rule.advises and stage in (rule.stage, *rule.at):
            facts = rule.advises(request, known)
            if facts is not None:
                said.append((rule, facts, False))
    return said


def _finding(rule: Rule, facts: Facts, refused: bool, live: bool) -> Finding:
    ceiling: Severity = "warning" if live and not refused else "error"
    return find(rule, facts, refused=refused, ceiling=ceiling)


def _once(findings: Any) -> list[Finding]:
    kept: dict[str, Finding] = {}
    for one in findings:
        kept.setdefault(one.id, one)
    return list(kept.values())


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: (SEVERITIES.index(one.severity), not one.refused)))


def _corrected(request: Any, spoken: list[_Spoken]) -> Any | None:
    """Repairs run in the order of the findings' rules; each sees what the ones before left."""
    mended = request
    for rule, facts, _ in spoken:
        if rule.repair:
            mended = rule.repair(mended, facts)
    return mended if mended != request else None
