"""Which known errors only restate what a rule finds in the request."""

from typing import Final

RESTATED: Final[dict[str, frozenset[str]]] = {
    "athena-bearer-base64": frozenset(("code-bearer-instead-of-basic",)),
    "cerner-launch-code-required": frozenset(("launch-scope-without-launch-param",)),
    "cerner-missing-patient": frozenset(("scope-patient-without-context",)),
    "fhir-search-colon-for-equals": frozenset(("fhir-search-colon-for-equals",)),
    "fhir-search-invalid-date": frozenset(("fhir-date-malformed",)),
    "fhir-version-conflict": frozenset(("fhir-version-conflict",)),
    "general-redirect-uri": frozenset(("redirect-uri-mismatch",)),
    "grant-type-not-received": frozenset(("token-wrong-content-type", "token-wrong-method", "grant-type-missing")),
    "library-json-token-request": frozenset(("token-wrong-content-type",)),
    "oauth-json-body": frozenset(("token-wrong-content-type",)),
    "oauth-parameters-in-query": frozenset(("token-wrong-method",)),
    "redirect-uri-mismatch": frozenset(("redirect-uri-mismatch",)),
    "token-json-object": frozenset(("token-wrong-content-type",)),
}
"""Known errors, and the rules that say the same about the request. Their causes are still listed."""
