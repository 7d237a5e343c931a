"""The scopes that discovery lists (SMART 2.2, Conformance): all of them are granted to an app that is registered for them."""

from __future__ import annotations

from sickbay.authorization.models import Policy

WAYS = {
    "launch-ehr": "ehr",
    "context-ehr-patient": "ehr",
    "context-ehr-encounter": "ehr",
    "context-style": "ehr",
    "launch-standalone": "standalone",
    "launch": "ehr",
    "launch/patient": "standalone",
    "launch/encounter": "standalone",
}
"""Capabilities and scopes that belong to only one kind of launch."""
SIGN_IN = ("openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access")
LEVELS = ("patient", "user", "system")
TYPES = ("Patient", "Observation", "Condition", "AllergyIntolerance", "Immunization", "Encounter", "Practitioner")
"""Listed if wildcards aren't granted: the list doesn't have to be complete."""


def list_supported_scopes(policy: Policy) -> list[str]:
    """Returns scopes that are all granted to an app that is registered for them."""
    if policy.supported_scopes:
        return list(policy.supported_scopes)
    types = ("*",) if policy.wildcard_scopes else TYPES
    letters = [{"v1": "read", "v2": "rs"}[version] for version in policy.scope_versions]
    sign_in = (scope for scope in SIGN_IN if WAYS.get(scope, policy.launches[0]) in policy.launches)
    return [*sign_in, *(f"{level}/{type}.{letter}" for level in LEVELS for type in types for letter in letters)]
