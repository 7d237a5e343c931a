"""Refusals of the logout endpoint (OpenID Connect RP-Initiated Logout 1.0). They are shown as a page."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

DUPLICATE_PARAMETER = RefusalType("duplicate-parameter", "invalid_request")
LOGOUT_HINT_INVALID = RefusalType("logout-hint-invalid", "invalid_request")
LOGOUT_CLIENT_MISMATCH = RefusalType("logout-client-mismatch", "invalid_request")
LOGOUT_REDIRECT_URI_MISMATCH = RefusalType("logout-redirect-uri-mismatch", "invalid_request")
