"""Random numbers that are the same on every Python version and machine, with one stream for each name."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class SeededRandom:
    """One random stream, named by its parts (`SeededRandom(1, "life", 17)`).

    Uses only `Random.random()`, whose sequence Python promises to keep, and no function of libm: a logarithm may differ in its
    last digit from machine to machine.
    """

    __slots__ = ("_next",)

    def __init__(self, *name: object) -> None:
        digest = hashlib.blake2b("/".join(map(str, name)).encode(), digest_size=16).digest()
        self._next = random.Random(int.from_bytes(digest, "big")).random

    def chance(self, probability: float) -> bool:
        return self._next() < probability

    def pick_integer(self, low: int, high: int) -> int:
        """Returns an integer from `low` to `high`, both included."""
        return low + int(self._next() * (high - low + 1))

    def draw_uniform(self, low: float, high: float) -> float:
        return low + self._next() * (high - low)

    def draw_normal(self, mean: float, spread: float) -> float:
        """Returns a bell-shaped value with standard deviation `spread`, the sum of three draws; at most 3 `spread` from the
        mean.
        """
        return mean + spread * 2.0 * (self._next() + self._next() + self._next() - 1.5)

    def pick(self, things: Sequence[T]) -> T:
        return things[int(self._next() * len(things))]
