"""Refusals of the FHIR server about the access token (RFC 6750 3.1)."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

FHIR_TOKEN_UNKNOWN = RefusalType("fhir-token-unknown", "invalid_token", status=401)
FHIR_TOKEN_MISSING = RefusalType("fhir-token-missing", "", status=401)
FHIR_TOKEN_IN_QUERY = RefusalType("fhir-token-in-query", "invalid_request")
FHIR_TOKEN_OF_ANOTHER_SCHEME = RefusalType("fhir-token-not-bearer", "", status=401)
FHIR_TOKEN_NOT_BEARER = RefusalType("fhir-token-not-bearer", "invalid_request")
FHIR_TOKEN_EXPIRED = RefusalType("fhir-token-expired", "invalid_token", status=401)
FHIR_TOKEN_WRONG_ISSUER = RefusalType("fhir-token-wrong-issuer", "invalid_token", status=401)
FHIR_TOKEN_WRONG_AUDIENCE = RefusalType("fhir-token-wrong-audience", "invalid_token", status=401)
FHIR_INSUFFICIENT_SCOPE = RefusalType("fhir-insufficient-scope", "insufficient_scope", status=403)
