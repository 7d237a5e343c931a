"""Turns valid requests into wrong ones by one to three mutations that people (and attackers) make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeAlias
from urllib.parse import quote

Pairs: TypeAlias = list[tuple[str, str]]
Mutation: TypeAlias = Callable[[Random, Pairs], Pairs]


def mutate(random: Random, pairs: Pairs, mutations: Sequence[Mutation]) -> Pairs:
    """Applies one to three of the mutations in sequence."""
    for mutation in random.sample(mutations, random.randint(1, min(3, len(mutations)))):
        pairs = mutation(random, pairs)
    return pairs


def drop(name: str) -> Mutation:
    return lambda random, pairs: [pair for pair in pairs if pair[0] != name]


def repeat(name: str) -> Mutation:
    return lambda random, pairs: [*pairs, *(pair for pair in pairs if pair[0] == name)]


def replace(name: str, *values: str) -> Mutation:
    """Replaces the value of the parameter, or adds the parameter, with one of the values."""

    def mutation(random: Random, pairs: Pairs) -> Pairs:
        value = random.choice(values)
        if not any(key == name for key, _ in pairs):
            return [*pairs, (name, value)]
        return [(key, value if key == name else current) for key, current in pairs]

    return mutation


def garble(name: str) -> Mutation:
    """Damages one value: a missing, additional or doubled part, double encoding, spaces, or another case."""

    def mutation(random: Random, pairs: Pairs) -> Pairs:
        accident = random.choice(ACCIDENTS)
        return [(key, accident(random, current) if key == name else current) for key, current in pairs]

    return mutation


def _at(random: Random, text: str) -> int:
    return random.randrange(len(text)) if text else 0


def _lose(random: Random, text: str) -> str:
    place = _at(random, text)
    return text[:place] + text[place + 1 :]


def _add(random: Random, text: str) -> str:
    place = _at(random, text)
    return text[:place] + random.choice("/ ,+%&=#?\"'<>\\\0\né€\U0001f600.:*|~A0") + text[place:]


def _double(random: Random, text: str) -> str:
    return text + text


def _cut(random: Random, text: str) -> str:
    return text[: _at(random, text)]


ACCIDENTS: tuple[Callable[[Random, str], str], ...] = (
    _lose,
    _add,
    _double,
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


def swap(first: str, second: str) -> Mutation:
    """Swaps the values of two parameters."""

    def mutation(random: Random, pairs: Pairs) -> Pairs:
        values: Mapping[str, str] = dict(pairs)
        return [(key, values.get({first: second, second: first}.get(key, key), value)) for key, value in pairs]

    return mutation


def scope_without(*starts: str) -> Mutation:
    return lambda random, pairs: [
        (key, " ".join(s for s in v.split() if not s.startswith(starts)) if key == "scope" else v) for key, v in pairs
    ]


def scope_with(*more: str) -> Mutation:
    return lambda random, pairs: [(key, f"{v} {random.choice(more)}" if key == "scope" else v) for key, v in pairs]
