"""Refusals of refresh tokens (RFC 6749 6)."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

REFRESH_TOKEN_MISSING = RefusalType("refresh-token-missing", "invalid_request")
REFRESH_TOKEN_INVALID = RefusalType("refresh-token-invalid", "invalid_grant")
REFRESH_TOKEN_REUSED = RefusalType("refresh-token-reused", "invalid_grant")
REFRESH_REPLAY_DIFFERS = RefusalType("refresh-replay-differs", "invalid_grant")
REFRESH_REPLAY_REVOKED = RefusalType("refresh-replay-revoked", "invalid_grant")
REFRESH_CLIENT_MISMATCH = RefusalType("refresh-client-mismatch", "invalid_grant")
REFRESH_ONLINE_SESSION_ENDED = RefusalType("refresh-online-session-ended", "invalid_grant")
REFRESH_SCOPE_EXPANDED = RefusalType("refresh-scope-expanded", "invalid_scope")
SCOPE_NOT_REGISTERED = RefusalType("scope-not-registered", "invalid_scope")
