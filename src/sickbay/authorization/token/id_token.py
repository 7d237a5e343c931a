"""The claims of an id_token (OpenID Connect Core 2; SMART 2.2, Scopes for requesting identity data), and the keys that sign it
(10.1.1): one signs, the next is published early, and retired ones still verify.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sickbay.authorization.models import Server, User
from sickbay.protocol import scopes

LIFETIME = 3600
"""In seconds."""


def is_due(scope: str) -> bool:
    return "openid" in scopes.split(scope)


def fhir_base(server: Server, audience: str) -> str:
    """Returns the FHIR base for the URLs in claims: the token's audience, or the first base if it is for another server."""
    return audience if audience in server.fhir_bases else next(iter(server.fhir_bases), audience)


def make_claims(
    *,
    issuer: str,
    client_id: str,
    user: User,
    base: str,
    scope: str,
    now: int,
    nonce: str | None = None,
    auth_time: int | None = None,
    lifetime: int = LIFETIME,
) -> dict[str, Any]:
    """Returns the claims. base: the FHIR base that makes the user's reference absolute. `profile`: SMART 1.0 and earlier."""
    granted, url = scopes.split(scope), _make_absolute(base, user.fhir_user)
    values: dict[str, Any] = {
        "iss": issuer,
        "sub": user.sub or user.username,
        "aud": client_id,
        "exp": now + lifetime,
        "iat": now,
        "auth_time": auth_time,
        "nonce": nonce,
        "fhirUser": url if "fhirUser" in granted else None,
        "profile": url if "profile" in granted else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _make_absolute(base: str, reference: str) -> str:
    return reference if "://" in reference else f"{base.rstrip('/')}/{reference}"


AGE = 90 * 86400
"""Seconds after which the next key takes over automatically."""
KEPT = 7 * 86400
"""Seconds that a retired key stays published: longer than the lifetime of any id_token it signed."""
KEPT_KEYS = 4
"""Number of retired keys that are kept for longer, because the clock may be set back to the time when they signed."""


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


def rotate_ring(ring: Ring, now: int, next: str, active: str = "") -> Ring:
    """Makes the next key the signing key, and `next` the one after it. active: signs if there was no next key."""
    retired = tuple(old for index, old in enumerate(ring.retired) if index < KEPT_KEYS or is_published(old, now))
    return Ring(ring.next or active, now, next, (Retired(ring.active, now), *retired))


def add_next_key(ring: Ring, key: str) -> Ring:
    return ring if ring.next else replace(ring, next=key)


def rotation_is_due(ring: Ring, now: int) -> bool:
    return now - ring.since >= AGE


def is_published(key: Retired, now: int) -> bool:
    """Whether the key set still has this key."""
    return now - key.at < KEPT


def list_published_keys(ring: Ring, now: int) -> tuple[str, ...]:
    """Returns the keys of the key set; the signing key comes first."""
    old = tuple(key.key for key in ring.retired if is_published(key, now))
    return (ring.active, *((ring.next,) if ring.next else ()), *old)
