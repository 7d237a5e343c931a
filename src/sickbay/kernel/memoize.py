"""Caches of pure functions, which forget: apps send the same again, and long texts don't fill the memory.

With the environment variable SICKBAY_CACHES=off nothing is cached that depends on requests or on stored data. It is for tests:
the responses are the same either way. Tables that are compiled once from constants are not caches; they stay.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache, wraps
from inspect import signature
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
Read: TypeAlias = Callable[..., Any]

CACHES: Final = os.environ.get("SICKBAY_CACHES") != "off"
"""Whether anything that depends on requests or on stored data is cached in this process."""
LONGEST: Final = 400
"""Characters, in all, of texts that are worth remembering."""
LONG: Final = 20_000
"""Characters of a text up to which the last one of those that are longer is kept: a dozen checks of one request read it."""


def memoized(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """`lru_cache` of a pure function whose arguments come from requests or stored data, and are short."""

    def wrap(read: Callable[P, T]) -> Callable[P, T]:
        return cast(Callable[P, T], lru_cache(maxsize=most)(read)) if CACHES else read

    return wrap


def memoize(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Of a pure function: its last `most` answers are kept, of those for longer texts the last, of very long ones none."""

    def wrap(read: Callable[P, T]) -> Callable[P, T]:
        if not CACHES:
            return read
        every = signature(read).parameters.values()
        plain = len(every) if all(one.default is one.empty for one in every) else 0
        made = {1: _of_one, 2: _of_two, 3: _of_three}.get(plain, _of_any)
        return cast(Callable[P, T], wraps(read)(made(read, lru_cache(maxsize=most)(read))))

    return wrap


def _last(read: Read) -> Read:
    kept = lru_cache(maxsize=1)(read)

    def call(*given: Any, **named: Any) -> Any:
        long = any(isinstance(one, str) and len(one) > LONG for one in (*given, *named.values()))
        return read(*given, **named) if long else kept(*given, **named)

    return call


def _of_one(read: Read, kept: Read) -> Read:
    """Without a loop, here and for two and three: a create asks some twenty times."""
    last = _last(read)
    return lambda one: kept(one) if len(one) <= LONGEST else last(one)


def _of_two(read: Read, kept: Read) -> Read:
    last = _last(read)
    return lambda one, other: kept(one, other) if len(one or "") + len(other or "") <= LONGEST else last(one, other)


def _of_three(read: Read, kept: Read) -> Read:
    last = _last(read)
    return lambda one, other, third: (
        kept(one, other, third) if len(one or "") + len(other or "") + len(third or "") <= LONGEST else last(one, other, third)
    )


def _of_any(read: Read, kept: Read) -> Read:
    last = _last(read)

    def call(*given: Any, **named: Any) -> Any:
        for one in (*given, *named.values()):
            if isinstance(one, str) and len(one) > LONGEST:
                return last(*given, **named)
        return kept(*given, **named)

    return call
