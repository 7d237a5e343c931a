"""Finds the products and the messages that a text shows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from sickbay.doctor import phrases
from sickbay.doctor.model import Knowledge, Message, Product
from sickbay.doctor.phrases import WordRange

LONG_LETTERS = 44
"""Longer phrases count more, up to this length."""
PRODUCT_POINTS = 4.0
SKIPPED_WORDS = 4
"""With so many other words between them, the parts of a phrase may belong to different sentences or fields of a log."""
FAR_APART = 6
"""With so many words between its parts, a phrase counts half."""
SPREAD_WORDS, LEAST_LETTERS = 40, 13
"""At this distance, the phrases of a message may be about different things. If they are short, they aren't counted."""
FACT_POINTS = 4.0
"""The points of a fault that only facts show."""


class FoundMessage(NamedTuple):
    """points: how much of the text it recognises. letters: how many letters its longest phrase covers.

    skipped: the smallest number of other words between the parts of a phrase that it needs.
    spread: how many words of the text have at least one phrase of each group that it needs.
    is_proved: for each group, whether a phrase that is found proves the message's usual cause.
    """

    message: Message
    points: float
    letters: int
    skipped: int = 0
    spread: int = 0
    is_proved: bool = True


class Covered(NamedTuple):
    """The number of letters that the longest phrase of a group covers, and of words between the parts of the closest one.

    places: where the phrases of the group begin. is_proved: whether one of them proves a cause.
    """

    letters: int
    skipped: int
    places: Sequence[int]
    is_proved: bool


class Shown(NamedTuple):
    """What a text shows: products by their ids, and messages, the one that covers most of the text first."""

    products: frozenset[str]
    messages: tuple[FoundMessage, ...]


def find_shown(knowledge: Knowledge, words: Sequence[str], codes: Iterable[str], facts: Container[str]) -> Shown:
    """codes: recognised error codes, statuses and issue types. facts: the names of what is true."""
    parts = phrases.find_parts(knowledge.phrases, words)
    said = frozenset(codes), facts
    by_facts = (id for id in knowledge.by_code.get("", ()) if knowledge.messages[id].needs[0] in facts)
    wordless = {*by_facts, *(id for code in said[0] for id in knowledge.by_code.get(code, ()))}
    begun = [each for part in parts for each in knowledge.by_part.get(part, ())]
    said_ids = {id for id, phrase in begun if phrases.find_phrase(phrase, parts)}.union(wordless)
    ordered = dict.fromkeys((*sorted(wordless, key=knowledge.places.__getitem__), *(id for id, _ in begun)))
    possible = [knowledge.messages[id] for id in ordered if id in said_ids]
    certain = {each.id: _measure_groups(each, words, parts, *said) for each in possible if each.unmistakable}
    marked = {id for part in parts for id in knowledge.marked.get(part, ())}
    products = {id for id in marked if is_shown(knowledge.products[id], parts)}
    products |= {knowledge.messages[id].product for id, found in certain.items() if found is not None}
    products |= {implied for id in products for implied in knowledge.products[id].implies}
    candidates = (  # of products that aren't shown, messages aren't looked for, because that may need facts
        (each, certain[each.id] if each.unmistakable else _measure_groups(each, words, parts, *said))
        for each in possible
        if not each.product or each.product in products
    )
    messages = [_score_message(each, found, products) for each, found in candidates if found is not None]
    together = (found for found in messages if found.spread < SPREAD_WORDS or found.letters >= LEAST_LETTERS)
    return Shown(frozenset(products), tuple(sorted(together, key=lambda found: -found.points)))


def _score_message(message: Message, covered: Sequence[Covered], products: set[str]) -> FoundMessage:
    letters = [each.letters for each in covered]
    skipped = max((each.skipped for each in covered), default=0)
    spread = _measure_spread([each.places for each in covered]) if len(covered) > 1 else 0
    points = _calculate_points(message, letters, products)
    is_wide = skipped >= FAR_APART or spread >= SPREAD_WORDS
    is_scattered = is_wide and not message.unmistakable and message.strength != "evident"
    is_proved = all(each.is_proved for each in covered)
    return FoundMessage(message, points / 2 if is_scattered else points, max(letters, default=0), skipped, spread, is_proved)


def _measure_spread(groups: Sequence[Sequence[int]]) -> int:
    """The number of words between the closest places, one of each group."""
    first, *others = groups
    apart = ((min(places, key=lambda place: abs(place - start)) for places in others) for start in first)
    return min(max(start, *nearest) - min(start, *nearest) for start, nearest in zip(first, map(tuple, apart), strict=True))


def is_shown(product: Product, parts: Mapping[int, Sequence[WordRange]]) -> bool:
    """Whether one of its marks is in the text, outside phrases in which it doesn't count."""
    apart = [place for phrase in product.without if len(phrase) == 1 for place in parts.get(phrase[0], ())]
    for mark in product.marks:
        places = parts.get(mark[0], ()) if len(mark) == 1 else phrases.find_phrase(mark, parts)
        if any(not any(each.start <= place.start and place.end <= each.end for each in apart) for place in places):
            return True
    return False


def _measure_groups(
    message: Message,
    words: Sequence[str],
    parts: Mapping[int, Sequence[WordRange]],
    codes: frozenset[str],
    facts: Container[str],
) -> list[Covered] | None:
    """What the phrases of each group cover; None if the message isn't in the text."""
    if message.codes and codes.isdisjoint(message.codes):
        return None
    lengths = []
    for group, proved in zip(message.wordings, message.proved or map(len, message.wordings), strict=True):
        possible = [(place, phrase) for place, phrase in enumerate(group) if phrase[0] in parts]
        found = [(place, ranges) for place, phrase in possible if (ranges := phrases.find_phrase(phrase, parts))]
        if not found:
            return None
        skipped = min(sum(after.start - before.end for before, after in pairwise(ranges)) for _, ranges in found)
        places = [each.start for place, _ in found for each in parts[group[place][0]]]
        letters = max(phrases.count_letters(ranges, words) for _, ranges in found)
        lengths.append(Covered(letters, skipped, places, is_proved=found[0][0] < proved))
    if any(phrases.find_phrase(phrase, parts) for phrase in message.without):
        return None
    return lengths if all(name in facts for name in message.needs) else None


def _calculate_points(message: Message, lengths: Sequence[int], products: set[str]) -> float:
    """A message counts as much as a shown product, the more the longer it is; further phrases and a code count a little."""
    words = 4 + min(max(lengths), LONG_LETTERS) / 7 + (len(lengths) - 1) if lengths else 0.0
    words += FACT_POINTS if message.strength == "evident" and not lengths else 0.0
    points = PRODUCT_POINTS * (message.product in products) + words + bool(message.codes) + len(message.needs) / 2
    return {"general": points / 2, "message": points, "evident": points * 2}[message.strength]
