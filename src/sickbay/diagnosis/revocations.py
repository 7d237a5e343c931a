"""Says who revoked a token and when."""

from __future__ import annotations

from datetime import UTC, datetime

from sickbay.kernel.checks import Facts

_BY = {
    "app": "The app revoked it at the revocation endpoint",
    "user": "The user revoked the app's access",
    "code": "The server revoked it because its authorization code was sent a second time",
    "refresh": "The server revoked it because a refresh token was sent again that had already been replaced",
}


def describe_revocation(facts: Facts) -> str:
    """One sentence from the facts `by` (see `RevokedBy`) and `at` (seconds since 1970)."""
    by = _BY.get(str(facts.get("by")))
    if by is None:
        return "There is no record of who revoked it."
    return f"{by} on {datetime.fromtimestamp(facts['at'], UTC):%Y-%m-%d at %H:%M:%S} UTC."
