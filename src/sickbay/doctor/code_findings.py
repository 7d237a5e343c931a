"""Adds to a diagnosis the mistakes in source code, which no rule finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sickbay.diagnosis.rule import SEVERITIES, Finding, Spec
from sickbay.doctor.diagnose import Diagnosis

if TYPE_CHECKING:
    from sickbay.doctor.code import Mistake


def with_mistakes(merged: Diagnosis, mistakes: Sequence[Mistake]) -> Diagnosis:
    """Adds the mistakes in source code, unless a rule has found the same in the request."""
    findings = list(merged.explanation.findings)
    ids = {finding.id for finding in findings}
    added = [_of_mistake(mistake) for mistake in mistakes if not ids & SAME.get(mistake.id, set())]
    if not added:
        return merged
    ordered = sorted([*added, *findings], key=lambda finding: SEVERITIES.index(finding.severity))
    return merged._replace(explanation=merged.explanation._replace(findings=tuple(ordered)))


SAME: dict[str, set[str]] = {
    "code-json-body": {"token-wrong-content-type"},
    "code-json-under-form-type": {"token-wrong-content-type"},
    "code-token-get": {"token-wrong-method"},
    "code-token-parameters-in-query": {"token-wrong-method"},
    "code-basic-newline": {"basic-newline"},
    "code-basic-not-base64": {"basic-malformed"},
    "code-variable-not-inserted": {"value-is-placeholder"},
}
"""Mistakes in code, and the rules that say the same about the request."""


def _of_mistake(mistake: Mistake) -> Finding:
    first, last = mistake.lines
    place = Spec(
        f"Read from line {first} of the code" if first == last else f"Read from lines {first} to {last} of the code", ""
    )
    return Finding(mistake.id, mistake.severity, mistake.title, mistake.why, mistake.fix, place, "probable")
