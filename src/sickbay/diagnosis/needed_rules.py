"""Finds the rules that a text needs without importing the functions of all others, which takes longer than to explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.rule_file import RuleText, find_refusal, has_functions, load_rules, read_texts
from sickbay.diagnosis.rule_index import RuleIndex, build_index
from sickbay.diagnosis.rules import FILES

V = TypeVar("V")


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


_TEXTS = [(file, text) for file in FILES for text in read_texts(file)]
_PLACES = {text.id: file for file, text in _TEXTS}
_STAGES = ((stage, file) for file, text in _TEXTS for stage in (file.partition(".")[0], *text.fields.get("at", ())))
_NAMES = ((name, file) for file, text in _TEXTS for name in _explained_names(text))
_ADVISING = _group_files((stage, file) for stage, file in _STAGES if has_functions(file))

INDEX: Final = RuleIndex(
    _OnDemand(_ADVISING, lambda stage, index: index.advising.get(stage, {})),
    _OnDemand(_group_files(_NAMES), lambda name, index: index.explaining[name]),
    {text.id: place for place, (_, text) in enumerate(_TEXTS)},
)
"""The index of the catalogue. What it finds is read when it is looked up."""
IDS: Final = frozenset(_PLACES)


def find_rule(id: str) -> Rule:
    """Raises KeyError if no rule has this id."""
    return next(rule for rule in load_rules(_PLACES[id]) if rule.id == id)
