"""Searches the rules and the known errors of other servers by words, stage and severity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from sickbay.diagnosis.frequent import rank
from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.rule import Rule
from sickbay.web.exchanges.views import STAGES
from sickbay.web.pages.parts import VERDICTS, Verdict
from sickbay.web.portal.doctor_views import RuleRow, RulesView

ELSEWHERE = "Errors of other servers"
"""The name of the group of known errors, and of their stage in the list of stages."""


def search(
    rules: Sequence[Rule], known: Sequence[KnownError], root: str = "", text: str = "", stage: str = "", severity: str = ""
) -> RulesView:
    """All rules by stage if nothing is searched; otherwise the matching ones, the most frequent first.

    text: words, all of which must be in a rule: in its id, title, outcome, cause or fix.
    """
    words = text.lower().split()
    chosen = [rule for rule in rules if _is_chosen(rule, stage, severity) and _contains(words, _text(rule))]
    others = [entry for entry in known if (words or stage == ELSEWHERE) and _contains(words, _known_text(entry))]
    groups = dict(_groups(chosen, root, in_order=bool(words)))
    if others and stage in ("", ELSEWHERE) and not severity:
        groups[ELSEWHERE] = tuple(RuleRow(entry.id, f"{root}/rules/{entry.id}", entry.title, "refused", "") for entry in others)
    stages = (*dict.fromkeys(map(_stage, rules)), ELSEWHERE)
    return RulesView(tuple(groups.items()), len(rules), text, stage, severity, stages, sum(map(len, groups.values())))


def _is_chosen(rule: Rule, stage: str, severity: str) -> bool:
    if stage and _stage(rule) != stage:
        return False
    return not severity or kind_of(rule) == severity


def _contains(words: Iterable[str], text: str) -> bool:
    return all(word in text for word in words)


def _text(rule: Rule) -> str:
    return _rule_text(rule.id, rule.title, rule.outcome, rule.why, rule.fix)


@cache
def _rule_text(*parts: str) -> str:
    """Cached for each rule of the catalogue."""
    return " ".join(parts).lower()


@cache
def _known_text(entry: KnownError) -> str:
    """Cached for each known error."""
    parts = (
        entry.id,
        entry.title,
        entry.why,
        *entry.servers,
        *entry.codes,
        *(phrase for group in entry.text for phrase in group),
    )
    return " ".join(parts).lower()


def _groups(rules: Sequence[Rule], root: str, *, in_order: bool) -> Iterator[tuple[str, tuple[RuleRow, ...]]]:
    """The rules by stage in the order of the catalogue; or one list, the most frequent first."""
    if in_order:
        ordered = sorted(rules, key=lambda rule: rank(rule.id))
        if ordered:
            yield "Most frequent first", tuple(row(rule, root) for rule in ordered)
        return
    for name in dict.fromkeys(map(_stage, rules)):
        yield name, tuple(row(rule, root) for rule in rules if _stage(rule) == name)


def _stage(rule: Rule) -> str:
    """The name of its stage on pages. Several stages have the same name."""
    return STAGES.get(rule.stage, rule.stage)


def row(rule: Rule, root: str) -> RuleRow:
    return RuleRow(rule.id, f"{root}/rules/{rule.id}", plain(rule.title), kind_of(rule), rule.outcome)


def kind_of(rule: Rule) -> Verdict:
    """The rule's severity; a warning if that depends on the facts."""
    return "warning" if callable(rule.severity) else VERDICTS[rule.severity]


def plain(template: str) -> str:
    """A rule's text without facts: placeholders are in angle brackets."""
    return (
        template.replace(":code}", "}")
        .replace("{{", "\0")
        .replace("{", "‹")
        .replace("}", "›")
        .replace("\0", "{")
        .replace("››", "}")
    )
