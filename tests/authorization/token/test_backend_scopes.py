"""Which scopes a backend service is granted, which are added, and the facts of a refusal if none remain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization.backend_requests import client, request, sample_context, sign
from tests.authorization.token_requests import URL, examine_token, outcome

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.token import backend_scopes, client_credentials
from sickbay.kernel.checks import UNKNOWN, Refusal


def test_if_no_scope_remains_the_refusal_has_requested_and_registered_scopes() -> None:
    facts = {"received": ("system/Patient.d",), "registered": "system/*.rs"}
    *_, empty = examine_token(request(sign(), scope="system/Patient.d"), sample_context()).refusals
    assert empty == Refusal("backend-empty-scopes", "invalid_scope", facts)


@pytest.mark.parametrize("scope", ["system/Patient.rs system/Patient.d", "system/Patient.d system/Patient.rs"])
def test_an_unregistered_scope_is_dropped_if_the_policy_says_so(scope: str) -> None:
    lenient = Server(token_endpoint=URL, grants=("client_credentials",), policy=Policy(drop_unregistered_scopes=True))
    assert outcome(request(sign(), scope=scope), structs.replace(sample_context(), server=lenient)) is None


@pytest.mark.parametrize(
    ("scope", "policy", "granted"),
    [
        ("system/Patient.rs", Policy(wildcard_scopes=False), True),
        ("system/*.rs", Policy(wildcard_scopes=False), False),
        ("system/Patient.rs", Policy(mixed_scope_versions=False), True),
        ("system/Patient.read", Policy(mixed_scope_versions=False), False),
        ("system/Patient.read", Policy(), True),
        ("system/*.rs", Policy(), True),
        ("user/Patient.rs", Policy(), False),
        ("openid", Policy(), False),
    ],
)
def test_each_scope_of_a_service_is_granted_or_not(scope: str, policy: Policy, granted: bool) -> None:
    ((name, is_granted, reason),) = backend_scopes.negotiate((scope,), client(), policy)
    assert (name, is_granted, not reason) == (scope, granted, granted)


@pytest.mark.parametrize(("scope", "refused"), [("system/Patient.read", False), ("system/Patient.rs", True)])
def test_a_service_of_smart_1_may_not_request_scopes_of_version_2_if_versions_are_not_mixed(scope: str, refused: bool) -> None:
    strict = Server(token_endpoint=URL, grants=("client_credentials",), policy=Policy(mixed_scope_versions=False))
    context = structs.replace(sample_context(), server=strict, client=structs.replace(client(), smart_version=1))
    names = [refusal.name for refusal in examine_token(request(sign(), scope=scope), context).refusals]
    assert ("scope-v1-on-v2-app" in names) is refused


def test_the_reason_names_a_type_that_does_not_exist_in_the_version() -> None:
    ((_, granted, reason),) = backend_scopes.negotiate(("system/Genome.rs",), client(), Policy(), ("Patient",))
    assert (granted, reason) == (False, "names a resource type that doesn't exist in this FHIR version")


def test_a_resource_indicator_decides_in_which_version_types_must_exist() -> None:
    """Without it, a type of any version is enough."""
    old, new = "https://h.example/dstu2", "https://h.example/r5"
    server = Server(
        token_endpoint=URL,
        grants=("client_credentials",),
        fhir_bases=(old, new),
        fhir_versions={old: "1.0.2", new: "5.0.0"},
        resource_types={old: ("Patient",), new: ("Patient", "Transport")},
    )
    for resource, version in ((None, None), (new, None), (old, "1.0.2")):
        sent = request(sign(), scope="system/Transport.rs", resource=resource)
        found = examine_token(sent, structs.replace(sample_context(), server=server)).refusals
        refused = [refusal.facts["version"] for refusal in found if refusal.name == "scope-resource-not-in-version"]
        assert refused == ([version] if version else [])


def test_only_registered_system_scopes_are_added() -> None:
    app = structs.replace(client(), scope="openid user/Patient.rs system/Patient.rs system/Observation.rs")
    rows = backend_scopes.negotiate(("system/Patient.rs",), app, Policy(grants_registered=True))
    assert [row[0] for row in rows] == ["system/Patient.rs", "system/Observation.rs"]


@pytest.mark.parametrize(("kind", "asked_"), [("public", True), ("symmetric", False), ("asymmetric", False)])
def test_only_a_public_app_gets_the_refusal_assertion_missing_here(kind: str, asked_: bool) -> None:
    bare = request("", client_assertion=None, client_assertion_type=None, client_id="app")
    refusal = client_credentials.assertion_is_sent.decide(
        bare, structs.replace(sample_context(), client=structs.replace(client(), client=kind))
    )
    assert (refusal is not None) is asked_


def lenient(scope: str = "system/Patient.rs", policy: Policy | None = None) -> TokenContext:
    server = Server(token_endpoint=URL, grants=("client_credentials",), policy=policy or Policy())
    return structs.replace(sample_context(), server=server, client=structs.replace(client(), scope_mode="lenient", scope=scope))


@pytest.mark.parametrize(
    "scope",
    [
        "system/Patient.rs system/Observation.rs",
        "system/Pateint.rs system/Patient.rs",
        "system/Patient.rs openid",
        " system/Patient.rs  system/Observation.rs",
        None,
        " ",
    ],
)
def test_a_lenient_app_gets_its_registered_scopes_or_all_of_them_without_scope(
    scope: str | None,
) -> None:
    """RFC 6749 3.3: scope is optional, and the server then uses a default or refuses."""
    assert outcome(request(sign(), scope=scope), lenient()) is None


@pytest.mark.parametrize(
    ("registered", "policy"),
    [("user/Patient.rs", Policy()), ("system/*.rs", Policy(wildcard_scopes=False)), ("", Policy())],
)
def test_a_lenient_app_without_scope_is_refused_if_nothing_can_be_granted(registered: str, policy: Policy) -> None:
    answer = outcome(request(sign(), scope=None), lenient(registered, policy))
    assert answer == ("backend-empty-scopes", "invalid_scope", 400)


def test_a_strict_app_must_send_scope() -> None:
    assert outcome(request(sign(), scope=None), sample_context()) == ("backend-scope-missing", "invalid_scope", 400)


def test_default_scopes_of_a_lenient_app_are_marked_as_added() -> None:
    app = structs.replace(client(), scope="openid system/Patient.rs system/Observation.rs")
    rows = backend_scopes.negotiate((), app, Policy())
    assert [(text, is_granted) for text, is_granted, _ in rows] == [
        ("system/Patient.rs", True),
        ("system/Observation.rs", True),
    ]
    assert all(reason for _, _, reason in rows)


def test_without_a_known_server_a_lenient_app_without_scope_is_not_refused() -> None:
    offline = structs.replace(lenient(), server=UNKNOWN)
    assert "backend-empty-scopes" not in [
        refusal.name for refusal in examine_token(request(sign(), scope=None), offline).refusals
    ]


PIECES = (
    "system/Patient.rs",
    "system/*.rs",
    "system/Observation.rs?category=a|b",
    "system/Patient.read",
    "system/patient.rs",
    "system/Patient.sr",
    "patient/Patient.rs",
    "launch",
    "email",
    "system/Foo.rs",
    "system/Patient.rs?a:not=b",
    "x",
)


@given(st.lists(st.sampled_from(PIECES), max_size=4), st.sampled_from([" ", ",", "  ", "\t"]))
def test_the_shortcut_for_plain_scopes_gives_the_same_refusals(requested: list[str], joint: str) -> None:
    sent = request("a.b.c", scope=joint.join(requested))
    quick = [scope_check.decide(sent, sample_context()) for scope_check in backend_scopes.CHECKS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend_scopes, "_is_plain", lambda text: False)
        assert [scope_check.decide(sent, sample_context()) for scope_check in backend_scopes.CHECKS] == quick
