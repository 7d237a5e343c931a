"""The keys of id_tokens (OpenID Connect Core 10.1.1): one signs, one waits and is known already, old ones still verify."""

from __future__ import annotations

from dataclasses import dataclass, replace

AGE = 90 * 86400
"""Seconds after which the next key takes over by itself."""
KEPT = 7 * 86400
"""Seconds that a retired key is published: longer than any id_token it signed."""


@dataclass(frozen=True, slots=True)
class Retired:
    key: str
    at: int


@dataclass(frozen=True, slots=True)
class Ring:
    """Private JWKs as JSON. next: "" until somebody reads the key set."""

    active: str
    since: int
    next: str = ""
    retired: tuple[Retired, ...] = ()


def rotated(ring: Ring, now: int, next: str, active: str = "") -> Ring:
    """The key that waited signs, and `next` waits. active: signs where none waited yet."""
    kept = tuple(one for one in ring.retired if now - one.at < KEPT)
    return Ring(ring.next or active, now, next, (Retired(ring.active, now), *kept))


def with_next(ring: Ring, key: str) -> Ring:
    return ring if ring.next else replace(ring, next=key)


def is_due(ring: Ring, now: int) -> bool:
    return now - ring.since >= AGE


def published(ring: Ring, now: int) -> tuple[str, ...]:
    """What stands in the key set: the key that signs first."""
    old = tuple(one.key for one in ring.retired if now - one.at < KEPT)
    return (ring.active, *((ring.next,) if ring.next else ()), *old)
