"""An app must be registered, and enabled in the tenant whose data it requests."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import examination, sample_context, sample_request

from sickbay.authorization.authorize.stage import GATE
from sickbay.authorization.likely_clients import LISTED_APPS
from sickbay.authorization.models import Client, Server
from sickbay.authorization.refusals.authorize import MCP_CIMD_URL_INVALID
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.checks import UNKNOWN, Refusal, Unknown

SHARED = structs.replace(
    samples.SERVER,
    tenants=("general", "cerner"),
    fhir_bases=(samples.BASE, "http://localhost:7425/cerner/r4"),
    resource_types={},
    fhir_versions={},
)


def list_refusals(request: AuthorizeRequest | None = None, **changed: object) -> list[tuple[str, str, dict[str, object]]]:
    refusals = examination(request or sample_request(), sample_context(**changed)).refusals
    return [(refusal.name, refusal.error, dict(refusal.facts)) for refusal in refusals]


def test_without_a_client_id_the_registered_ones_are_suggested() -> None:
    (first, *_) = list_refusals(sample_request(client_id=None), client=None, others=("a", "b"))
    assert first == ("client-id-missing", "invalid_request", {"received": None, "others": ["a", "b"]})


@pytest.mark.parametrize(("server", "expected"), [(samples.SERVER, samples.ENDPOINT), (UNKNOWN, None)])
def test_an_unknown_tenant_is_reported_first_and_closes_the_gate(server: Server | Unknown, expected: str | None) -> None:
    result = examination(sample_request(), sample_context(elsewhere="0b8a", server=server))
    facts = {"received": "0b8a", "expected": expected}
    assert result.refusals[0] == Refusal("tenant-unknown", "invalid_request", facts)
    assert not result.has_passed(GATE)
    assert examination(sample_request(), sample_context(server=server)).has_passed(GATE)


@pytest.mark.parametrize(("server", "expected"), [(samples.SERVER, samples.ENDPOINT), (UNKNOWN, None)])
def test_a_request_to_the_wrong_endpoint_is_refused_with_the_right_one(server: Server | Unknown, expected: str | None) -> None:
    result = examination(sample_request(), sample_context(misdirected=True, server=server))
    if expected is None:
        assert "authorize-endpoint-not-discovered" not in {refusal.name for refusal in result.refusals}
        return
    facts = {"received": sample_request().url, "expected": expected, "endpoint": expected}
    assert result.refusals == (Refusal("authorize-endpoint-not-discovered", "invalid_request", facts, 404),)


def test_no_policy_relaxes_an_unknown_tenant() -> None:
    lenient = samples.server(relaxed=("tenant-unknown",))
    assert [refusal[0] for refusal in list_refusals(elsewhere="0b8a", server=lenient)] == ["tenant-unknown"]


def test_an_unregistered_app_is_unknown() -> None:
    (first, *_) = list_refusals(client=None, others=("a",))
    assert first == ("client-id-unknown", "unauthorized_client", {"received": "growth-chart", "others": ["a"]})
    (first, *_) = list_refusals(client=None, live_at=5)
    assert first == (
        "client-id-unknown",
        "unauthorized_client",
        {"received": "growth-chart", "others": [], "live_at": 5},
    )


@pytest.mark.parametrize("sent", [None, "undefined"])
def test_the_only_app_with_the_redirect_uri_is_suggested(sent: str | None) -> None:
    uri = sample_request().parameters.get("redirect_uri") or ""
    first_app, second_app = Client("a", redirect_uris=(uri,)), Client("b", redirect_uris=(f"{uri}/",))
    (first, *_) = list_refusals(sample_request(client_id=sent), client=None, newest_clients=(first_app, second_app))
    assert (first[2]["nearest"], first[2]["by"]) == ("a", "redirect_uri")
    (first, *_) = list_refusals(
        sample_request(client_id=sent),
        client=None,
        newest_clients=(first_app, structs.replace(second_app, redirect_uris=(uri,))),
    )
    assert "nearest" not in first[2]


@pytest.mark.parametrize(
    ("sent", "nearest"), [("app-1", {"nearest": "a"}), ("Finder", {}), ("Chart", {"nearest": "c"}), ("b", {})]
)
def test_the_only_app_whose_name_or_app_id_was_sent_is_suggested(sent: str, nearest: dict[str, str]) -> None:
    newest_clients = (Client("a", app_id="app-1", name="Finder"), Client("b", name="Finder"), Client("c", name="Chart"))
    (first, *_) = list_refusals(sample_request(client_id=sent), client=None, newest_clients=newest_clients)
    named = {"others_named": ["Finder (a)", "Finder (b)", "Chart (c)"]}
    assert first[2] == {"received": sent, "others": []} | (nearest or named)


def test_only_the_newest_few_of_many_apps_are_listed() -> None:
    newest_clients = tuple(Client(f"c{number}", name=f"App {number}") for number in range(20))
    (first, *_) = list_refusals(sample_request(client_id="undefined"), client=None, newest_clients=newest_clients)
    assert first[2]["others_named"] == [f"App {number} (c{number})" for number in range(LISTED_APPS)]


@pytest.mark.parametrize(
    ("enabled", "aud", "passes"),
    [
        (None, samples.BASE, True),
        (("general",), samples.BASE, True),
        (("cerner", "general"), samples.BASE, True),
        (("cerner",), samples.BASE, False),
        ((), samples.BASE, False),
        (("general",), "http://localhost:7425/cerner/r4", False),
    ],
)
def test_an_app_can_be_used_only_in_tenants_where_it_is_enabled(
    enabled: tuple[str, ...] | None, aud: str, passes: bool
) -> None:
    client = structs.replace(samples.CLIENT, enabled_tenants=enabled)
    names = [name for name, _, _ in list_refusals(sample_request(aud=aud), client=client, server=SHARED)]
    assert names == ([] if passes else ["client-not-enabled-for-tenant"])


def test_the_refusal_lists_the_enabled_tenants() -> None:
    client = structs.replace(samples.CLIENT, enabled_tenants=("cerner",))
    facts = {"received": "growth-chart", "tenant": "general", "enabled": ["cerner"]}
    assert list_refusals(client=client) == [("client-not-enabled-for-tenant", "unauthorized_client", facts)]


def test_an_aud_without_a_tenant_means_the_only_tenant() -> None:
    """With several tenants none is assumed, and only aud is refused."""
    client = structs.replace(samples.CLIENT, enabled_tenants=("cerner",))
    elsewhere = sample_request(aud="https://ehr.example.org/fhir")
    assert [name for name, _, _ in list_refusals(elsewhere, client=client)] == [
        "client-not-enabled-for-tenant",
        "aud-mismatch",
    ]
    assert [name for name, _, _ in list_refusals(elsewhere, client=client, server=SHARED)] == ["aud-mismatch"]
    without_aud = sample_request(aud=None)
    assert [name for name, _, _ in list_refusals(without_aud, client=client)] == [
        "client-not-enabled-for-tenant",
        "aud-missing",
    ]


def test_a_client_whose_metadata_document_cannot_be_used_is_refused_for_that() -> None:
    fault = MCP_CIMD_URL_INVALID(received="https://agent.example.org/", reason="It has no path")
    assert fault in examination(sample_request(), sample_context(client=None, document_fault=fault)).refusals
