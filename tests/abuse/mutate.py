"""Make wrong requests out of right ones: one to three mutations, each of a kind that people (and attackers) send."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeAlias
from urllib.parse import quote

Pairs: TypeAlias = list[tuple[str, str]]
Mutation: TypeAlias = Callable[[Random, Pairs], Pairs]


def mutated(random: Random, pairs: Pairs, mutations: Sequence[Mutation]) -> Pairs:
    """One to three of the mutations, one after the other."""
    for mutation in random.sample(mutations, random.randint(1, min(3, len(mutations)))):
        pairs = mutation(random, pairs)
    return pairs


def dropped(name: str) -> Mutation:
    return lambda random, pairs: [pair for pair in pairs if pair[0] != name]


def repeated(name: str) -> Mutation:
    return lambda random, pairs: [*pairs, *(pair for pair in pairs if pair[0] == name)]


def replaced(name: str, *values: str) -> Mutation:
    """One of the values in place of the one there, or added where there is none."""

    def mutation(random: Random, pairs: Pairs) -> Pairs:
        value = random.choice(values)
        if not any(key == name for key, _ in pairs):
            return [*pairs, (name, value)]
        return [(key, value if key == name else held) for key, held in pairs]

    return mutation


def garbled(name: str) -> Mutation:
    """Small accidents of one value: a character lost, added, turned, doubled; encoded twice; blanks; another case."""

    def mutation(random: Random, pairs: Pairs) -> Pairs:
        accident = random.choice(ACCIDENTS)
        return [(key, accident(random, held) if key == name else held) for key, held in pairs]

    return mutation


def _at(random: Random, text: str) -> int:
    return random.randrange(len(text)) if text else 0


def _lost(random: Random, text: str) -> str:
    place = _at(random, text)
    return text[:place] + text[place + 1 :]


def _added(random: Random, text: str) -> str:
    place = _at(random, text)
    return text[:place] + random.choice("/ ,+%&=#?\"'<>\\\0\né€\U0001f600.:*|~A0") + text[place:]


def _doubled(random: Random, text: str) -> str:
    return text + text


def _cut(random: Random, text: str) -> str:
    return text[: _at(random, text)]


ACCIDENTS: tuple[Callable[[Random, str], str], ...] = (
    _lost,
    _added,
    _doubled,
    _cut,
    lambda random, text: text + "/",
    lambda random, text: f" {text} ",
    lambda random, text: f'"{text}"',
    lambda random, text: text.upper(),
    lambda random, text: text.swapcase(),
    lambda random, text: quote(text, safe=""),
    lambda random, text: text.replace(" ", ","),
    lambda random, text: text.replace(" ", "+"),
    lambda random, text: (text * 400)[:6000],
)


def swapped(one: str, other: str) -> Mutation:
    """The values of two parameters changed for each other."""

    def mutation(random: Random, pairs: Pairs) -> Pairs:
        held: Mapping[str, str] = dict(pairs)
        return [(key, held.get({one: other, other: one}.get(key, key), value)) for key, value in pairs]

    return mutation


def scope_without(*starts: str) -> Mutation:
    return lambda random, pairs: [
        (key, " ".join(s for s in v.split() if not s.startswith(starts)) if key == "scope" else v) for key, v in pairs
    ]


def scope_with(*more: str) -> Mutation:
    return lambda random, pairs: [(key, f"{v} {random.choice(more)}" if key == "scope" else v) for key, v in pairs]
