"""Computes named facts from the evidence. They confirm or exclude causes, and their values fill the texts.

A fact is a function that returns its values ({} if it has none), or None if it isn't true; its docstring is its description.
What a pattern shows is data: knowledge/facts.toml. The ID of a rule that found a fault in a request is a fact too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts import addresses, messages, requests, resources
from sickbay.doctor.facts.registry import FACTS, SEARCHED_CHARACTERS, WORDS, Values
from sickbay.doctor.model import FactPattern
from sickbay.kernel.late_patterns import compile_once
from sickbay.kernel.text_search import has_required

__all__ = ["FACTS", "MODULES", "TrueFacts"]
MODULES = (requests, addresses, messages, resources)
"""The modules that register facts."""


class TrueFacts(Mapping[str, Values]):
    """The facts that are true of a text, with their values. Each is computed when it is first needed.

    What isn't found in the text as it is may be found without its escapes and line breaks within sentences.
    """

    def __init__(self, evidence: Evidence, patterns: Mapping[str, FactPattern]) -> None:
        self._evidence, self._patterns = evidence, patterns
        self._folded = evidence.lowered + (evidence.plain.lowered if evidence.plain else "")
        self._found: dict[str, Values | None] = {name: {} for name in evidence.rules}

    def __getitem__(self, name: str) -> Values:
        if name not in self or (values := self._found[name]) is None:
            raise KeyError(name)
        return values

    def __contains__(self, name: object) -> bool:
        """Most facts are false, and the method of Mapping would raise a KeyError for each."""
        if name not in self._found:
            pattern = self._patterns.get(name)  # type: ignore[call-overload]
            words = pattern.words if pattern else WORDS.get(name)  # type: ignore[call-overload]
            may_be_true = words is not None and has_required(words, self._folded)
            self._found[str(name)] = self._compute_fact(str(name), pattern) if may_be_true else None
        return self._found[name] is not None  # type: ignore[index]

    def _compute_fact(self, name: str, pattern: FactPattern | None) -> Values | None:
        find = partial(find_pattern, pattern) if pattern else FACTS[name]
        values = find(self._evidence)
        return find(plain) if values is None and (plain := self._evidence.plain) else values

    def __iter__(self) -> Iterator[str]:
        return (name for name in {**self._found, **FACTS, **self._patterns} if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def find_pattern(described: FactPattern, evidence: Evidence) -> Values | None:
    """The values of a fact that is described in facts.toml; None if one of its conditions isn't met."""
    if not _has_request(described, evidence):
        return None
    values: Values = {}
    for pattern in described.patterns:
        if (found := compile_once(pattern, re.I).search(evidence.text, 0, SEARCHED_CHARACTERS)) is None:
            return None
        values |= {name: value for name, value in found.groupdict().items() if value}
    return {name: value.format_map(values) for name, value in described.values.items()} or values


def _has_request(described: FactPattern, evidence: Evidence) -> bool:
    """Whether the text has a request that matches the fact: its kind, grant type, and present and missing parameters."""
    if described.kind and described.kind not in evidence.kinds:
        return False
    if described.grant and not _has_grant(described.grant, evidence):
        return False
    sends, lacks = described.sends.items(), described.lacks.items()
    return all(_sends_value(evidence, *each) for each in sends) and not any(_sends_value(evidence, *each) for each in lacks)


def _has_grant(grant: str, evidence: Evidence) -> bool:
    return evidence.sent.get("grant_type") == grant or f"grant type {grant.replace('_', ' ')}" in " ".join(evidence.words)


def _sends_value(evidence: Evidence, name: str, pattern: str) -> bool:
    return name in evidence.sent and compile_once(pattern, re.I).search(evidence.sent[name]) is not None
