"""Requests recognised as ordinary would pass every scope check, for any policy of the server."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import sample_request
from tests.authorization.token_requests import FAMILY, REFRESH_FORM, REFRESHING, token_request
from tests.laws import examples

from sickbay.authorization.authorize import stage
from sickbay.authorization.authorize.parameters import context_for
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client, Policy, Server
from sickbay.authorization.scopes import ordinary as ordinary_scopes
from sickbay.authorization.scopes.granting import granted_scopes
from sickbay.authorization.token import backend_scopes, refresh
from sickbay.protocol.scopes import split, split_at

TEXTS = st.lists(
    st.sampled_from(
        [
            "system/Patient.rs",
            "system/Patient.r",
            "system/*.rs",
            "system/*.read",
            "system/Patient.read",
            "system/Group.rs",
            "system/Patient.rs?gender=male",
            "system/Patient.rs?_filter=x",
            "system/Nothing.rs",
            "system/ServiceRequest.rs",
            "system/patient.rs",
            "system/Patient.sr",
            "user/Patient.rs",
            "user/*.rs",
            "user/Patient.read",
            "user/Patient.write",
            "patient/*.rs",
            "patient/Patient.rs",
            "patient/Observation.rs?category=vital-signs",
            "patient/Nothing.rs",
            "launch",
            "launch/patient",
            "launch/nothing",
            "openid",
            "fhirUser",
            "offline_access",
            "email",
            "wrong",
        ]
    ),
    max_size=4,
).map(" ".join)
JOINTS = st.sampled_from([" ", "  ", ",", "+", "\t", ";", "\u00a0"])
POLICIES = st.builds(
    Policy,
    wildcard_scopes=st.booleans(),
    mixed_scope_versions=st.booleans(),
    scope_versions=st.sampled_from([("v1", "v2"), ("v2",), ("v1",), ()]),
    drop_unregistered_scopes=st.booleans(),
    mixed_levels=st.booleans(),
    grants_registered=st.booleans(),
    scope_separators=st.sampled_from([" ", " ,"]),
)
SERVERS = st.builds(
    lambda policy, types, fhir: structs.replace(samples.SERVER, policy=policy, resource_types=types, fhir_versions=fhir),
    POLICIES,
    st.sampled_from([samples.SERVER.resource_types, {}, {samples.BASE: ("Patient", "Group")}, {samples.OLD: ("Patient",)}]),
    st.sampled_from([samples.SERVER.fhir_versions, {}]),
)
CLIENTS = st.builds(
    lambda scope, version, mode, fhir: Client("app", scope=scope, smart_version=version, scope_mode=mode, fhir=fhir),
    TEXTS,
    st.sampled_from([1, 2]),
    st.sampled_from(["strict", "lenient"]),
    st.sampled_from(["r4", "dstu2", "unknown"]),
)


def _register(client: Client, scope: str, also: bool) -> Client:
    """Registers the client for these scopes too if `also`; otherwise few generated requests are ordinary."""
    return structs.replace(client, scope=f"{client.scope} {scope}") if also else client


AUTHORIZE_SCOPES = tuple(check for check in stage.CHECKS if check.inputs == "unusual_scopes")
REFRESH_SCOPES = tuple(check for check in refresh.CHECKS if check.inputs == "unusual_scopes")


@settings(max_examples=examples(400))
@given(TEXTS, JOINTS, st.sampled_from([None, samples.BASE, samples.OLD, "http://elsewhere"]), CLIENTS, SERVERS, st.booleans())
def test_an_ordinary_authorization_request_passes_every_check_and_gets_every_scope(
    text: str, joint: str, aud: str | None, client: Client, server: Server, also: bool
) -> None:
    sent, client = text.replace(" ", joint), _register(client, text, also)
    request, context = sample_request(scope=sent or None, aud=aud), samples.sample_context(server=server, client=client)
    if ordinary_scopes.is_ordinary_authorize(request, client, server):
        assert [check.name for check in AUTHORIZE_SCOPES if check.decide(request, context)] == []
        rows = granted_scopes(request, client, server)
        assert rows == granted_scopes(request, client, server, unusual=False)
        assert all(row.granted for row in rows)


@pytest.mark.parametrize(
    "scope", ["launch openid fhirUser patient/Patient.rs", "user/*.rs?category=a", "user/*.rs offline_access"]
)
@pytest.mark.parametrize("aud", [samples.BASE, None, "http://elsewhere"])
def test_an_authorization_request_for_registered_scopes_is_ordinary(scope: str, aud: str | None) -> None:
    assert ordinary_scopes.is_ordinary_authorize(sample_request(scope=scope, aud=aud), samples.CLIENT, samples.SERVER)


@pytest.mark.parametrize(
    ("scope", "registered", "policy"),
    [
        (None, "openid", Policy()),
        ("openid email", "openid email", Policy()),
        ("openid,fhirUser", "openid fhirUser", Policy()),
        ("user/*.rs?category=a,b", "user/*.rs", Policy()),
        ("user%2FPatient.rs", "user/Patient.rs", Policy()),
        ("user/Patient.rs", "openid", Policy()),
        ("user/*.rs", "user/*.rs", Policy(wildcard_scopes=False)),
        ("user/*.rs", "openid,user/*.rs", Policy()),
        ("user/Patient.read", "user/Patient.rs", Policy(mixed_scope_versions=False)),
        ("user/Nothing.rs", "user/*.rs", Policy()),
        ("launch/nothing", "launch/nothing", Policy()),
        ("system/Patient.rs", "system/Patient.rs", Policy()),
    ],
)
def test_every_other_authorization_request_is_checked(scope: str | None, registered: str, policy: Policy) -> None:
    client, server = structs.replace(samples.CLIENT, scope=registered), samples.server(**_change(policy))
    assert not ordinary_scopes.is_ordinary_authorize(sample_request(scope=scope), client, server)


def test_a_type_that_only_another_version_has_is_checked() -> None:
    request = sample_request(scope="user/MedicationOrder.rs")
    assert not ordinary_scopes.is_ordinary_authorize(request, samples.CLIENT, samples.SERVER)
    old = sample_request(scope="user/MedicationOrder.rs", aud=samples.OLD)
    assert ordinary_scopes.is_ordinary_authorize(old, samples.CLIENT, samples.SERVER)


def test_a_corrected_request_is_checked_again() -> None:
    request = sample_request()
    context = samples.sample_context(unusual_scopes=False)
    assert context_for(context, request, sample_request(scope="wrong")).unusual_scopes


@settings(max_examples=examples(400))
@given(TEXTS, JOINTS, st.sampled_from(["", samples.BASE, samples.OLD, "http://elsewhere"]), CLIENTS, SERVERS, st.booleans())
def test_an_ordinary_service_request_passes_every_check_and_gets_every_scope(
    text: str, joint: str, resource: str, client: Client, server: Server, also: bool
) -> None:
    sent, client = text.replace(" ", joint), _register(client, text, also)
    request = token_request({"grant_type": "client_credentials", "scope": sent, "resource": resource or None})
    context = TokenContext(server=server, client=client)
    if ordinary_scopes.is_ordinary_service(request, client, server):
        assert [check.name for check in backend_scopes.CHECKS if check.decide(request, context)] == []
        rows = backend_scopes.negotiate(
            split_at(sent, server.policy.scope_separators), client, structs.replace(server.policy, grants_registered=False)
        )
        assert {(granted, reason) for _, granted, reason in rows} == {(True, "")}


@settings(max_examples=examples(400))
@given(TEXTS, st.none() | TEXTS, JOINTS, CLIENTS, SERVERS, st.booleans())
def test_an_ordinary_refresh_passes_every_check_and_keeps_every_scope(
    granted: str, sent: str | None, joint: str, client: Client, server: Server, also: bool
) -> None:
    text = sent.replace(" ", joint) if sent else sent
    family, client = structs.replace(FAMILY, scope=granted), _register(client, granted, also)
    request = token_request(REFRESH_FORM, scope=text)
    known = structs.replace(REFRESHING, client=client, server=server, family=family)
    if ordinary_scopes.is_ordinary_refresh(request, client, server, family):
        assert [check.name for check in REFRESH_SCOPES if check.decide(request, known)] == []
        assert refresh.narrow_scope(family, text, client, server) == " ".join(split(text or granted))


@pytest.mark.parametrize("registered", ["system/Patient.rs", "system/Patient.cruds system/Group.rs", "system/*.rs"])
def test_a_service_that_requests_registered_scopes_is_ordinary(registered: str) -> None:
    request = token_request({"grant_type": "client_credentials", "scope": "system/Patient.rs"})
    assert ordinary_scopes.is_ordinary_service(request, Client("app", scope=registered), samples.SERVER)


@pytest.mark.parametrize(
    ("scope", "registered", "policy"),
    [
        ("", "system/Patient.rs", Policy()),
        ("system/Patient.rs", "system/Group.rs", Policy()),
        ("user/Patient.rs", "user/Patient.rs", Policy()),
        ("system/Patient.rs,system/Group.rs", "system/*.rs", Policy()),
        ("system/*.rs", "system/*.rs", Policy(wildcard_scopes=False)),
        ("system/Patient.read", "system/Patient.rs", Policy(mixed_scope_versions=False)),
        ("system/Nothing.rs", "system/*.rs", Policy()),
        ("system/Patient.rs?_filter=a", "system/*.rs", Policy()),
        ("system/patient.rs", "system/*.rs", Policy()),
    ],
)
def test_every_other_service_request_is_checked(scope: str, registered: str, policy: Policy) -> None:
    client, server = Client("app", scope=registered), samples.server(**_change(policy))
    assert not ordinary_scopes.is_ordinary_service(token_request({"scope": scope}), client, server)


def test_the_types_are_those_of_the_base_that_the_service_names() -> None:
    client = Client("app", scope="system/*.rs")
    known = token_request({"scope": "system/Patient.rs", "resource": samples.OLD})
    assert ordinary_scopes.is_ordinary_service(known, client, samples.SERVER)
    request = token_request({"scope": "system/ServiceRequest.rs", "resource": samples.OLD})
    assert not ordinary_scopes.is_ordinary_service(request, client, samples.SERVER)
    assert ordinary_scopes.is_ordinary_service(token_request({"scope": "system/ServiceRequest.rs"}), client, samples.SERVER)


def _change(policy: Policy) -> dict[str, object]:
    return {"wildcard_scopes": policy.wildcard_scopes, "mixed_scope_versions": policy.mixed_scope_versions}


GRANT = "launch/patient openid offline_access patient/Patient.rs"


@pytest.mark.parametrize("sent", [None, "", GRANT, "openid patient/Patient.rs"])
@pytest.mark.parametrize("types", [samples.SERVER.resource_types, {}])
def test_a_refresh_of_registered_scopes_is_ordinary(sent: str | None, types: dict[str, tuple[str, ...]]) -> None:
    family, client = structs.replace(FAMILY, scope=GRANT), Client("app", scope=f"{GRANT} user/*.rs")
    server = structs.replace(samples.SERVER, resource_types=types)
    assert ordinary_scopes.is_ordinary_refresh(token_request(REFRESH_FORM, scope=sent), client, server, family)


@pytest.mark.parametrize(
    ("granted", "sent", "registered"),
    [
        (GRANT, "patient/Patient.r", GRANT),
        (GRANT, None, "launch/patient openid"),
        (GRANT, "openid,offline_access", GRANT),
        ("", None, GRANT),
        ("system/Patient.rs", None, "system/Patient.rs"),
        ("launch/nothing", None, "launch/nothing"),
        ("user/Nothing.rs", None, "user/*.rs"),
    ],
)
def test_every_other_refresh_is_checked(granted: str, sent: str | None, registered: str) -> None:
    family, client = structs.replace(FAMILY, scope=granted), Client("app", scope=registered)
    assert not ordinary_scopes.is_ordinary_refresh(token_request(REFRESH_FORM, scope=sent), client, samples.SERVER, family)


def test_a_refresh_in_a_scope_version_the_server_does_not_grant_is_checked() -> None:
    family = structs.replace(FAMILY, scope="user/*.read")
    server = samples.server(scope_versions=())
    assert not ordinary_scopes.is_ordinary_refresh(
        token_request(REFRESH_FORM), structs.replace(samples.CLIENT, smart_version=2), server, family
    )
