"""What a rule doesn't declare: its stage follows from its folder, and its outcome from the refusal that it explains."""

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
    """The rules of these files, with their stages and outcomes."""
    for module in modules:
        stage = stage_of(module)
        for rule in module.RULES:
            yield replace(rule, stage=stage, outcome=rule.outcome or default_outcome(rule, stage))


def stage_of(module: ModuleType) -> str:
    """The folder below `rules`, or the file there."""
    return module.__name__.removeprefix(f"{rules.__name__}.").partition(".")[0]


def default_outcome(rule: Rule, stage: str) -> str:
    return ADVICE if rule.explains is None else STAGES[stage].outcome_of(_REFUSALS[rule.explains])
