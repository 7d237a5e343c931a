"""Protected resource metadata: its address, its scopes, and the parameters of a challenge."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization.access.test_access import KNOWN, fhir_request, with_scope

from sickbay.authorization import access, protected_resource
from sickbay.authorization.access.scope import list_operation_scopes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Policy, ProtectedResource, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis import case
from sickbay.diagnosis.kinds import KINDS
from sickbay.kernel.checks import examine

BASE = "http://localhost:7425/general/r4"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (BASE, "http://localhost:7425/.well-known/oauth-protected-resource/general/r4"),
        ("https://mcp.example.org/mcp/", "https://mcp.example.org/.well-known/oauth-protected-resource/mcp"),
        ("https://mcp.example.org", "https://mcp.example.org/.well-known/oauth-protected-resource"),
        ("https://mcp.example.org/", "https://mcp.example.org/.well-known/oauth-protected-resource"),
    ],
)
def test_the_well_known_path_is_inserted_after_the_host(resource: str, expected: str) -> None:
    assert protected_resource.metadata_url(resource) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), ("openid", "fhirUser", "launch/patient", "patient/*.rs")),
        (Policy(scope_versions=("v1",)), ("openid", "fhirUser", "launch/patient", "patient/*.read")),
        (Policy(launches=("ehr",)), ("openid", "fhirUser", "user/*.rs")),
        (Policy(supported_scopes=("launch/patient", "launch", "patient/*.rs")), ("launch/patient", "patient/*.rs")),
        (Policy(supported_scopes=("patient/Patient.rs",)), ("patient/Patient.rs",)),
    ],
)
def test_a_base_lists_a_few_scopes_that_its_policy_grants(policy: Policy, expected: tuple[str, ...]) -> None:
    assert protected_resource.base_scopes(policy) == expected


def test_without_wildcards_a_base_lists_single_types() -> None:
    scopes = protected_resource.base_scopes(Policy(wildcard_scopes=False))
    assert "patient/Observation.rs" in scopes
    assert not any("*" in scope for scope in scopes)


def parameters(request: AccessRequest, context: AccessContext, policy: Policy) -> dict[str, str]:
    context = structs.replace(context, server=Server(policy=policy))
    refusal = examine(access.CHECKS, request, context).decisive()
    assert refusal is not None
    return protected_resource.challenge_parameters(refusal, request, context, BASE)


METADATA = {"resource_metadata": "http://localhost:7425/.well-known/oauth-protected-resource/general/r4"}


@pytest.mark.parametrize(
    ("type", "letters", "policy", "scope"),
    [
        ("Patient", "r", Policy(), "launch/patient patient/Patient.rs"),
        ("Patient", "u", Policy(), "launch/patient patient/Patient.u"),
        ("Patient", "s", Policy(scope_versions=("v1",)), "launch/patient patient/Patient.read"),
        ("Patient", "c", Policy(scope_versions=("v1",)), "launch/patient patient/Patient.write"),
        (None, "r", Policy(), "openid fhirUser launch/patient patient/*.rs"),
        ("Patient", "", Policy(), "openid fhirUser launch/patient patient/*.rs"),
        ("Patient", "r", Policy(launches=("ehr",)), "openid fhirUser user/*.rs"),
        ("Patient", "r", Policy(supported_scopes=("user/*.rs",)), "user/*.rs"),
    ],
)
def test_a_client_without_a_token_learns_the_scopes_of_its_request(
    type: str | None, letters: str, policy: Policy, scope: str
) -> None:
    request = fhir_request(type, letters, authorization=None)
    assert parameters(request, KNOWN, policy) == {"scope": scope, **METADATA}


def test_without_the_policy_a_challenge_says_only_what_it_always_said() -> None:
    policy = Policy(resource_metadata=False)
    assert parameters(fhir_request(authorization=None), KNOWN, policy) == {}
    assert parameters(fhir_request("Condition"), KNOWN, policy) == {"scope": "patient/Condition.rs"}


def test_a_malformed_request_learns_only_where_the_metadata_are() -> None:
    assert parameters(fhir_request(authorization='Bearer "x"'), KNOWN, Policy()) == METADATA


def test_a_token_of_an_unknown_server_gets_the_default_policy() -> None:
    request = fhir_request("Condition")
    context = with_scope("patient/Patient.rs")
    refusal = examine(access.CHECKS, request, context).decisive()
    assert refusal is not None
    assert protected_resource.challenge_parameters(refusal, request, context, BASE) == {
        "scope": "patient/Condition.rs",
        **METADATA,
    }


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            fhir_request("Condition", "s", involved=("Patient|Device", "*", "Patient")),
            ("patient/Condition.rs", "patient/Patient.rs"),
        ),
        (fhir_request("Condition", "u", involved=("Group|Device",)), ("patient/Condition.u", "patient/Group.rs")),
        (
            fhir_request(None, "s", query="_type=Condition,Observation", interaction="search-system"),
            ("patient/Condition.rs", "patient/Observation.rs"),
        ),
        (fhir_request(None, "s", interaction="search-system"), ("patient/*.rs",)),
        (fhir_request("Condition", ""), ()),
    ],
)
def test_an_operation_needs_the_scopes_of_all_its_types(request_: AccessRequest, expected: tuple[str, ...]) -> None:
    assert isinstance(KNOWN.token, AccessToken)
    assert list_operation_scopes(request_, KNOWN.token, "r4") == expected


def test_every_challenge_contains_the_scope_that_its_refusal_names() -> None:
    wrong: dict[str, tuple[str, str]] = {}
    kind, checked = KINDS["fhir_request"], 0
    for rule_case in map(case.load, case.list_paths().values()):
        if rule_case.refused["kind"] == "fhir_request":
            request = kind.request(rule_case.refused)
            context = kind.context(rule_case.refused, request)
            for refusal in kind.examine(request, context).refusals:
                if refusal.error == "insufficient_scope" and (needed := refusal.facts["needed"]):
                    challenge = protected_resource.challenge_parameters(refusal, request, context, BASE)
                    checked += 1
                    wrong |= {} if needed in challenge["scope"].split() else {rule_case.id: (needed, challenge["scope"])}
    assert checked > 3
    assert not wrong


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"url": "https://m.example/mcp"}, ProtectedResource("https://m.example/mcp")),
        (
            {"url": "http://10.0.0.1/", "name": "Mine", "scopes": "openid patient/*.rs", "client_id": "c"},
            ProtectedResource("http://10.0.0.1/", "Mine", ("openid", "patient/*.rs"), "c"),
        ),
        (
            {"url": "https://m.example/mcp", "scopes": ["user/*.rs"]},
            ProtectedResource("https://m.example/mcp", scopes=("user/*.rs",)),
        ),
        ({"url": "https://m.example/mcp", "scope": "openid"}, "A resource has no scope"),
        ({}, "url must be"),
        ({"url": "m.example"}, "url must be"),
        ({"url": "cursor://m.example"}, "url must be"),
        ({"url": "https://u@m.example"}, "url must be"),
        ({"url": f"https://m.example/{'x' * 2000}"}, "url must be"),
        ({"url": "https://m.example?x"}, "https://m.example?x has a query"),
        ({"url": "https://m.example#"}, "https://m.example# has a query"),
        ({"url": "https://m.example/../mcp"}, "https://m.example/../mcp has . or .."),
        ({"url": "https://m.example/mcp/%2E"}, "https://m.example/mcp/%2E has . or .."),
        ({"url": "https://m.example", "name": 1}, "name and client_id"),
        ({"url": "https://m.example", "name": "x" * 201}, "name and client_id"),
        ({"url": "https://m.example", "client_id": None}, "name and client_id"),
        ({"url": "https://m.example", "scopes": 5}, "scopes must be a list"),
        ({"url": "https://m.example", "scopes": ["openid", 5]}, "scopes must be a list"),
        ({"url": "https://m.example", "scopes": "tools:read"}, "tools:read can't be"),
        ({"url": "https://m.example", "scopes": " ".join(["openid"] * 5000)}, "The list can't be"),
    ],
)
def test_a_resource_is_read_or_refused_in_one_sentence(members: dict[str, Any], expected: ProtectedResource | str) -> None:
    found = protected_resource.read_resource(members)
    assert found == expected if isinstance(expected, ProtectedResource) else str(found).startswith(expected)
    assert protected_resource.read_resources([members]) == ((found,) if isinstance(found, ProtectedResource) else ())


def test_a_resource_that_a_server_has_already_is_a_conflict() -> None:
    server = Server(fhir_bases=(BASE,), resources=(ProtectedResource("https://m.example/mcp"),))
    for url in (BASE, f"{BASE}/", "https://m.example/mcp", "HTTPS://M.example/mcp/"):
        assert "already" in protected_resource.find_conflict(ProtectedResource(url), server)
    assert protected_resource.find_conflict(ProtectedResource("https://m.example/"), server) == ""
    full = structs.replace(server, resources=server.resources * 50)
    assert "at most 50" in protected_resource.find_conflict(ProtectedResource("https://m.example/"), full)


@pytest.mark.parametrize(
    ("registered", "advertised"),
    [
        ((), ()),
        (("user/Patient.rs",), ("user/Patient.rs",)),
        (("openid", "patient/Patient.rs"), ("launch/patient", "openid", "patient/Patient.rs")),
        (("patient/Patient.rs", "launch/patient"), ("launch/patient", "patient/Patient.rs")),
        (("launch", "offline_access", "user/Patient.rs"), ("user/Patient.rs",)),
    ],
)
def test_metadata_list_scopes_that_a_client_without_a_launch_can_request(
    registered: tuple[str, ...], advertised: tuple[str, ...]
) -> None:
    assert protected_resource.list_advertised_scopes(registered) == advertised


def test_metadata_have_no_empty_members() -> None:
    document = protected_resource.make_document("https://m.example/mcp", "https://as.example", (), "")
    assert set(document) == {"resource", "authorization_servers", "bearer_methods_supported"}


def test_metadata_say_where_tokens_come_from_and_how_they_are_sent() -> None:
    assert protected_resource.make_document(
        "https://m.example/mcp", "https://as.example", ("openid",), "M", "https://m.example/d"
    ) == {
        "resource": "https://m.example/mcp",
        "authorization_servers": ["https://as.example"],
        "scopes_supported": ["openid"],
        "bearer_methods_supported": ["header"],
        "resource_name": "M",
        "resource_documentation": "https://m.example/d",
    }
