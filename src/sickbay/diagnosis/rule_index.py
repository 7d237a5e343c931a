"""Finds the rules that may apply to a request, so that explaining it doesn't look at all of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from sickbay.diagnosis.rule import Rule, RuleCondition

K = TypeVar("K", str, RuleCondition)
Advising: TypeAlias = Mapping[RuleCondition, tuple[Rule, ...]]


class RuleIndex(NamedTuple):
    """The rules of a catalogue, each list in its order.

    advising:   stage -> the rules that advise on its requests, by their conditions, so that each is examined once.
    explaining: name of a refusal -> the rules that may explain it: those that say so, and the one with that id, which is last.
    places:     id -> position in the catalogue.
    """

    advising: Mapping[str, Advising]
    explaining: Mapping[str, tuple[Rule, ...]]
    places: Mapping[str, int]


def build_index(rules: Sequence[Rule]) -> RuleIndex:
    explaining = _group_rules((name, rule) for rule in rules for name in (rule.id, rule.explains) if name)
    advising = _group_rules((stage, rule) for rule in rules if rule.advises for stage in (rule.stage, *rule.at))
    return RuleIndex(
        {stage: _group_rules((rule.condition, rule) for rule in group) for stage, group in advising.items()},
        {name: tuple(sorted(group, key=lambda rule: rule.id == name)) for name, group in explaining.items()},
        {rule.id: place for place, rule in enumerate(rules)},
    )


def _group_rules(pairs: Iterable[tuple[K, Rule]]) -> dict[K, tuple[Rule, ...]]:
    groups: dict[K, dict[str, Rule]] = {}
    for name, rule in pairs:
        groups.setdefault(name, {})[rule.id] = rule
    return {name: tuple(group.values()) for name, group in groups.items()}
