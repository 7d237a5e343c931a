"""Adds to a diagnosis the mistakes in source code, which no rule finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sickbay.diagnosis.rule import SEVERITIES, Finding, Spec
from sickbay.doctor import compiled
from sickbay.doctor.diagnose import Diagnosis

if TYPE_CHECKING:
    from sickbay.doctor.code.models import Mistake


def with_mistakes(merged: Diagnosis, mistakes: Sequence[Mistake]) -> Diagnosis:
    """Adds the mistakes in source code, unless a rule has found the same in the request."""
    if not mistakes:
        return merged
    findings = list(merged.explanation.findings)
    ids = {finding.id for finding in findings}
    texts = compiled.load_knowledge().code.mistakes
    added = [to_finding(mistake) for mistake in mistakes if ids.isdisjoint(texts[mistake.id].same)]
    ordered = sorted([*added, *findings], key=lambda finding: SEVERITIES.index(finding.severity))
    return merged._replace(explanation=merged.explanation._replace(findings=tuple(ordered)))


def to_finding(mistake: Mistake) -> Finding:
    """Slots are filled with what was found in the code, or with the texts for its library."""
    code = compiled.load_knowledge().code
    text = code.mistakes[mistake.id]
    by = mistake.facts.get("by") or mistake.facts.get("language", "")
    chosen = {slot: texts.get(by) or texts[""] for slot, texts in {"how": code.forms, **text.slots}.items()}
    facts = {**chosen, **mistake.facts}
    first, last = mistake.lines
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    title, why, fix = (_fill_facts(part, facts) for part in (text.title, text.why, text.fix))
    return Finding(mistake.id, text.severity, title, why, fix, Spec(f"Read from {lines} of the code", ""), "probable")


def _fill_facts(text: str, facts: Mapping[str, str]) -> str:
    for name, value in facts.items():
        text = text.replace(f"{{{name}}}", value)
    return text
