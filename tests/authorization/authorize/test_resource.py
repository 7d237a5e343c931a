"""resource (RFC 8707): one known server, the same as in aud, with scopes that it has."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import refusals, sample_request

from sickbay.authorization.authorize.parameters import find_target, is_agent
from sickbay.authorization.authorize.resource import resource_and_aud_name_one_server
from sickbay.authorization.bases import target_of
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Policy, ProtectedResource
from sickbay.authorization.requests import authorize_request
from sickbay.authorization.scopes.supported import list_supported_scopes
from sickbay.kernel.checks import UNKNOWN

MCP = "https://mcp.example.org/mcp"
RESOURCE = ProtectedResource(MCP, scopes=("patient/Observation.rs",))
SERVER = structs.replace(samples.SERVER, resources=(RESOURCE, ProtectedResource("https://other.example.org/")))
AGENT = structs.replace(samples.CLIENT, client_id="https://agent.example.com/client.json")
SCOPE = "launch/patient openid patient/Observation.rs"

Missing: TypeAlias = Literal["default", "agents", "refuse"]


def context(policy: Missing = "agents", client: Client = samples.CLIENT, **more: Any) -> AuthorizeContext:
    server = structs.replace(SERVER, policy=Policy(missing_resource=policy))
    return samples.sample_context(server=server, client=client, launch=None, **more)


def names(**parameters: str | None) -> list[str]:
    return refusals(sample_request(**samples.STANDALONE | {"scope": SCOPE, "aud": None} | parameters), context())


@pytest.mark.parametrize("resource", [MCP, f"{MCP}/", "HTTPS://MCP.EXAMPLE.ORG/mcp", samples.BASE])
def test_a_known_server_is_accepted_as_resource(resource: str) -> None:
    assert names(resource=resource) == []
    assert names(aud=resource) == []
    assert names(aud=resource, resource=resource) == []


@pytest.mark.parametrize("resource", [f"{MCP}#", f"{MCP}?", f"{MCP}//", f"{MCP}/x", "https://mcp.example.org", "mcp", "x://y"])
def test_an_unknown_server_is_refused(resource: str) -> None:
    assert names(resource=resource) == ["mcp-resource-unknown"]
    assert names(aud=resource) == ["aud-mismatch"]


def test_aud_and_resource_must_mean_the_same_server() -> None:
    assert names(aud=samples.BASE, resource=MCP) == ["aud-resource-disagree"]
    assert names(aud=MCP, resource=samples.BASE) == ["aud-resource-disagree"]
    assert names(aud=samples.BASE, resource=f"{samples.BASE}/") == []


@pytest.mark.parametrize(
    ("values", "aud", "name"),
    [
        ((MCP, MCP), None, None),
        ((MCP, f"{MCP}/"), MCP, None),
        ((MCP, samples.BASE), None, "mcp-resource-twice"),
        ((samples.BASE, MCP), MCP, "mcp-resource-twice"),
        ((MCP, "", MCP), samples.BASE, "aud-resource-disagree"),
        (("", ""), samples.BASE, None),
    ],
)
@pytest.mark.parametrize("server", [SERVER, UNKNOWN])
def test_several_resources_must_mean_one_server(
    values: tuple[str, ...], aud: str | None, name: str | None, server: Any
) -> None:
    query = "&".join([*(f"resource={value}" for value in values), *([f"aud={aud}"] if aud else [])])
    request = authorize_request(f"https://ehr.example.org/authorize?{query}")
    refusal = resource_and_aud_name_one_server.decide(request, AuthorizeContext(server=server))
    assert (refusal.name if refusal else None) == name


def test_of_two_resources_the_one_that_is_no_fhir_base_is_suggested() -> None:
    request = authorize_request(f"https://ehr.example.org/authorize?resource={samples.BASE}&resource={MCP}")
    refusal = resource_and_aud_name_one_server.decide(request, AuthorizeContext(server=SERVER))
    assert refusal is not None
    assert refusal.facts["expected"] == MCP
    bases = authorize_request(f"https://ehr.example.org/authorize?resource={samples.BASE}&resource={samples.OLD}")
    refusal = resource_and_aud_name_one_server.decide(bases, AuthorizeContext(server=SERVER))
    assert refusal is not None
    assert refusal.facts["expected"] == samples.BASE


@pytest.mark.parametrize(
    ("query", "facts"),
    [
        (
            f"resource={samples.BASE}&resource={MCP}",
            {"received": [samples.BASE, MCP], "expected": MCP, "names": ["resource"]},
        ),
        (f"resource={MCP}&aud={samples.BASE}", {"received": MCP, "expected": samples.BASE}),
    ],
)
def test_values_that_disagree_are_named(query: str, facts: dict[str, object]) -> None:
    request = authorize_request(f"https://ehr.example.org/authorize?{query}")
    refusal = resource_and_aud_name_one_server.decide(request, AuthorizeContext(server=SERVER))
    assert refusal is not None
    assert refusal.facts == facts


def test_an_alias_of_a_base_means_the_base() -> None:
    short = "http://localhost:7425/short"
    server = structs.replace(SERVER, also={short: samples.BASE})
    request = authorize_request(f"https://ehr.example.org/authorize?resource={samples.BASE}&resource={short}")
    assert resource_and_aud_name_one_server.decide(request, AuthorizeContext(server=server)) is None


def test_only_scopes_of_the_resource_are_granted_for_it() -> None:
    assert names(resource=MCP, scope="launch/patient patient/Patient.rs") == ["mcp-scope-not-of-resource"]
    assert names(resource=MCP, scope="launch/patient patient/Observation.r") == []
    request = sample_request(launch=None, aud=None, resource=MCP, scope="launch/patient patient/Patient.rs")
    assert samples.examination(request, samples.sample_context(server=SERVER, launch=None)).refusals[0].facts == {
        "received": ["patient/Patient.rs"],
        "resource": MCP,
        "supported": ["patient/Observation.rs"],
        "scopes": ["patient/Patient.rs"],
    }
    assert names(resource="https://other.example.org", scope="launch/patient patient/Patient.rs") == []
    assert names(resource=samples.BASE, scope="launch/patient patient/Patient.rs") == []


@pytest.mark.parametrize(
    ("policy", "client", "expected"),
    [
        ("agents", samples.CLIENT, ["aud-missing"]),
        ("agents", AGENT, []),
        ("default", samples.CLIENT, []),
        ("default", AGENT, []),
        ("refuse", samples.CLIENT, ["aud-missing"]),
        ("refuse", AGENT, ["mcp-resource-missing"]),
    ],
)
def test_the_policy_decides_what_a_request_without_a_server_gets(policy: Missing, client: Client, expected: list[str]) -> None:
    sent = sample_request(launch=None, aud=None, client_id=client.client_id, scope=SCOPE)
    assert refusals(sent, context(policy, client)) == expected


def test_the_client_of_a_resource_is_told_that_its_own_login_needs_aud() -> None:
    server = structs.replace(SERVER, resources=(structs.replace(RESOURCE, client_id=samples.CLIENT.client_id),))
    sent = sample_request(launch=None, aud=None, scope=SCOPE)
    found = samples.examination(sent, samples.sample_context(server=server, launch=None)).refusals[0]
    assert (found.name, found.facts["serves"]) == ("aud-missing", MCP)


def test_an_ehr_launch_without_aud_is_for_the_server_that_launched_the_app() -> None:
    server = structs.replace(samples.SERVER, policy=Policy(missing_resource="default"))
    assert refusals(sample_request(aud=None), samples.sample_context(server=server)) == []


@pytest.mark.parametrize("client_id", ["https://a.example/c", "http://localhost:1/c", "app", "", "urn:x"])
def test_an_agent_has_a_url_as_its_id(client_id: str) -> None:
    assert is_agent(structs.replace(samples.CLIENT, client_id=client_id)) is client_id.startswith("http")
    assert not is_agent(None)


@given(st.text())
def test_a_url_means_a_resource_only_if_it_is_nearly_its_url(text: str) -> None:
    meant = target_of(text, SERVER)
    assert meant is None or meant.rstrip("/").lower() in (text.rstrip("/").lower(), text.lower())


def test_a_request_that_names_nothing_has_no_target() -> None:
    assert find_target(sample_request(aud=None), SERVER) is None


@pytest.mark.parametrize(("left_out", "whole"), [((), True), (("openid",), None)])
def test_a_client_that_requests_all_scopes_of_the_server_is_recognised(left_out: tuple[str, ...], whole: bool | None) -> None:
    scope = " ".join(scope for scope in list_supported_scopes(Policy()) if scope not in left_out)
    found = samples.examination(sample_request(launch=None, aud=None, resource=MCP, scope=scope), context()).refusals[0]
    assert (found.name, found.facts.get("whole")) == ("launch-scope-without-launch-param", whole)
