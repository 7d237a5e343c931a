"""Which mistakes are the most frequent, so that a search lists them first.

Counted in public threads: issue trackers, vendors' forums and mailing lists. A prefix stands for all rules that begin so.
"""

from __future__ import annotations

from sickbay.diagnosis.importance import find_place

ORDER: tuple[str, ...] = (
    "redirect-uri-",
    "aud-",
    "launch-scope-without-launch-param",
    "launch-patient-in-ehr-launch",
    "launch-param-without-launch-scope",
    "scope-patient-without-context",
    "scope-not-registered",
    "fhir-insufficient-scope",
    "scope-wildcard-not-allowed",
    "scope-v1-on-v2-app",
    "client-secret-wrong",
    "client-auth-",
    "basic-",
    "assertion-aud-wrong",
    "assertion-kid-unknown",
    "assertion-signature-invalid",
    "assertion-",
    "code-reused",
    "code-expired",
    "code-unknown",
    "pkce-verifier-mismatch",
    "pkce-",
    "redirect-state-mismatch",
    "redirect-no-code-no-error",
    "state-missing",
    "launch-param-is-url",
    "launch-code-",
    "cors-",
    "launch-url-missing-iss",
    "refresh-token-not-issued",
    "offline-access-not-allowed",
    "refresh-",
    "scope-comma-separated",
    "scope-",
    "client-id-unknown",
    "client-",
    "fhir-search-missing-category",
    "fhir-search-missing-patient",
    "fhir-search-unknown-param",
    "cookie-samesite-iframe",
    "session-storage-lost",
    "fhir-token-wrong-issuer",
    "token-endpoint-wrong-tenant",
    "fhir-resource-wrong-version",
    "fhir-base-url-wrong",
    "token-wrong-content-type",
    "grant-type-",
    "token-redirect-uri-",
)


def rank(id: str) -> int:
    """The place of a rule in the order; those that aren't listed come last."""
    return find_place(ORDER, id)
