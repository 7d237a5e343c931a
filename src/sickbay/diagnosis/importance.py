"""Ranks findings: first those that hurt the user of an app most, last those that are only a habit of the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

HABITS: Final = frozenset(
    (
        "fhir-missing-accept",
        "nonce-missing",
        "fhiruser-missing",
        "profile-scope-deprecated",
        "scope-openid-claims",
        "token-scope-ignored",
        "token-state-param",
    )
)
"""Advice about how an app sends all its requests, which nearly every client gets. It is given once for an app."""
ORDER: Final[tuple[str, ...]] = (
    # The user sees another person's data, or none.
    "fhir-wrong-patient",
    "fhir-search-patient-outside-token",
    "context-patient-differs",
    "token-response-no-patient",
    # Another person can act as the user.
    "code-verifier-in-url",
    "client-secret-",
    "id-token-",
    "state-",
    "nonce-reused",
    "pkce-",
    # The user sees other data than was asked for, or not all of it.
    "fhir-search-unknown-param",
    "fhir-search-param-empty",
    "fhir-search-value-malformed",
    "fhir-search-value-encoded-twice",
    "fhir-search-system-without-bar",
    "fhir-scope-category-constraint",
    "granted-scopes-narrower",
    "fhir-search-",
    "fhir-page-short",
    "fhir-include-",
    # The user can't go on, or has to sign in again.
    "cookie-samesite-iframe",
    "session-storage-lost",
    "cors-",
    "browser-",
    "refresh-token-not-issued",
    "offline-access-not-allowed",
)
"""Rules by how much they hurt the user. A prefix stands for all rules that begin so. All others come next, habits last."""


def rank(id: str) -> int:
    """The place of a rule among findings of the same severity."""
    if id in HABITS:
        return len(ORDER) + 1
    return find_place(ORDER, id)


def find_place(order: Sequence[str], id: str) -> int:
    """The index of the entry that names this rule or a prefix of it; after the last entry if none does."""
    return next(
        (place for place, entry in enumerate(order) if (id.startswith(entry) if entry.endswith("-") else id == entry)),
        len(order),
    )
