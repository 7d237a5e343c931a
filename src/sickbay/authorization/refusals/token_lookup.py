"""Refusals of introspection, revocation and userinfo (RFC 7662, RFC 7009)."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

TOKEN_PARAMETER_MISSING = RefusalType("token-parameter-missing", "invalid_request")
CLIENT_AUTH_MISSING = RefusalType("client-auth-missing", "invalid_client")
REFRESH_CLIENT_MISMATCH = RefusalType("refresh-client-mismatch", "invalid_grant")
REVOKE_ACCESS_TOKEN = RefusalType("revoke-access-token", "unsupported_token_type")
USERINFO_WITHOUT_OPENID = RefusalType("userinfo-without-openid", "insufficient_scope", status=403)
