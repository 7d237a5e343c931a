"""Turns an Examination into findings and a corrected request, both for live requests and for pasted ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import structs

from sickbay.diagnosis.lists import HABITS, LISTS, find_place
from sickbay.diagnosis.rule import SEVERITIES, Finding, Rule, RuleCondition, fill_rule, is_policy
from sickbay.diagnosis.rule_index import RuleIndex
from sickbay.kernel.checks import Examination, Facts, Refusal

_Match: TypeAlias = tuple[Rule, Facts, bool]
HARMFUL: Final = LISTS["harmful"]
"""Rules by how much they hurt the user. A prefix stands for all rules that begin so. All others come next, habits last."""


class Explanation(NamedTuple):
    """findings: worst first. corrected: the request with every possible correction; None if nothing was corrected."""

    findings: tuple[Finding, ...]
    corrected: Any | None

    def names_cause(self, stage: str, examination: Examination) -> bool:
        """Whether a finding names the cause of the error response to the request."""
        if any("told" in refusal.facts for refusal in (*examination.refusals, *examination.relaxed)):
            return True
        if any(finding.id == OPAQUE for finding in self.findings):
            return True
        return stage not in _OF_THE_APP and any(finding.severity == "error" for finding in self.findings)


OPAQUE: Final = "redirect-error-opaque"
_OF_THE_APP = frozenset(("redirect", "browser"))
"""Stages whose findings explain how a response arrived, not why it is an error."""


def explain(
    rules: RuleIndex,
    stage: str,
    request: Any,
    context: Any,
    examination: Examination,
    *,
    live: bool = False,
    again: Again | None = None,
) -> Explanation:
    """Explains every refusal and adds advice. On a live exchange only a refusal is an error; advice is at most a warning.

    again: examines a corrected request. With it, corrections are repeated until nothing is refused, and a request that
    would still be refused is not returned as corrected.

    Of a long live request, only the refusals are explained. Its page says so (`services.redaction.excerpt`).
    """
    if live and size_of(request) > EXPLAINED:
        return Explanation(explain_refusals(rules, examination), None)
    matches = _matching_rules(rules, stage, request, context, examination)
    if not matches:
        return Explanation((), None)
    causes = _root_causes(matches)
    findings = _drop_repeats(_build_finding(rule, facts, refused, live, causes) for rule, facts, refused in matches)
    roots = {rule.id for rule, _, _ in matches if rule.root}
    return Explanation(_sort_findings(findings, roots), _correct_request(rules, stage, request, context, matches, again))


def explain_refusals(rules: RuleIndex, examination: Examination, roots: Sequence[_Match] = ()) -> tuple[Finding, ...]:
    """Explains only the refusals of a live exchange, in the order of `explain`, without advice and corrections.

    roots: what may have caused them (`find_roots`).
    """
    matches = sorted([*_match_refusals(rules, examination, shorten_facts), *roots], key=lambda match: rules.places[match[0].id])
    causes = _root_causes(matches)
    findings = _drop_repeats(_build_finding(rule, facts, refused, True, causes) for rule, facts, refused in matches)
    ids = {rule.id for rule, _, _ in roots}
    return _sort_findings([finding for finding in findings if finding.refused or finding.id not in ids], ids)


def find_roots(rules: RuleIndex, stage: str, request: Any, context: Any) -> list[_Match]:
    """The advice that may name the cause of a refusal."""
    roots = {condition: [rule for rule in group if rule.root] for condition, group in rules.advising.get(stage, {}).items()}
    matches = _match_groups({condition: group for condition, group in roots.items() if group}, request, context)
    return [(rule, shorten_facts(facts), False) for rule, facts, _ in matches]


EXPLAINED = 8192
"""Characters of a live request up to which all of it is explained. Authorization requests have about 1,000."""
QUOTED, LISTED = 500, 20
"""Characters of a text, and members of a list, that the explanation of a longer request keeps of a fact."""


def size_of(request: Any) -> int:
    """The characters of a live request that an explanation reads: URL, form and lists."""
    parameters = getattr(request, "parameters", None)
    texts = (
        parameters.raw if parameters is not None else "",
        getattr(request, "url", ""),
        getattr(request, "raw", ""),
        getattr(request, "scope", ""),
    )
    lists = *getattr(request, "redirect_uris", ()), *getattr(request, "post_logout_redirect_uris", ())
    return max(map(len, texts)) + sum(map(len, lists))


def shorten_facts(facts: Facts) -> Facts:
    """The facts with their long texts and lists cut."""
    return {name: _shorten_value(value) for name, value in facts.items()}


def _shorten_value(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= QUOTED else f"{value[:QUOTED]}…"
    if isinstance(value, (list, tuple)):
        more = [f"(and {len(value) - LISTED:,} more)"] if len(value) > LISTED else []
        return type(value)([*map(_shorten_value, value[:LISTED]), *more])
    return value


Again: TypeAlias = Callable[[Any], tuple[Examination, Any]]
"""Takes a corrected request; returns its Examination and its context."""

ROUNDS = 6
"""How many times a request is corrected at most. Correcting one problem rarely reveals more than two others."""


def rule_for(rules: RuleIndex, refusal: Refusal) -> tuple[Rule, Facts]:
    """The first rule that recognises this refusal, with its facts.

    If the refusal has the id of a specific rule, or if only another server's response named it (fact `told`), it is the
    rule with that id.
    """
    for rule in rules.explaining.get(refusal.name, ()):
        if rule.id == refusal.name and (rule.explains != refusal.name or "told" in refusal.facts):
            return rule, refusal.facts
        if rule.explains == refusal.name and "told" not in refusal.facts:
            facts = rule.recognises(refusal.facts)
            if facts is not None:
                return rule, facts
    raise LookupError(f"no rule explains {refusal.name}")


def _matching_rules(rules: RuleIndex, stage: str, request: Any, context: Any, examination: Examination) -> list[_Match]:
    """Rules with their facts, in the order of the catalogue, which is the order of corrections."""
    matches = _match_refusals(rules, examination) + _match_groups(rules.advising.get(stage, {}), request, context)
    if len(matches) < 2:
        return matches
    return sorted(matches, key=lambda match: rules.places[match[0].id])


def _match_refusals(
    rules: RuleIndex, examination: Examination, facts_of: Callable[[Facts], Facts] | None = None
) -> list[_Match]:
    """facts_of: changes the facts before rules read them."""
    matches: list[_Match] = []
    for refusals, refused in ((examination.refusals, True), (examination.relaxed, False)):
        for refusal in refusals:
            if facts_of is not None:
                refusal = replace(refusal, facts=facts_of(refusal.facts))
            rule, facts = rule_for(rules, refusal)
            matches.append((rule, facts, refused))
    return matches


def _match_groups(groups: Mapping[RuleCondition, Sequence[Rule]], request: Any, context: Any) -> list[_Match]:
    matches: list[_Match] = []
    for condition, group in groups.items():
        if condition.is_met(request, context):
            for rule in group:
                facts = rule.advises(request, context) if rule.advises else None
                if facts is not None:
                    matches.append((rule, facts, False))
    return matches


def _root_causes(matches: list[_Match]) -> dict[str, str]:
    """Maps the rule of a refusal to the rule that caused it. A root rule names the refusals or parameters that it affects."""
    roots: dict[str | None, str] = {}
    for rule, facts, _ in matches:
        for name in (facts.get("brings") or facts.get("names", ())) if rule.root else ():
            roots.setdefault(name, rule.id)
    about = {rule.id: rule.id if rule.id in roots else rule.parameter for rule, _, refused in matches if refused}
    return {id: roots[name] for id, name in about.items() if name in roots}


def _build_finding(rule: Rule, facts: Facts, refused: bool, live: bool, causes: Mapping[str, str]) -> Finding:
    """On a live exchange a refusal is an error, whatever severity the rule has elsewhere, and advice is at most a warning.

    A rule that caused a refusal counts as a refusal. Advice on what no server refuses is only information in a pasted text.
    """
    refused = refused or rule.id in causes.values()
    if rule.degree == "advice" and not (live or refused):
        return fill_rule(structs.replace(rule, title=f"Before you go live: {rule.title}"), facts, refused=False, ceiling="info")
    finding = fill_rule(rule, facts, refused=refused, ceiling="warning" if live and not refused else "error")
    severity, because = "error" if live and refused else finding.severity, causes.get(rule.id)
    if severity == finding.severity and because is None:
        return finding
    return structs.replace(finding, severity=severity, because=because)


def _drop_repeats(findings: Any) -> list[Finding]:
    by_id: dict[str, Finding] = {}
    for finding in findings:
        by_id.setdefault(finding.id, finding)
    return list(by_id.values())


def _sort_findings(findings: list[Finding], roots: Collection[str]) -> tuple[Finding, ...]:
    """Causes of other findings first, then by severity; of the same severity, what may cause others (`roots`) first, and then
    what hurts the user of the app most.
    """
    causes = {finding.because for finding in findings}

    def rank(finding: Finding) -> tuple[bool, int, bool, bool, int]:
        severity, harm = SEVERITIES.index(finding.severity), 0 if finding.refused else rank_by_harm(finding.id)
        return finding.id not in causes, severity, finding.id not in roots, not finding.refused, harm

    return tuple(sorted(findings, key=rank)) if len(findings) > 1 else tuple(findings)


def rank_by_harm(id: str) -> int:
    """The place of a rule among findings of the same severity: first those that hurt the user of an app most."""
    return len(HARMFUL) + 1 if id in HABITS else find_place(HARMFUL, id)


def _correct_request(
    rules: RuleIndex, stage: str, request: Any, context: Any, matches: list[_Match], again: Again | None
) -> Any | None:
    """Runs the corrections in the order of the rules; each gets the result of the one before.

    Root problems are corrected first, because the refusals that they caused may need no correction of their own then.
    None if the request would be granted and still find nothing, such as one for another patient than the token's.
    """
    if any(_is_still_refused(*match) for match in matches):
        return None
    current = request
    for _ in range(ROUNDS if again else 0):
        corrected = _apply_corrections(current, context, [match for match in matches if match[0].root])
        if again is None or corrected == current:
            break
        current = corrected
        examination, context = again(current)
        matches = _matching_rules(rules, stage, current, context, examination)
    corrected = _apply_corrections(current, context, matches)
    if again is None or (corrected == request and not any(_lacks_a_value(request, match) for match in matches)):
        return corrected if corrected != request else None
    for _ in range(ROUNDS):
        examination, context = again(corrected)
        if not examination.refusals:
            return corrected
        before = corrected
        matches = _matching_rules(rules, stage, before, context, examination)
        corrected = _apply_corrections(before, context, matches)
        if corrected == before:
            corrected = _add_placeholders(before, matches)
        if corrected == before:
            return None
    return None


def _is_still_refused(rule: Rule, facts: Facts, refused: bool) -> bool:
    """Whether no correction removes a problem for which the request isn't refused."""
    is_corrected = refused or rule.root or rule.repair or rule.insert_placeholder
    return not is_corrected and fill_rule(rule, facts, refused=False).severity == "error"


def _lacks_a_value(request: Any, match: _Match) -> bool:
    """Whether the request lacks a parameter whose place can be shown. If a value was only used up, there is nothing to add."""
    rule, _, refused = match
    if not refused or rule.insert_placeholder is None:
        return False
    completed = rule.insert_placeholder(request)
    return any(not request.parameters.get(name) for name in completed.parameters.names())


def _add_placeholders(request: Any, matches: list[_Match]) -> Any:
    """Replaces values that can't be sent again, such as a code or a token, with placeholders."""
    corrected = request
    for rule, _, refused in matches:
        if rule.insert_placeholder and refused:
            corrected = rule.insert_placeholder(corrected)
    return corrected


def _apply_corrections(request: Any, context: Any, matches: list[_Match]) -> Any:
    """Leaves alone what another server's response names, and what may be right at this server."""
    corrected = request
    for rule, facts, _ in matches:
        if rule.repair and "told" not in facts and not is_policy(facts):
            corrected = rule.repair(corrected, {**facts, "known": context})
    return corrected
