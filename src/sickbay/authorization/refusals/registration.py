"""Refusals of a registration (RFC 7591 3.2.2)."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.refusals import scope
from sickbay.kernel.checks import RefusalType

REG_SOFTWARE_STATEMENT_INVALID = RefusalType("reg-software-statement-invalid", "invalid_software_statement")
REG_SOFTWARE_STATEMENT_UNAPPROVED = RefusalType("reg-software-statement-unapproved", "unapproved_software_statement")
REG_PUBLIC_APP_WITH_SECRET = RefusalType("reg-public-app-with-secret", "invalid_client_metadata")
REG_CLIENT_TYPE_MISMATCH = RefusalType("reg-client-type-mismatch", "invalid_client_metadata")
REG_BACKEND_NO_JWKS = RefusalType("reg-backend-no-jwks", "invalid_client_metadata")
REG_JWKS_GIVEN_TWICE = RefusalType("reg-jwks-given-twice", "invalid_client_metadata")
REG_JWKS_URI_NOT_ABSOLUTE = RefusalType("reg-jwks-uri-not-absolute", "invalid_client_metadata")
REG_JWKS_URI_INSECURE_HTTP = RefusalType("reg-jwks-uri-insecure-http", "invalid_client_metadata")
REG_SYSTEM_APP_PUBLIC = RefusalType("reg-system-app-public", "invalid_client_metadata")
REG_NOT_ALLOWED = RefusalType("reg-not-allowed", "invalid_token", status=401)
REG_ACCESS_TOKEN_WRONG = RefusalType("reg-access-token-wrong", "invalid_token", status=401)
REG_METADATA_INVALID_REDIRECT_URI = RefusalType("reg-metadata-invalid", "invalid_redirect_uri")
REG_METADATA_INVALID = RefusalType("reg-metadata-invalid", "invalid_client_metadata")
REG_JWKS_HAS_PRIVATE_KEY = RefusalType("reg-jwks-has-private-key", "invalid_client_metadata")
REG_JWKS_EMPTY = RefusalType("reg-jwks-empty", "invalid_client_metadata")
REG_JWKS_KEY_INCOMPLETE = RefusalType("reg-jwks-key-incomplete", "invalid_client_metadata")
REG_JWKS_KID_MISSING = RefusalType("reg-jwks-kid-missing", "invalid_client_metadata")
REG_JWKS_KEY_UNSUITED = RefusalType("reg-jwks-key-unsuited", "invalid_client_metadata")
REG_JWKS_KEY_WEAK = RefusalType("reg-jwks-key-weak", "invalid_client_metadata")
REG_JWKS_KID_DUPLICATE = RefusalType("reg-jwks-kid-duplicate", "invalid_client_metadata")
REG_SCOPE_NOT_GRANTED = RefusalType("reg-scope-not-granted", "invalid_client_metadata")
REG_GRANT_TYPE_NOT_GRANTED = RefusalType("reg-grant-type-not-granted", "invalid_client_metadata")
REG_AUTH_METHOD_NOT_GRANTED = RefusalType("reg-auth-method-not-granted", "invalid_client_metadata")
REG_HOST_NOT_GRANTED = RefusalType("reg-host-not-granted", "invalid_redirect_uri")
REG_REDIRECT_URI_WILDCARD = RefusalType("reg-redirect-uri-wildcard", "invalid_redirect_uri")
REG_REDIRECT_URI_NOT_ABSOLUTE = RefusalType("reg-redirect-uri-not-absolute", "invalid_redirect_uri")
REG_REDIRECT_URI_SCHEME_FORBIDDEN = RefusalType("reg-redirect-uri-scheme-forbidden", "invalid_redirect_uri")
REG_LAUNCH_URI_SCHEME_FORBIDDEN = RefusalType("reg-launch-uri-scheme-forbidden", "invalid_client_metadata")
REG_REDIRECT_URI_MALFORMED = RefusalType("reg-redirect-uri-malformed", "invalid_redirect_uri")
REG_REDIRECT_URI_RESPONSE_PARAMETER = RefusalType("reg-redirect-uri-response-parameter", "invalid_redirect_uri")
REG_LAUNCH_URI_NOT_ABSOLUTE = RefusalType("reg-launch-uri-not-absolute", "invalid_client_metadata")
REG_HOST_INVALID = RefusalType("reg-host-invalid", "invalid_redirect_uri")
REG_HOST_INVALID_ELSEWHERE = RefusalType("reg-host-invalid", "invalid_client_metadata")
REG_URL_HAS_CREDENTIALS = RefusalType("reg-url-has-credentials", "invalid_redirect_uri")
REG_URL_HAS_CREDENTIALS_ELSEWHERE = RefusalType("reg-url-has-credentials", "invalid_client_metadata")
REG_REDIRECT_URI_HAS_FRAGMENT = RefusalType("reg-redirect-uri-has-fragment", "invalid_redirect_uri")
REG_REDIRECT_URI_INSECURE_HTTP = RefusalType("reg-redirect-uri-insecure-http", "invalid_redirect_uri")
REG_LAUNCH_URI_INSECURE_HTTP = RefusalType("reg-launch-uri-insecure-http", "invalid_client_metadata")

SCOPES = {
    kind.name: structs.replace(kind, error="invalid_client_metadata", redirectable=False)
    for kind in (
        scope.SCOPE_DOUBLE_ENCODED,
        scope.SCOPE_WRONG_CASE,
        scope.SCOPE_V2_ORDER,
        scope.SCOPE_MALFORMED,
        scope.SCOPE_FILTER_UNSUPPORTED,
        scope.SCOPE_RESOURCE_NOT_IN_VERSION,
        scope.SCOPE_LEVELS_MIXED,
        scope.SCOPE_COMMA_SEPARATED,
        scope.SCOPE_PLUS_LITERAL,
        scope.SCOPE_TAB_SEPARATED,
        scope.SCOPE_SEPARATOR_WRONG,
        scope.SCOPE_HAS_STRAY_CHARACTERS,
    )
}
"""Refusals of scopes, by name, with the error code of a registration."""
