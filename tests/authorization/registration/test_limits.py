"""Limits of self-registration: never more than a policy or an operator granted, in any syntax."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization.registration.contexts import CONTEXT
from tests.laws import examples

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Client, Grant, Policy, Server
from sickbay.authorization.registration import CHECKS
from sickbay.authorization.registration import limits as registration_limits
from sickbay.authorization.registration import metadata as client_metadata
from sickbay.authorization.requests import RegistrationRequest
from sickbay.kernel.checks import examine
from sickbay.protocol import scopes, urls

APP = Client(
    "c",
    type="patient",
    client="symmetric",
    auth_method="client_secret_basic",
    scope="openid launch/patient patient/Patient.rs",
    redirect_uris=("https://app.example.org/cb", "com.example.app:/cb"),
    launch_uri="https://launch.example.org/",
    post_logout_redirect_uris=("https://bye.example.org/",),
    registration_hash="x",
)


def names(client: Client, limit: Grant) -> list[str]:
    request = RegistrationRequest(
        type=client.type,
        client=client.client,
        auth_method=client.auth_method,
        launch_uri=client.launch_uri,
        redirect_uris=client.redirect_uris,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        scope=client.scope,
        jwks=client.jwks,
        jwks_uri=client.jwks_uri,
        native=client.native,
        grant_types=client.grant_types,
        limit=limit,
        limited_by="An operator.",
        has_secret=client.client == "symmetric",
    )
    return [refusal.name for refusal in examine(CHECKS, request, CONTEXT).refusals]


def change(client: Client, metadata: dict[str, Any]) -> Client:
    """Returns the client after its own update if that is accepted, or unchanged otherwise."""
    given = client_metadata.read_update({"client_id": "c", **metadata}, client)
    new = structs.replace(client, **given, granted=registration_limits.read_limits(client))
    return client if names(new, registration_limits.read_limits(client)) else new


LEVELS = st.sampled_from(["patient", "user", "system"])
TYPES = st.sampled_from(["Patient", "Observation", "*", "Condition"])
ACCESS = st.sampled_from(["read", "write", "*", "r", "s", "rs", "cruds", "cud", "u", "ds"])
FILTERS = st.sampled_from(["", "?category=laboratory", "?category=vital-signs", "?code=1&category=laboratory", "?code:in=x"])
RESOURCES = st.builds("{}/{}.{}{}".format, LEVELS, TYPES, ACCESS, FILTERS)
PLAIN = [
    "openid",
    "fhirUser",
    "profile",
    "launch",
    "launch/patient",
    "launch/encounter",
    "online_access",
    "offline_access",
]
SCOPES = st.lists(RESOURCES | st.sampled_from(PLAIN), max_size=5).map(" ".join)
GRANTS = st.lists(st.sampled_from(client_metadata.GRANTS), unique=True, max_size=3)
HOSTS = st.sampled_from(
    [
        "https://app.example.org",
        "https://evil.example",
        "http://localhost:8100",
        "http://127.0.0.1:1",
        "https://app.example.org:8443",
        "https://app.example.org.evil.example",
        "com.example.app:",
        "https://APP.example.org",
        "https://app.example.org:443",
        "com.evil.app:",
    ]
)
URIS = st.lists(st.builds("{}{}".format, HOSTS, st.sampled_from(["/cb", "/other?x=1", "/"])), min_size=1, max_size=3)
UPDATES = st.fixed_dictionaries(
    {},
    optional={
        "scope": SCOPES,
        "grant_types": GRANTS,
        "redirect_uris": URIS,
        "post_logout_redirect_uris": URIS,
        "launch_uri": URIS.map(lambda uris: uris[0]),
        "jwks_uri": URIS.map(lambda uris: uris[0]),
        "token_endpoint_auth_method": st.sampled_from(sorted(client_metadata.METHODS)),
        "application_type": st.sampled_from(["native", "web"]),
        "smart_version": st.just(1),
        "pkce": st.just("off"),
        "auto_approve": st.just({"user": "dr"}),
        "policy": st.just({"pkce": "off"}),
        "scope_mode": st.just("lenient"),
        "type": st.just("system"),
        "tenant": st.just("epic"),
        "granted": st.just(None),
        "registration_hash": st.just("y"),
        "token_lifetime": st.just(86400),
        "cards": st.just([]),
        "fhir": st.just("dstu2"),
        "sample": st.just(True),
    },
)
FIXED = (
    "tenant",
    "fhir",
    "smart_version",
    "pkce",
    "auto_approve",
    "policy",
    "scope_mode",
    "registration_hash",
    "token_lifetime",
    "cards",
    "sample",
    "client_id",
    "enabled_tenants",
)


def permissions(scope: str) -> set[tuple[str, str, str, tuple[tuple[str, str], ...]]]:
    """Returns every (level, type, letter, filters) that a scope string permits, by enumeration."""
    types = ("Patient", "Observation", "Condition", "Other")
    permitted: set[tuple[str, str, str, tuple[tuple[str, str], ...]]] = set()
    for resource_scope in scopes.list_resources(scope):
        for type in types if resource_scope.type == "*" else (resource_scope.type,):
            permitted |= {
                (resource_scope.level, type, letter, tuple(sorted(resource_scope.filters))) for letter in resource_scope.letters
            }
    return permitted


def is_within(new: str, granted: str) -> bool:
    permitted = permissions(granted)
    plain = {text for text in scopes.split(granted) if "." not in text}
    return (
        all(
            any((level, type, letter, own) in permitted for own in _subsets(filters))
            for level, type, letter, filters in permissions(new)
        )
        and {text for text in scopes.split(new) if "." not in text} <= plain
    )


def _subsets(filters: tuple[tuple[str, str], ...]) -> list[tuple[tuple[str, str], ...]]:
    subsets: list[tuple[tuple[str, str], ...]] = [()]
    for item in filters:
        subsets += [(*subset, item) for subset in subsets]
    return subsets


@settings(max_examples=examples(150), deadline=None)
@given(SCOPES, GRANTS.filter(bool), st.lists(UPDATES, min_size=1, max_size=5))
def test_no_sequence_of_updates_exceeds_what_was_granted(scope: str, grants: list[str], updates: list[dict[str, Any]]) -> None:
    first = structs.replace(APP, scope=scope, grant_types=tuple(grants))
    client = first
    for metadata in updates:
        client = change(client, metadata)
        assert is_within(client.scope, first.scope)
        assert set(client.grant_types) <= set(grants)
        assert (client.client, client.auth_method, client.native) == (first.client, first.auth_method, False)
        places = {urls.origin_of(uri) or uri.partition(":")[0] for uri in client.redirect_uris}
        assert places <= {"https://app.example.org", "com.example.app"}
        assert client.type == first.type or set(client.grant_types) == {"client_credentials"}
        assert all(getattr(client, name) == getattr(first, name) for name in FIXED)


def test_an_app_may_narrow_itself_and_widen_back_to_what_was_granted() -> None:
    less = change(APP, {"scope": "patient/Patient.r", "redirect_uris": ["https://app.example.org/cb2"]})
    assert (less.scope, less.redirect_uris) == ("patient/Patient.r", ("https://app.example.org/cb2",))
    back = change(less, {"scope": "patient/Patient.read openid", "redirect_uris": ["com.example.app:/cb"]})
    assert (back.scope, back.redirect_uris) == ("patient/Patient.read openid", ("com.example.app:/cb",))
    assert change(less, {"scope": "patient/Patient.cruds", "redirect_uris": ["com.example.app:/cb"]}) == less


def test_members_missing_from_an_update_stay_unchanged() -> None:
    same = change(APP, {"redirect_uris": list(APP.redirect_uris)})
    assert (same.scope, same.grant_types, same.auth_method, same.type) == (
        APP.scope,
        APP.grant_types,
        APP.auth_method,
        APP.type,
    )


@pytest.mark.parametrize(
    ("client", "granted", "refused"),
    [
        ({"scope": "system/*.cruds"}, {}, ["reg-scope-not-granted"]),
        ({"scope": "patient/*.rs"}, {}, ["reg-scope-not-granted"]),
        ({"scope": "patient/Patient.read"}, {}, []),
        ({"scope": "patient/Patient.rs?gender=male"}, {}, []),
        ({"scope": "patient/Patient.*"}, {}, ["reg-scope-not-granted"]),
        ({"scope": "offline_access"}, {}, ["reg-scope-not-granted"]),
        ({"grant_types": ("client_credentials",)}, {}, ["reg-grant-type-not-granted"]),
        ({"grant_types": ("refresh_token",)}, {}, []),
        ({"auth_method": "client_secret_post"}, {}, ["reg-auth-method-not-granted"]),
        ({"auth_method": "client_secret_post"}, {"auth_method": None}, []),
        ({"auth_method": None}, {}, ["reg-auth-method-not-granted"]),
        ({"auth_method": None}, {"auth_method": None}, []),
        ({"client": "public", "auth_method": "none"}, {}, ["reg-auth-method-not-granted"]),
        ({"redirect_uris": ("https://app.example.org/elsewhere",)}, {}, []),
        ({"redirect_uris": ("https://launch.example.org/",)}, {}, ["reg-host-not-granted"]),
        ({"redirect_uris": ("https://app.example.org:8443/",)}, {}, ["reg-host-not-granted"]),
        ({"redirect_uris": ("http://localhost:1/",)}, {"redirect_uris": ("http://localhost:2/",)}, ["reg-host-not-granted"]),
        ({"redirect_uris": ("http://localhost:1/",)}, {"redirect_uris": ("http://localhost:2/",), "native": True}, []),
        ({"launch_uri": "https://app.example.org/launch"}, {}, []),
        ({"launch_uri": "https://x.example/"}, {}, ["reg-host-not-granted"]),
        ({"post_logout_redirect_uris": ("https://x.example/",)}, {}, ["reg-host-not-granted"]),
        ({"jwks_uri": "https://x.example/jwks"}, {}, ["reg-host-not-granted"]),
        ({"jwks_uri": "https://keys.example.org/new"}, {"jwks_uri": "https://keys.example.org/old"}, []),
    ],
)
def test_each_excess_over_the_grant_is_refused(client: dict[str, Any], granted: dict[str, Any], refused: list[str]) -> None:
    limit = structs.replace(registration_limits.read_limits(APP), **granted)
    names_ = names(structs.replace(APP, **client), limit)
    assert [name for name in names_ if name.endswith("-granted")] == refused


@pytest.mark.parametrize(
    ("changes", "granted", "facts"),
    [
        (
            {"scope": "openid user/*.rs"},
            {"scope": "openid"},
            {
                **{"received": ["user/*.rs"], "granted": "openid", "member": "scope", "scopes": ["user/*.rs"]},
                **{"corrected": [""], "remedy": registration_limits.OF_APP},
            },
        ),
        (
            {"grant_types": ("client_credentials",)},
            {"grant_types": ("refresh_token", "authorization_code")},
            {"received": ["client_credentials"], "granted": "refresh_token authorization_code", "member": "grant_types"},
        ),
        (
            {"client": "symmetric"},
            {"client": "public"},
            {
                **{"received": "client_secret_basic or client_secret_post", "granted": "none"},
                "member": "token_endpoint_auth_method",
            },
        ),
        ({}, {"client": "symmetric"}, {"received": "none", "granted": "client_secret_basic or client_secret_post"}),
        (
            {"client": "asymmetric", "jwks": {"keys": []}},
            {"client": "asymmetric", "jwks_uri": "https://a/"},
            {"received": "jwks", "granted": "jwks_uri https://a/", "member": "jwks"},
        ),
        (
            {"redirect_uris": ("https://b/",)},
            {"redirect_uris": ("https://a/",), "launch_uri": "https://c/"},
            {"received": ["https://b/"], "granted": "https://a https://c", "member": "redirect_uris"},
        ),
    ],
)
def test_each_refusal_says_what_was_granted(changes: dict[str, Any], granted: dict[str, Any], facts: dict[str, Any]) -> None:
    registration = RegistrationRequest(limit=Grant(**granted), limited_by="An operator.", **changes)
    refusals = [check.decide(registration, CONTEXT) for check in registration_limits.CHECKS]
    (refusal,) = filter(None, refusals)
    assert {**facts, "by": "An operator."}.items() <= refusal.facts.items()


def test_keys_by_value_are_granted_only_by_value() -> None:
    signing = structs.replace(APP, client="asymmetric", auth_method="private_key_jwt", jwks={"keys": []})
    by_uri = structs.replace(registration_limits.read_limits(signing), jwks_uri="https://app.example.org/jwks")
    assert "reg-auth-method-not-granted" in names(signing, by_uri)
    assert "reg-auth-method-not-granted" not in names(signing, registration_limits.read_limits(signing))


def test_an_operators_edit_becomes_the_new_grant() -> None:
    edited = structs.replace(APP, scope="user/*.cruds", client="public", auth_method="none")
    assert registration_limits.update_grant(None, edited, {"scope"}) is None
    granted = registration_limits.read_limits(APP)
    assert registration_limits.update_grant(granted, edited, {"name"}) == granted
    by_uri = structs.replace(granted, jwks_uri="https://a/")
    assert registration_limits.update_grant(by_uri, edited, {"name"}) == by_uri
    assert registration_limits.update_grant(granted, edited, {"scope"}) == structs.replace(granted, scope="user/*.cruds")
    new = registration_limits.update_grant(structs.replace(granted, jwks_uri="https://a/"), edited, {"client", "jwks"})
    assert new == structs.replace(granted, client="public", auth_method="none")


@settings(max_examples=examples(100), deadline=None)
@given(SCOPES, SCOPES.filter(bool), GRANTS)
def test_a_first_registration_never_exceeds_the_policy(scope: str, allowed: str, grants: list[str]) -> None:
    limit = registration_limits.read_policy_limits(
        Policy(registration_scopes=allowed, registration_grants=("authorization_code",))
    )
    registration = client_metadata.make_registration(
        {"scope": scope, "grant_types": grants, "redirect_uris": ["https://a.example/"]}, "general", limit
    )
    client = structs.replace(APP, scope=registration["scope"], grant_types=registration["grant_types"])
    if not names(client, limit):
        assert is_within(client.scope, allowed)
        assert client.grant_types == ("authorization_code",)


@pytest.mark.parametrize(
    ("allowed", "system", "expected"),
    [
        (None, False, client_metadata.DEFAULT_SCOPE),
        (None, True, client_metadata.DEFAULT_SYSTEM_SCOPE),
        (Policy().registration_scopes, False, client_metadata.DEFAULT_SCOPE),
        (Policy().registration_scopes, True, client_metadata.DEFAULT_SYSTEM_SCOPE),
        ("openid patient/Patient.r system/Group.r", False, "openid patient/Patient.r"),
        ("openid patient/Patient.r system/Group.r", True, "system/Group.r"),
        ("launch user/Patient.rs", True, ""),
    ],
)
def test_the_default_scope_stays_within_the_policy(allowed: str | None, system: bool, expected: str) -> None:
    assert client_metadata.default_scope(system, Grant(scope=allowed)) == expected
    assert client_metadata.default_scope(system) == (
        client_metadata.DEFAULT_SYSTEM_SCOPE if system else client_metadata.DEFAULT_SCOPE
    )


def test_the_administrator_has_no_limit() -> None:
    request = RegistrationRequest(
        redirect_uris=("https://a.example/",), scope="user/*.cruds", grant_types=("authorization_code",)
    )
    assert [check.decide(request, CONTEXT) for check in registration_limits.CHECKS] == [None] * 5
    unlimited = structs.replace(request, limit=Grant())
    assert [check.decide(unlimited, CONTEXT) for check in registration_limits.CHECKS] == [None] * 5


def test_the_limit_of_a_first_registration_is_the_policy_and_leaves_urls_and_authentication_open() -> None:
    policy = Policy(registration_scopes="patient/*.rs", registration_grants=("authorization_code",))
    limit = registration_limits.read_policy_limits(policy)
    assert (limit.scope, limit.grant_types) == ("patient/*.rs", ("authorization_code",))
    others = set(registration_limits.MEMBERS) - {"scope", "grant_types"}
    assert {name: getattr(limit, name) for name in others} == {name: getattr(Grant(), name) for name in others}


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ("launch patient/Condition.rs", []),
        ("launch patient/*.rs", []),
        ("launch user/Condition.rs", ["user/Condition.rs"]),
        ("launch nonsense", []),
        ("launch patient/*.cruds offline_access", ["patient/*.cruds", "offline_access"]),
    ],
)
def test_every_app_is_limited_to_the_scopes_that_the_hospital_supports(scope: str, refused: list[str]) -> None:
    server = Server(policy=Policy(supported_scopes=("launch", "openid", "patient/*.rs")))
    check = registration_limits.scopes_are_supported_by_the_hospital
    refusal = check.decide(RegistrationRequest(scope=scope), UrlContext(server=server))
    assert (list(refusal.facts["scopes"]) if refusal else []) == refused
    reason = {"by": registration_limits.BY_HOSPITAL, "remedy": registration_limits.OF_HOSPITAL}
    assert refusal is None or reason.items() <= refusal.facts.items()
