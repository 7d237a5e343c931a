"""Refusals of the token endpoint (RFC 6749 5.2), and of the PKCE verifier (RFC 7636 4.6)."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

PKCE_VERIFIER_MISSING = RefusalType("pkce-verifier-missing", "invalid_grant")
PKCE_VERIFIER_UNEXPECTED = RefusalType("pkce-verifier-unexpected", "invalid_grant")
PKCE_VERIFIER_MALFORMED = RefusalType("pkce-verifier-malformed", "invalid_grant")
PKCE_VERIFIER_MISMATCH = RefusalType("pkce-verifier-mismatch", "invalid_grant")
TOKEN_WRONG_METHOD = RefusalType("token-wrong-method", "invalid_request")
TENANT_UNKNOWN = RefusalType("tenant-unknown", "invalid_grant")
TOKEN_WRONG_CONTENT_TYPE = RefusalType("token-wrong-content-type", "invalid_request")
DUPLICATE_PARAMETER = RefusalType("duplicate-parameter", "invalid_request")
GRANT_TYPE_MISSING = RefusalType("grant-type-missing", "invalid_request")
GRANT_TYPE_INVALID = RefusalType("grant-type-invalid", "unsupported_grant_type")
GRANT_TYPE_MISMATCH = RefusalType("grant-type-mismatch", "invalid_grant")
TOKEN_RESOURCE_MISMATCH = RefusalType("token-resource-mismatch", "invalid_target")
MCP_RESOURCE_MISSING_TOKEN = RefusalType("mcp-resource-missing-token", "invalid_target")
BACKEND_GRANT_NOT_ALLOWED = RefusalType("backend-grant-not-allowed", "unauthorized_client")
CODE_MISSING = RefusalType("code-missing", "invalid_request")
CODE_UNKNOWN = RefusalType("code-unknown", "invalid_grant")
CODE_REUSED = RefusalType("code-reused", "invalid_grant")
CODE_EXPIRED = RefusalType("code-expired", "invalid_grant")
CODE_CLIENT_MISMATCH = RefusalType("code-client-mismatch", "invalid_grant")
TOKEN_REDIRECT_URI_MISMATCH = RefusalType("token-redirect-uri-mismatch", "invalid_grant")
TOKEN_REDIRECT_URI_MISSING = RefusalType("token-redirect-uri-missing", "invalid_request")
TOKEN_ENDPOINT_WRONG_TENANT = RefusalType("token-endpoint-wrong-tenant", "invalid_grant")
