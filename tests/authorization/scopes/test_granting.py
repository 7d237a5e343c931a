"""Each requested scope is granted, or left out with a reason that the app can read."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import sample_request, server

from sickbay.authorization.models import Client, Policy, Server
from sickbay.authorization.scopes.granting import UNASKED, GrantedScope, granted_scopes

EVERYTHING = structs.replace(samples.CLIENT, scope="launch openid patient/*.cruds user/*.cruds system/*.cruds")


def reason(scope: str, *, client: Client = EVERYTHING, at: Server = samples.SERVER) -> str:
    (grant,) = granted_scopes(sample_request(scope=scope), client, at)
    assert grant.scope == scope
    assert grant.granted == (not grant.reason)
    return grant.reason


def test_ordinary_scopes_are_granted_as_requested_without_looking_at_each() -> None:
    request = sample_request(scope="openid user/Patient.rs openid")
    expected = (GrantedScope("openid", True), GrantedScope("user/Patient.rs", True))
    assert granted_scopes(request, EVERYTHING, samples.SERVER, unusual=False) == expected
    assert granted_scopes(request, EVERYTHING, samples.SERVER) == expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("openid", ""),
        ("user/Patient.rs", ""),
        ("user/*.rs", ""),
        ("patient/Observation.rs?category=laboratory", ""),
        ("email", "requests claims that this server doesn't have"),
        ("nonsense", "isn't a SMART or OpenID Connect scope"),
        ("patient/Patient.sr", "isn't a SMART or OpenID Connect scope"),
        ("fhirUser", "isn't registered for this app"),
        ("launch/patient", "isn't registered for this app"),
        ("launch/imagingstudy", "isn't registered for this app"),
        ("launch/nonsense", "names a resource type that doesn't exist in this FHIR version"),
        ("system/Patient.rs", "is only for backend services"),
        ("patient/Fictitious.rs", "names a resource type that doesn't exist in this FHIR version"),
        ("patient/Observation.rs?category:not=x", "has a filter that this server can't enforce"),
        ("patient/Observation.rs?subject.name=x", "has a filter that this server can't enforce"),
        ("patient/Patient.rs?_has=x", "has a filter that this server can't enforce"),
        ("patient/Patient.rs?_filter=x", "has a filter that this server can't enforce"),
        ("patient/Patient.rs?category", "has a filter that this server can't enforce"),
    ],
)
def test_each_scope_is_granted_or_gets_its_reason(scope: str, expected: str) -> None:
    assert reason(scope) == expected


def test_a_type_in_any_of_the_servers_fhir_versions_is_accepted() -> None:
    assert reason("user/MedicationOrder.rs") == ""
    assert reason("user/MedicationRequest.rs") == ""


def test_without_known_types_every_type_is_accepted() -> None:
    assert reason("user/Fictitious.rs", at=structs.replace(samples.SERVER, resource_types={samples.BASE: ()})) == ""


def test_a_server_without_wildcards_grants_none() -> None:
    at = server(wildcard_scopes=False)
    assert reason("user/*.rs", at=at) == "is a wildcard, which this server doesn't grant"
    assert reason("user/Patient.rs", at=at) == ""


@pytest.mark.parametrize(
    ("policy", "version", "scope", "granted"),
    [
        (Policy(), 2, "user/Patient.read", True),
        (Policy(), 1, "user/Patient.rs", True),
        (Policy(scope_versions=("v2",)), 2, "user/Patient.read", False),
        (Policy(scope_versions=("v2",)), 2, "user/Patient.rs", True),
        (Policy(scope_versions=("v1",)), 2, "user/Patient.rs", True),
        (Policy(mixed_scope_versions=False), 2, "user/Patient.read", False),
        (Policy(mixed_scope_versions=False), 2, "user/Patient.rs", True),
        (Policy(mixed_scope_versions=False), 1, "user/Patient.read", True),
        (Policy(mixed_scope_versions=False), 1, "user/Patient.rs", False),
    ],
)
def test_the_scope_syntax_must_suit_the_server_and_the_app(policy: Policy, version: int, scope: str, granted: bool) -> None:
    client, at = structs.replace(EVERYTHING, smart_version=version), structs.replace(samples.SERVER, policy=policy)
    other = "v1" if scope.endswith("read") else "v2"
    wrong = f"uses the syntax of SMART {other}, but the app is registered for v{version}"
    assert reason(scope, client=client, at=at) == ("" if granted else wrong)


def test_scopes_are_split_at_the_servers_separators() -> None:
    request = sample_request(scope="openid,launch openid")
    assert granted_scopes(request, EVERYTHING, samples.SERVER)[0].scope == "openid,launch"
    tolerant = granted_scopes(request, EVERYTHING, server(scope_separators=" ,"))
    assert tolerant == (GrantedScope("openid", True), GrantedScope("launch", True))
    assert granted_scopes(sample_request(scope=None), EVERYTHING, samples.SERVER) == ()


@pytest.mark.parametrize(
    ("requested", "added"),
    [
        ("openid", ["user/*.cruds"]),
        ("launch", ["patient/*.cruds", "user/*.cruds"]),
        ("patient/Patient.rs", ["patient/*.cruds", "user/*.cruds"]),
        ("user/*.cruds", []),
    ],
)
def test_a_server_may_also_grant_registered_scopes_that_were_not_requested(requested: str, added: list[str]) -> None:
    rows = granted_scopes(sample_request(scope=requested), EVERYTHING, server(grants_registered=True))
    assert [(row.scope, row.granted, row.reason) for row in rows] == [
        (requested, True, ""),
        *[(scope, True, UNASKED) for scope in added],
    ]


def test_added_scopes_are_in_the_apps_scope_version() -> None:
    app = structs.replace(samples.CLIENT, scope="user/Patient.read user/Observation.rs", smart_version=1)
    strict = server(grants_registered=True, mixed_scope_versions=False)
    assert granted_scopes(sample_request(scope="openid"), app, strict)[1:] == (
        GrantedScope("user/Patient.read", True, UNASKED),
    )


@pytest.mark.parametrize(
    ("requested", "added"),
    [
        ("launch", True),
        ("launch/patient", True),
        ("patient/Patient.rs", True),
        ("openid", False),
        ("user/Patient.rs", False),
    ],
)
def test_patient_scopes_are_added_only_if_there_will_be_a_patient(requested: str, added: bool) -> None:
    rows = granted_scopes(sample_request(scope=requested), samples.CLIENT, server(grants_registered=True))
    assert ("patient/Observation.rs" in {row.scope for row in rows if row.granted}) is added
