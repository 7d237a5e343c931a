"""resource in a token request (RFC 8707 2.2): the server of the grant, in each request if the policy is strict."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.token_requests import BASE, CODE, examine_token, token_context, token_request

from sickbay.authorization.models import Policy, ProtectedResource, Server
from sickbay.authorization.token import request as token_checks
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol.parameters import Parameters

MCP = "https://mcp.example.org/mcp"
STRICT = Server(fhir_bases=(BASE,), resources=(ProtectedResource(MCP),), policy=Policy(missing_resource="refuse"))


@pytest.mark.parametrize(
    ("grant", "by_resource", "resource", "server", "name"),
    [
        (MCP, True, (MCP,), STRICT, None),
        (MCP, True, (MCP, f"{MCP}/"), STRICT, None),
        (MCP, True, (MCP, BASE), STRICT, "token-resource-mismatch"),
        (MCP, True, (BASE,), STRICT, "token-resource-mismatch"),
        (BASE, False, (MCP,), STRICT, "token-resource-mismatch"),
        (MCP, True, (), STRICT, "mcp-resource-missing-token"),
        (MCP, True, ("",), STRICT, "mcp-resource-missing-token"),
        (MCP, False, (), STRICT, None),
        (MCP, True, (), structs.replace(STRICT, policy=Policy()), None),
        ("https://gone.example.org", True, ("https://gone.example.org",), STRICT, "token-endpoint-wrong-tenant"),
        (MCP, True, (MCP,), Server(), "token-endpoint-wrong-tenant"),
    ],
)
def test_the_token_request_names_the_resource_of_the_grant(
    grant: str, by_resource: bool, resource: tuple[str, ...], server: Server, name: str | None
) -> None:
    pairs = (*token_request().parameters.pairs, *(("resource", value) for value in resource))
    request = structs.replace(token_request(), parameters=Parameters(pairs))
    context = token_context(server=server, code=structs.replace(CODE, base=grant, by_resource=by_resource))
    assert [refusal.name for refusal in examine_token(request, context).refusals] == ([name] if name else [])


@pytest.mark.parametrize(
    ("resource", "server", "expected"),
    [
        (("https://x.example/", MCP), STRICT, BASE),
        ((MCP, "https://x.example/"), STRICT, MCP),
        ((MCP, BASE), STRICT, MCP),
        ((MCP, MCP), STRICT, None),
        (("https://x.example/",), Server(), None),
    ],
)
def test_a_service_may_name_any_single_server(resource: tuple[str, ...], server: Server, expected: str | None) -> None:
    request = structs.replace(token_request(), parameters=Parameters(tuple(("resource", value) for value in resource)))
    refusal = token_checks.resource_is_the_granted_fhir_base_url_if_sent.decide(
        request, token_context(server=server, code=None)
    )
    assert (refusal.facts["expected"] if refusal else None) == expected


def test_a_resource_needs_no_known_server_if_nothing_is_known_of_the_grant() -> None:
    request = token_request(resource=MCP)
    unknown = token_context(server=UNKNOWN, code=None)
    assert token_checks.resource_is_the_granted_fhir_base_url_if_sent.decide(request, unknown) is None
    assert token_checks.resource_is_repeated_if_the_policy_is_strict.decide(token_request(), unknown) is None
    with_code = token_context(server=UNKNOWN, code=structs.replace(CODE, base=BASE))
    refusal = token_checks.resource_is_the_granted_fhir_base_url_if_sent.decide(request, with_code)
    assert refusal is not None
    assert (
        token_checks.resource_is_repeated_if_the_policy_is_strict.decide(
            token_request(), token_context(server=STRICT, code=None)
        )
        is None
    )
