"""Searches the rules and the causes of the doctor by words, stage and severity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.rule import Rule, strip_facts
from sickbay.diagnosis.stages import STAGES
from sickbay.doctor import compiled, rule_finder
from sickbay.doctor.rule_finder import FoundRules
from sickbay.doctor.topics import Topic
from sickbay.web.pages.parts import VERDICTS, Verdict
from sickbay.web.portal.doctor_views import RuleRow, RulesView

CAUSES = "Causes of errors of other servers"
"""The name of the group of causes, and of their stage in the list of stages."""


def search(root: str = "", text: str = "", stage: str = "", severity: str = "") -> RulesView:
    """All rules by stage if nothing is searched; otherwise the matching rules, and below them the causes.

    text: an error code, for which the most frequent rules come first, or words, for which the best ones do.
    """
    found = rule_finder.search_rules(text) if text.strip() else FoundRules(RULES, ())
    chosen = [rule for rule in found.rules if _is_chosen(rule, stage, severity)]
    groups = dict(_rules_by_stage(chosen, root, is_searched=bool(text.strip())))
    causes = _causes_of_stage(found.causes, stage) if stage in ("", CAUSES) and not severity else []
    if causes:
        groups[CAUSES] = tuple(RuleRow(cause.id, f"{root}/rules/{cause.id}", cause.title, "refused", "") for cause in causes)
    stages = (*dict.fromkeys(map(_stage_title, RULES)), CAUSES)
    return RulesView(tuple(groups.items()), len(RULES), text, stage, severity, stages, sum(map(len, groups.values())))


def _causes_of_stage(found: Sequence[Topic], stage: str) -> Sequence[Topic]:
    """The causes that were found. A stage without words lists all its rules."""
    if stage and not found:
        return [topic for topic in compiled.load_topics().topics if topic.kind == "cause"]
    return found


def _is_chosen(rule: Rule, stage: str, severity: str) -> bool:
    if stage and _stage_title(rule) != stage:
        return False
    return not severity or kind_of(rule) == severity


def _rules_by_stage(rules: Sequence[Rule], root: str, *, is_searched: bool) -> Iterator[tuple[str, tuple[RuleRow, ...]]]:
    """The rules by stage in the order of the catalogue; or one list in their own order."""
    if is_searched:
        if rules:
            yield "Rules", tuple(make_row(rule, root) for rule in rules)
        return
    for name in dict.fromkeys(map(_stage_title, rules)):
        yield name, tuple(make_row(rule, root) for rule in rules if _stage_title(rule) == name)


def _stage_title(rule: Rule) -> str:
    """The name of its stage on pages. Several stages have the same name."""
    return STAGES[rule.stage].title


def make_row(rule: Rule, root: str) -> RuleRow:
    return RuleRow(rule.id, f"{root}/rules/{rule.id}", strip_facts(rule.title), kind_of(rule), rule.outcome)


def kind_of(rule: Rule) -> Verdict:
    """The rule's severity; a warning if that depends on the facts."""
    return "warning" if callable(rule.severity) else VERDICTS[rule.severity]
