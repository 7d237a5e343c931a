"""Signing keys of id_tokens (OpenID Connect Core 10.1.1): one signs, the next is published early, retired ones still verify."""

from __future__ import annotations

from dataclasses import dataclass, replace

AGE = 90 * 86400
"""Seconds after which the next key takes over automatically."""
KEPT = 7 * 86400
"""Seconds that a retired key stays published: longer than the lifetime of any id_token it signed."""


@dataclass(frozen=True, slots=True)
class Retired:
    key: str
    at: int


@dataclass(frozen=True, slots=True)
class Ring:
    """Private JWKs as JSON. next: "" until the key set is first read."""

    active: str
    since: int
    next: str = ""
    retired: tuple[Retired, ...] = ()


def rotated(ring: Ring, now: int, next: str, active: str = "") -> Ring:
    """Makes the waiting key sign, and `next` wait. active: signs if no key was waiting."""
    retired = tuple(old for old in ring.retired if now - old.at < KEPT)
    return Ring(ring.next or active, now, next, (Retired(ring.active, now), *retired))


def with_next(ring: Ring, key: str) -> Ring:
    return ring if ring.next else replace(ring, next=key)


def is_due(ring: Ring, now: int) -> bool:
    return now - ring.since >= AGE


def published(ring: Ring, now: int) -> tuple[str, ...]:
    """Returns the keys of the key set; the signing key comes first."""
    old = tuple(key.key for key in ring.retired if now - key.at < KEPT)
    return (ring.active, *((ring.next,) if ring.next else ()), *old)
