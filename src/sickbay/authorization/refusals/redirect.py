"""Faults of a redirect, as the app received it (RFC 6749 4.1.2)."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

REDIRECT_PARAMS_IN_FRAGMENT = RefusalType("redirect-params-in-fragment", "invalid_request")
REDIRECT_NO_CODE_NO_ERROR = RefusalType("redirect-no-code-no-error", "invalid_request")
REDIRECT_STATE_MISSING = RefusalType("redirect-state-missing", "invalid_request")
REDIRECT_STATE_MISMATCH = RefusalType("redirect-state-mismatch", "invalid_request")
REDIRECT_CODE_MANGLED = RefusalType("redirect-code-mangled", "invalid_request")


def make_foreign_refusal(name: str, error: str) -> RefusalType:
    """Returns our refusal for another server's error response, with the error code that it sent."""
    return RefusalType(name, error or "invalid_request")
