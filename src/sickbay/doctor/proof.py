"""Learns from the texts under Seen which phrases of messages prove a cause, when the knowledge is compiled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

from msgspec import structs

from sickbay.doctor.match import find_shown
from sickbay.doctor.model import Cause, Knowledge, Message, Phrase
from sickbay.doctor.phrases import find_parts, find_phrase, split_words

MANY_PHRASES = 5
"""A group of so many phrases comes from many sources, and one of them may have another cause than the rest."""


def put_proven_phrases_first(knowledge: Knowledge, seen: Iterable[tuple[Cause, str]]) -> Knowledge:
    """The knowledge with the phrases of each message first that a text of a usual cause has.

    A message that texts of other causes have at least as often proves nothing. seen: causes, each with a text.
    """
    worded = {
        id: structs.replace(each, codes=(), needs=()) if each.wordings else each for id, each in knowledge.messages.items()
    }
    said = structs.replace(knowledge, messages=worded)
    proved: set[tuple[str, Phrase]] = set()
    more: Counter[str] = Counter()
    for cause, text in seen:
        words = split_words(text)
        parts = find_parts(knowledge.phrases, words)
        for message in (found.message for found in find_shown(said, words, (), ()).messages):
            is_usual = cause.behind.get(message.id) == "usual"
            more[message.id] += -1 if is_usual else 1
            if is_usual:
                proved |= {(message.id, phrase) for group in message.wordings for phrase in group if find_phrase(phrase, parts)}
    shared = {id for id, count in more.items() if count >= 0 and knowledge.messages[id].strength == "message"}
    messages = {id: _put_proved_first(each, proved, is_shared=id in shared) for id, each in knowledge.messages.items()}
    return structs.replace(knowledge, messages=messages)


def _put_proved_first(message: Message, proved: Container[tuple[str, Phrase]], *, is_shared: bool) -> Message:
    groups = [sorted(group, key=lambda phrase: (message.id, phrase) not in proved) for group in message.wordings]
    counts = [sum(len(group) < MANY_PHRASES or (message.id, phrase) in proved for phrase in group) for group in groups]
    counts = [0] * len(groups) if is_shared else [] if counts == [*map(len, groups)] else counts
    return structs.replace(message, wordings=tuple(map(tuple, groups)), proved=tuple(counts))
