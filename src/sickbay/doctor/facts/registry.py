"""Registers the facts that are computed, by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sickbay.doctor.evidence import Evidence

Values: TypeAlias = dict[str, str]
Fact: TypeAlias = Callable[[Evidence], Values | None]
FACTS: dict[str, Fact] = {}
"""The facts that are computed. The others are patterns: knowledge/facts.toml."""
WORDS: dict[str, tuple[tuple[str, ...], ...]] = {}
SEARCHED_CHARACTERS = 100_000


def register_fact(function: Fact, *words: str) -> Fact:
    """Registers a fact by the name of its function. words: it is false of a text that has none of them in lower case."""
    FACTS[function.__name__] = function
    WORDS[function.__name__] = (words,) if words else ()
    return function


def register_fact_with(*words: str) -> Callable[[Fact], Fact]:
    return lambda function: register_fact(function, *words)


def make_fact(condition: object) -> Values | None:
    """A fact without values."""
    return {} if condition else None
