"""Finds the rules that may apply to a request, so that explaining it doesn't look at all of the catalogue.

Importing the functions of all rules takes longer than explaining a text, so those of a file are imported when they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias, TypeVar

from sickbay.diagnosis.rule import Rule, RuleCondition
from sickbay.diagnosis.rule_file import RuleText, find_refusal, has_functions, load_rules, read_texts
from sickbay.diagnosis.rules import FILES

K = TypeVar("K", str, RuleCondition)
V = TypeVar("V")
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


@cache
def load_index() -> RuleIndex:
    """The index of the catalogue. The first call reads the texts of all rules; a file's functions are imported at a lookup."""
    texts = _read_texts()
    stages = ((stage, file) for file, text in texts for stage in (file.partition(".")[0], *text.fields.get("at", ())))
    names = ((name, file) for file, text in texts for name in _explained_names(text))
    advising = _group_files((stage, file) for stage, file in stages if has_functions(file))
    return RuleIndex(
        _OnDemand(advising, lambda stage, index: index.advising.get(stage, {})),
        _OnDemand(_group_files(names), lambda name, index: index.explaining[name]),
        {text.id: place for place, (_, text) in enumerate(texts)},
    )


def find_rule(id: str) -> Rule:
    """Raises KeyError if no rule has this id."""
    file = {text.id: file for file, text in _read_texts()}[id]
    return next(rule for rule in load_rules(file) if rule.id == id)


@cache
def _read_texts() -> list[tuple[str, RuleText]]:
    return [(file, text) for file in FILES for text in read_texts(file)]


class _OnDemand(Mapping[str, V]):
    """A mapping that makes a value when it is needed. files: for each key, the files of rules from which it is made."""

    def __init__(self, files: Mapping[str, Iterable[str]], make: Callable[[str, RuleIndex], V]) -> None:
        self._files, self._make, self._made = files, make, dict[str, V]()

    def __getitem__(self, key: str) -> V:
        if key not in self._made:
            index = build_index([rule for file in self._files[key] for rule in load_rules(file)])
            self._made[key] = self._make(key, index)
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _group_files(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The files for each name, each once, in order. pairs: name, file."""
    files: dict[str, dict[str, None]] = {}
    for name, file in pairs:
        files.setdefault(name, {})[file] = None
    return {name: [*group] for name, group in files.items()}


def _explained_names(text: RuleText) -> Iterator[str]:
    yield text.id
    if name := find_refusal(text.id, text.fields.get("explains")):
        yield name
