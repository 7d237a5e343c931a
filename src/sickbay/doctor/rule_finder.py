"""Finds rules and causes by an error code or by words: for the list of rules and the tools of agents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.lists import LISTS, find_place
from sickbay.diagnosis.rule import Rule
from sickbay.doctor import compiled, topics
from sickbay.doctor.topics import Topic

SHOWN_CAUSES = 50


class FoundRules(NamedTuple):
    """Both with the best ones first."""

    rules: Sequence[Rule]
    causes: Sequence[Topic]


def search_rules(text: str) -> FoundRules:
    """text: an error code, for which the most frequent rules come first, or words, for which the best ones do."""
    found = topics.find_topics(compiled.load_topics(), text, "rule", "cause")
    causes = [topic for topic in found if topic.kind == "cause"]
    return FoundRules(_select_rules(text, found), causes[:SHOWN_CAUSES])


def _select_rules(text: str, found: Iterable[Topic]) -> Sequence[Rule]:
    """The rules with this error code, the most frequent first, then those with the words."""
    code = text.strip().lower()
    with_code = [rule for rule in RULES if code in rule.outcome.lower().replace(",", "").split()]
    with_code.sort(key=lambda rule: find_place(LISTS["frequent"], rule.id))
    with_words = (BY_ID[topic.id] for topic in found if topic.kind == "rule" and topic.id in BY_ID)
    return list({rule.id: rule for rule in (*with_code, *with_words)}.values())
