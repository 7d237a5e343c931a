"""What a rule doesn't declare: its folder says its stage, its id the refusal that it explains, and both its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import ModuleType

from sickbay.authorization import refusals
from sickbay.diagnosis import rules
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.stages import STAGES

_REFUSALS = refusals.find_all()
ADVICE = "advice"


def complete(modules: Iterable[ModuleType]) -> Iterator[Rule]:
    """The rules of these files, with their stages, refusals and outcomes."""
    for module in modules:
        stage = stage_of(module)
        for rule in list_rules(module):
            explains = find_refusal(rule)
            yield replace(rule, stage=stage, explains=explains, outcome=rule.outcome or default_outcome(explains, stage))


def list_rules(module: ModuleType) -> tuple[Rule, ...]:
    """The rules that a file declares: its constants in their order, or the tuple `RULES`."""
    declared: tuple[Rule, ...] | None = getattr(module, "RULES", None)
    return declared or tuple(value for value in vars(module).values() if isinstance(value, Rule))


def stage_of(module: ModuleType) -> str:
    """The folder below `rules`, or the file there."""
    return module.__name__.removeprefix(f"{rules.__name__}.").partition(".")[0]


def find_refusal(rule: Rule) -> str | None:
    """The refusal that the rule explains: the one that it names, or else the one with its id."""
    return rule.explains or None if rule.explains is not None else rule.id if rule.id in _REFUSALS else None


def default_outcome(explains: str | None, stage: str) -> str:
    return ADVICE if explains is None else STAGES[stage].outcome_of(_REFUSALS[explains])
