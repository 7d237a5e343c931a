"""The claims of an id_token (OpenID Connect Core 2; SMART 2.2, Scopes for requesting identity data)."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.models import User
from sickbay.protocol import scopes

LIFETIME = 3600
"""In seconds."""


def is_due(scope: str) -> bool:
    return "openid" in scopes.split(scope)


def claims(
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
    granted, url = scopes.split(scope), _absolute(base, user.fhir_user)
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


def _absolute(base: str, reference: str) -> str:
    return reference if "://" in reference else f"{base.rstrip('/')}/{reference}"
