"""Determines which resources the scopes of a token make visible. The storage applies this to every result."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sickbay.authorization.models import AccessToken, Policy, User
from sickbay.fhir.search.parameters import compartment_types
from sickbay.fhir.visibility import Clause, Granular, Visibility, filters_of
from sickbay.kernel.checks import Unknown
from sickbay.kernel.memoize import cache_results
from sickbay.protocol import scopes
from sickbay.protocol.scopes import ResourceScope


def visibility_of(token: AccessToken, user: User | Unknown | None, policy: Policy, compartment: Collection[str]) -> Visibility:
    """Returns what the token's scopes make visible, combined. `compartment`: types of the version's Patient compartment.

    patient/ is limited to the compartment of the token's patient, user/ to those of the user's patients; system/ is unlimited.
    A scope that isn't well formed, or lacks its patient or user, grants nothing.
    """
    clauses: list[Clause] = []
    for scope in scopes.list_resources(token.scope):
        filters = filters_of(scope)
        if filters is not None:
            clauses += _clauses_of_scope(scope, filters, _visible_patients(scope, token, user), policy, compartment)
    return Visibility(tuple(dict.fromkeys(clauses)))


def determine_visibility(token: AccessToken, user: User | Unknown | None, policy: Policy, version: str) -> Visibility:
    """Returns `visibility` for the Patient compartment of this FHIR version. The result is cached, and so is what it caches
    itself.
    """
    patients = user.patients if isinstance(user, User) else None
    return _cached_visibility(token.scope, token.patient, patients, policy.shared_types, version)


@cache_results(4096)
def _cached_visibility(
    scope: str, patient: str | None, patients: tuple[str, ...] | Literal["*"] | None, shared: tuple[str, ...], version: str
) -> Visibility:
    """Depends only on its arguments, so a cached result never goes stale."""
    token = AccessToken("", scope, "", 0, "", patient=patient)
    user = None if patients is None else User("", "", "", patients=patients)
    return visibility_of(token, user, Policy(shared_types=shared), frozenset(compartment_types(version)))


def _visible_patients(scope: ResourceScope, token: AccessToken, user: User | Unknown | None) -> frozenset[str] | None:
    """Returns the patients whose compartments are visible; None means all patients, an empty set none."""
    if scope.level == "patient":
        return frozenset({token.patient} if token.patient else ())
    if scope.level == "user":
        return frozenset() if not isinstance(user, User) else None if user.patients == "*" else frozenset(user.patients)
    return None


def _clauses_of_scope(
    scope: ResourceScope,
    filters: tuple[Granular, ...],
    patients: frozenset[str] | None,
    policy: Policy,
    compartment: Collection[str],
) -> list[Clause]:
    if patients is None:
        return [Clause(scope.type, scope.letters, None, filters)]
    if not patients:
        return []
    shared = [
        shared_type
        for shared_type in policy.shared_types
        if scope.type in ("*", shared_type) and shared_type not in compartment
    ]
    letters = "".join(letter for letter in scope.letters if letter in "rs")
    everyone = [Clause(shared_type, letters, None, filters) for shared_type in shared if letters]
    return [Clause(scope.type, scope.letters, patients, filters), *everyone]
