"""Registers the facts that are computed, by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sickbay.doctor.evidence import Evidence

Values: TypeAlias = dict[str, str]
Fact: TypeAlias = Callable[[Evidence], Values | None]
FACTS: dict[str, Fact] = {}
"""The facts that are computed. The others are patterns: knowledge/facts.toml."""
SEARCHED_CHARACTERS = 100_000


def register_fact(function: Fact) -> Fact:
    """Registers a fact by the name of its function."""
    FACTS[function.__name__] = function
    return function


def make_fact(condition: object) -> Values | None:
    """A fact without values."""
    return {} if condition else None
