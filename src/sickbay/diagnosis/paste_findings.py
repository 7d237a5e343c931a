"""Adds to a diagnosis what isn't found by rules: mistakes in source code, and known errors of other servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sickbay.diagnosis.answers.finding import added, is_explained
from sickbay.diagnosis.answers.values import ErrorAnswer
from sickbay.diagnosis.doctor import Diagnosis
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.knowledge import findings as knowledge
from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.rule import SEVERITIES, Finding, Severity, Spec

if TYPE_CHECKING:
    from sickbay.diagnosis.code import Mistake


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


def with_answers(
    merged: Diagnosis,
    diagnoses: Sequence[Diagnosis],
    answers: tuple[ErrorAnswer, ...],
    entries: Sequence[KnownError],
    severity: Severity,
) -> Diagnosis:
    """Adds what is known about the errors, or that their cause isn't in the text."""
    explained = any(is_explained(each.stage, each.examination, each.explanation) for each in diagnoses)
    merged = merged._replace(answers=answers)
    if entries:
        evident = [knowledge.finding(entry, severity) for entry in entries if entry.is_evident]
        known = [knowledge.finding(entry, severity) for entry in entries if not entry.is_evident]
        findings = (*evident, *_in_order(merged.explanation.findings, known, explained=explained))
        explanation = Explanation(findings, merged.explanation.corrected)
        causes = knowledge.likely_causes(_causes(entries))
        return merged._replace(explanation=explanation, causes=causes)
    if answers and not explained:
        return merged._replace(explanation=added(merged.stage, merged.explanation, answers))
    return merged


def _causes(entries: Sequence[KnownError]) -> list[Cause]:
    """All causes of the first entry, and the most likely one of each other, in the order of the findings."""
    first, *others = sorted(entries, key=lambda entry: not entry.is_evident)
    return [*first.causes, *(entry.causes[0] for entry in others)]


def _in_order(by_rules: Sequence[Finding], known: Sequence[Finding], *, explained: bool) -> tuple[Finding, ...]:
    """A proven fault comes first, if it explains the error; otherwise what the server's message means.

    A fault of one parameter doesn't explain a message about another one.
    """
    named = _parameters_in(known[0].title) if known else frozenset()
    certain = [
        finding
        for finding in by_rules
        if finding.severity == "error" and (explained or finding.id.startswith("code-"))
        if not (named and finding.parameter and finding.parameter not in named) and not (known and _is_masked(finding))
    ]
    rest = [finding for finding in by_rules if finding not in certain]
    return (*certain, *known, *rest)


def _is_masked(finding: Finding) -> bool:
    """Whether a placeholder such as `xxxx` may be a secret that was masked before it was pasted."""
    received = finding.facts.get("received") or ("",)
    return finding.id == "value-is-placeholder" and all(set(str(value).lower()) <= set("x*.-") for value in received)


def _parameters_in(title: str) -> frozenset[str]:
    """The parameters of OAuth that a title names in backticks."""
    return _PARAMETERS & frozenset(re.findall(r"`(\w+)`", title))


_PARAMETERS = frozenset(
    ("redirect_uri", "client_id", "client_secret", "scope", "state", "code_verifier", "code_challenge", "response_type", "aud")
)
