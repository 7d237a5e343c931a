"""How many examples and cases a law tries: all of them in `make prove`, and a share in `make test`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pytest
from _pytest.mark.structures import ParameterSet
from hypothesis import settings

Case = TypeVar("Case")

SHARE = 10
LEAST_EXAMPLES, LONG_EXAMPLES = 50, 100
"""The examples of a law that doesn't say how many it needs, in `make test` and in `make prove`."""
STRIDE = 7
"""`make test` tries every seventh case of a table. Few tables have rows of a multiple of seven, so each value is tried."""
LONG_PROFILE = "prove"


def is_long() -> bool:
    return settings.get_current_profile_name() == LONG_PROFILE


def examples(count: int) -> int:
    """The number of examples for a law that `make prove` tries this many times: a tenth in `make test`, but at least 50."""
    return count if is_long() else min(count, max(count // SHARE, LEAST_EXAMPLES))


def pairs(first: Iterable[Any], second: Sequence[Any]) -> list[ParameterSet]:
    """Parameters for all pairs: in `make test` each value occurs once or a few times, in `make prove` with all others."""
    return [
        pytest.param(left, right, marks=() if number % len(second) == place else pytest.mark.prove)
        for number, left in enumerate(first)
        for place, right in enumerate(second)
    ]


def cases(table: Iterable[Case]) -> list[Case]:
    """The cases of a large table: every seventh in `make test`."""
    return [*table][:: 1 if is_long() else STRIDE]
