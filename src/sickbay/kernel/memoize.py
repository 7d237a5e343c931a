"""Bounded caches of pure functions, because apps send the same values again. Long texts can't fill the memory.

SICKBAY_CACHES=off turns off every cache that depends on requests or stored data. Tests use it to show that the responses are
the same either way. Tables that are compiled once from constants aren't caches, and stay.
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
CACHED_CHARACTERS: Final = 400
"""Maximum total length of the arguments, in characters, up to which a result is cached."""
LAST_CALL_CHARACTERS: Final = 20_000
"""Maximum length of a longer text whose result is cached until the next one: a dozen checks of one request read it."""


def cache_results(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """`lru_cache` for a pure function with short arguments from requests or stored data."""

    def wrap(read: Callable[P, T]) -> Callable[P, T]:
        return cast(Callable[P, T], lru_cache(maxsize=most)(read)) if CACHES else read

    return wrap


def memoize(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Caches the last `most` results of a pure function; for longer texts only the last one, and for very long texts none."""

    def wrap(read: Callable[P, T]) -> Callable[P, T]:
        if not CACHES:
            return read
        parameters = signature(read).parameters.values()
        plain = len(parameters) if all(parameter.default is parameter.empty for parameter in parameters) else 0
        cached = {1: _cache_one_argument, 2: _cache_two_arguments, 3: _cache_three_arguments}.get(plain, _cache_any_arguments)
        return cast(Callable[P, T], wraps(read)(cached(read, lru_cache(maxsize=most)(read))))

    return wrap


def _keep_last_call(read: Read) -> Read:
    cached = lru_cache(maxsize=1)(read)

    def call(*arguments: Any, **named: Any) -> Any:
        long = any(
            isinstance(argument, str) and len(argument) > LAST_CALL_CHARACTERS for argument in (*arguments, *named.values())
        )
        return read(*arguments, **named) if long else cached(*arguments, **named)

    return call


def _cache_one_argument(read: Read, cached: Read) -> Read:
    """Caches a function of one argument. This and the next two avoid loops, because a create calls them about twenty times."""
    last = _keep_last_call(read)
    return lambda text: cached(text) if len(text) <= CACHED_CHARACTERS else last(text)


def _cache_two_arguments(read: Read, cached: Read) -> Read:
    last = _keep_last_call(read)
    return lambda first, second: (
        cached(first, second) if len(first or "") + len(second or "") <= CACHED_CHARACTERS else last(first, second)
    )


def _cache_three_arguments(read: Read, cached: Read) -> Read:
    last = _keep_last_call(read)
    return lambda first, second, third: (
        cached(first, second, third)
        if len(first or "") + len(second or "") + len(third or "") <= CACHED_CHARACTERS
        else last(first, second, third)
    )


def _cache_any_arguments(read: Read, cached: Read) -> Read:
    last = _keep_last_call(read)

    def call(*arguments: Any, **named: Any) -> Any:
        for argument in (*arguments, *named.values()):
            if isinstance(argument, str) and len(argument) > CACHED_CHARACTERS:
                return last(*arguments, **named)
        return cached(*arguments, **named)

    return call
