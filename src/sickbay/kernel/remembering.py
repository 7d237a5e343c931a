"""What was read of a text is remembered: apps send the same again. Nobody who sends long texts fills the memory by it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from inspect import signature
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
Read: TypeAlias = Callable[..., Any]

LONGEST: Final = 400
"""Characters, in all, of texts that are worth remembering."""


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Of a pure function: its last `most` answers are kept, those aside for which longer texts were given."""

    def wrap(read: Callable[P, T]) -> Callable[P, T]:
        every = signature(read).parameters.values()
        plain = len(every) if all(one.default is one.empty for one in every) else 0
        made = {1: _of_one, 2: _of_two, 3: _of_three}.get(plain, _of_any)
        return cast(Callable[P, T], wraps(read)(made(read, lru_cache(maxsize=most)(read))))

    return wrap


def _of_one(read: Read, kept: Read) -> Read:
    """Without a loop, here and for two and three: a create asks some twenty times."""
    return lambda one: kept(one) if len(one) <= LONGEST else read(one)


def _of_two(read: Read, kept: Read) -> Read:
    return lambda one, other: kept(one, other) if len(one or "") + len(other or "") <= LONGEST else read(one, other)


def _of_three(read: Read, kept: Read) -> Read:
    return lambda one, other, third: (
        kept(one, other, third)
        if len(one or "") + len(other or "") + len(third or "") <= LONGEST
        else read(one, other, third)
    )


def _of_any(read: Read, kept: Read) -> Read:
    def call(*given: Any, **named: Any) -> Any:
        for one in (*given, *named.values()):
            if isinstance(one, str) and len(one) > LONGEST:
                return read(*given, **named)
        return kept(*given, **named)

    return call
