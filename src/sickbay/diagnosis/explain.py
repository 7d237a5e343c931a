"""From an Examination to findings and the corrected request. The same for a live refusal and for a pasted one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from sickbay.diagnosis.rule import SEVERITIES, Finding, Rule, find
from sickbay.kernel.refusal import Examination, Facts, Refusal


class Explanation(NamedTuple):
    """findings: worst first. corrected: the request with all mended that can be; None where nothing was to mend."""

    findings: tuple[Finding, ...]
    corrected: Any | None


def explain(
    rules: Sequence[Rule],
    stage: str,
    request: Any,
    known: Any,
    examination: Examination,
    *,
    live: bool = False,
    again: Again | None = None,
) -> Explanation:
    """Explain every refusal, then advise. On a live exchange only what refused is an error; the rest is at most a warning.

    again: examines a mended request. With it, repairs go on until nothing is refused, and a request that would
    still be refused is not offered as corrected.
    """
    spoken = _spoken(rules, stage, request, known, examination)
    brought = _brought(spoken)
    findings = _once(_finding(rule, facts, refused, live, brought) for rule, facts, refused in spoken)
    return Explanation(_sorted(findings), _corrected(rules, stage, request, known, spoken, again))


_Spoken = tuple[Rule, Facts, bool]
Again: TypeAlias = Callable[[Any], tuple[Examination, Any]]
"""A mended request -> its Examination, and what is known of it."""

ROUNDS = 6
"""How often a request is mended before it is given up; one fault rarely uncovers more than two others."""


def speaker(rules: Sequence[Rule], refusal: Refusal) -> tuple[Rule, Facts]:
    """The first rule that recognises this refusal. The rule of that id, where it is named as finely as a rule, or where
    only a foreign answer named it (fact `told`): then there is nothing to recognise it by.
    """
    for rule in rules:
        if rule.id == refusal.name and (rule.explains != refusal.name or "told" in refusal.facts):
            return rule, refusal.facts
        if rule.explains == refusal.name and "told" not in refusal.facts:
            facts = rule.recognises(refusal.facts)
            if facts is not None:
                return rule, facts
    raise LookupError(f"no rule explains {refusal.name}")


def _spoken(rules: Sequence[Rule], stage: str, request: Any, known: Any, examination: Examination) -> list[_Spoken]:
    """In the order of the catalogue, which is the order of repairs."""
    said = _refused(rules, examination) + _advised(rules, stage, request, known)
    if len(said) < 2:
        return said
    place = {rule.id: index for index, rule in enumerate(rules)}
    return sorted(said, key=lambda one: place[one[0].id])


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
        if rule.advises and (rule.stage == stage or stage in rule.at):
            facts = rule.advises(request, known)
            if facts is not None:
                said.append((rule, facts, False))
    return said


def _brought(spoken: list[_Spoken]) -> dict[str, str]:
    """The rule of a refusal -> the rule of the fault that brought it: a root speaks of it, or of the parameter it is about."""
    roots: dict[str | None, str] = {}
    for rule, facts, _ in spoken:
        for name in (facts.get("brings") or facts.get("names", ())) if rule.root else ():
            roots.setdefault(name, rule.id)
    about = {rule.id: rule.id if rule.id in roots else rule.parameter for rule, _, refused in spoken if refused}
    return {id: roots[one] for id, one in about.items() if one in roots}


def _finding(rule: Rule, facts: Facts, refused: bool, live: bool, brought: Mapping[str, str]) -> Finding:
    """On a live exchange what refused is an error, whatever the rule says of foreign ones, and the rest at most a warning.
    What brought a refusal refused.
    """
    refused = refused or rule.id in brought.values()
    found = find(rule, facts, refused=refused, ceiling="warning" if live and not refused else "error")
    because = brought.get(rule.id)
    return replace(found, severity="error" if live and refused else found.severity, because=because)


def _once(findings: Any) -> list[Finding]:
    kept: dict[str, Finding] = {}
    for one in findings:
        kept.setdefault(one.id, one)
    return list(kept.values())


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    roots = {one.because for one in findings}
    return tuple(sorted(findings, key=lambda one: (one.id not in roots, SEVERITIES.index(one.severity), not one.refused)))


def _corrected(
    rules: Sequence[Rule], stage: str, request: Any, known: Any, spoken: list[_Spoken], again: Again | None
) -> Any | None:
    """Repairs run in the order of the rules; each sees what the ones before left. First what brought others with it is
    mended: what it brought need not be mended then.
    """
    left = request
    for _ in range(ROUNDS if again else 0):
        mended = _repaired(left, known, [one for one in spoken if one[0].root])
        if again is None or mended == left:
            break
        left = mended
        examination, known = again(left)
        spoken = _spoken(rules, stage, left, known, examination)
    mended = _repaired(left, known, spoken)
    if again is None or mended == request:
        return mended if mended != request else None
    for _ in range(ROUNDS):
        examination, known = again(mended)
        if not examination.refusals:
            return mended
        before = mended
        spoken = _spoken(rules, stage, before, known, examination)
        mended = _repaired(before, known, spoken)
        if mended == before:
            mended = _renewed(before, spoken)
        if mended == before:
            return None
    return None


def _renewed(request: Any, spoken: list[_Spoken]) -> Any:
    """With a place for what no line can hold a second time: a code, a token."""
    mended = request
    for rule, _, refused in spoken:
        if rule.renews and refused:
            mended = rule.renews(mended)
    return mended


def _repaired(request: Any, known: Any, spoken: list[_Spoken]) -> Any:
    mended = request
    for rule, facts, _ in spoken:
        if rule.repair and "told" not in facts:
            mended = rule.repair(mended, {**facts, "known": known})
    return mended
