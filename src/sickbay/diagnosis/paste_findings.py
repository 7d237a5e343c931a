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
from sickbay.diagnosis.knowledge.restated import RESTATED
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
        by_rules, different = merged.explanation.findings, _of_different_causes(entries)
        proven = _proven(by_rules, entries, explained=explained)
        rest = [finding for finding in by_rules if finding not in proven]
        new = [entry for entry in different if RESTATED.get(entry.id, frozenset()).isdisjoint(finding.id for finding in proven)]
        evident = [knowledge.finding(entry, severity) for entry in new if entry.is_evident]
        known = [knowledge.finding(entry, severity) for entry in new if not entry.is_evident]
        findings = (*evident, *proven, *known, *rest)
        causes = knowledge.likely_causes(_causes(different, proven))
        merged = merged._replace(explanation=Explanation(findings, merged.explanation.corrected), causes=causes)
        return merged if _corrects(by_rules, entries) else merged._replace(corrected=None)
    if answers and not explained:
        return merged._replace(explanation=added(merged.stage, merged.explanation, answers))
    return merged


def _of_different_causes(entries: Sequence[KnownError]) -> list[KnownError]:
    """The entries without those whose most likely cause an earlier one has too."""
    first: dict[str, KnownError] = {}
    for entry in entries:
        first.setdefault(entry.causes[0].cause if entry.causes else entry.id, entry)
    return list(first.values())


def _causes(entries: Sequence[KnownError], proven: Sequence[Finding]) -> list[Cause]:
    """All causes of the first entry, those that a proven fault confirms first, and the most likely one of each other entry.

    The entries are in the order of the findings.
    """
    first, *others = sorted(entries, key=lambda entry: not entry.is_evident)
    faulty = {finding.parameter for finding in proven}
    ordered = sorted(first.causes, key=lambda cause: faulty.isdisjoint(_parameters_in(cause.cause)))
    return [*ordered, *(entry.causes[0] for entry in others)]


def _proven(by_rules: Sequence[Finding], entries: Sequence[KnownError], *, explained: bool) -> list[Finding]:
    """The faults that come before what the server's message means: if one of them explains it, all that are proven.

    A fault of one parameter doesn't explain a message about another one.
    """
    errors = [finding for finding in by_rules if finding.severity == "error" and (explained or finding.id.startswith("code-"))]
    errors = [finding for finding in errors if not _is_masked(finding)]
    entry = next((entry for entry in entries if not entry.is_evident), None)
    if entry is None or not (named := _parameters_in(entry.title)):
        return errors
    named = named.union(*(_parameters_in(cause.cause) for cause in entry.causes))
    return errors if any(finding.parameter in named for finding in errors) else [e for e in errors if not e.parameter]


def _corrects(by_rules: Sequence[Finding], entries: Sequence[KnownError]) -> bool:
    """Whether the corrected request may get another response: it corrects a fault, or what the message is about."""
    named = frozenset().union(*(_parameters_in(entry.title) for entry in entries))
    return any(finding.severity == "error" or finding.parameter in named for finding in by_rules)


def _is_masked(finding: Finding) -> bool:
    """Whether a placeholder such as `xxxx` may be a secret that was masked before it was pasted."""
    received = finding.facts.get("received") or ("",)
    return finding.id == "value-is-placeholder" and all(set(str(value).lower()) <= set("x*.-") for value in received)


def _parameters_in(text: str) -> frozenset[str]:
    """The parameters of OAuth that a title or a cause names."""
    return _PARAMETERS & frozenset(re.findall(r"\w+", text))


_PARAMETERS = frozenset(
    ("redirect_uri", "client_id", "client_secret", "scope", "state", "code_verifier", "code_challenge", "response_type", "aud")
)
