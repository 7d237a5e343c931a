"""An app is registered, and enabled in the tenant whose data it asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization import samples
from tests.authorization.samples import asking, examination, known

from sickbay.authorization.authorize import GATE
from sickbay.authorization.likely_clients import NAMED
from sickbay.authorization.models import Client
from sickbay.kernel.checks import UNKNOWN, Refusal

SHARED = replace(
    samples.SERVER,
    tenants=("general", "cerner"),
    fhir_bases=(samples.BASE, "http://localhost:7425/cerner/r4"),
    resource_types={},
    fhir_versions={},
)


def refused(request=None, **changed: object) -> list[tuple[str, str, dict[str, object]]]:
    said = examination(request or asking(), known(**changed)).refusals
    return [(one.name, one.error, dict(one.facts)) for one in said]


def test_without_a_client_id_the_registered_ones_are_offered() -> None:
    (first, *_) = refused(asking(client_id=None), client=None, others=("a", "b"))
    assert first == ("client-id-missing", "invalid_request", {"received": None, "others": ["a", "b"]})


@pytest.mark.parametrize(("server", "right"), [(samples.SERVER, samples.ENDPOINT), (UNKNOWN, None)])
def test_an_address_of_another_tenant_is_said_before_all_and_answered_to_nobody_else(server, right: str | None) -> None:
    found = examination(asking(), known(elsewhere="0b8a", server=server))
    told = {"received": "0b8a", "expected": right}
    assert found.refusals[0] == Refusal("tenant-unknown", "invalid_request", told)
    assert not found.passed(GATE)
    assert examination(asking(), known(server=server)).passed(GATE)


@pytest.mark.parametrize(("server", "right"), [(samples.SERVER, samples.ENDPOINT), (UNKNOWN, None)])
def test_a_request_at_another_address_is_refused_and_told_the_right_one(server, right: str | None) -> None:
    found = examination(asking(), known(astray=True, server=server))
    if right is None:
        assert "authorize-endpoint-not-discovered" not in {one.name for one in found.refusals}
        return
    told = {"received": asking().url, "expected": right, "endpoint": right}
    assert found.refusals == (Refusal("authorize-endpoint-not-discovered", "invalid_request", told, 404),)


def test_no_policy_relaxes_whose_address_it_is() -> None:
    lenient = samples.server(relaxed=("tenant-unknown",))
    assert [one[0] for one in refused(elsewhere="0b8a", server=lenient)] == ["tenant-unknown"]


def test_an_app_that_nobody_registered_is_unknown() -> None:
    (first, *_) = refused(client=None, others=("a",))
    assert first == ("client-id-unknown", "unauthorized_client", {"received": "growth-chart", "others": ["a"]})
    (first, *_) = refused(client=None, live_at=5)
    assert first == (
        "client-id-unknown",
        "unauthorized_client",
        {"received": "growth-chart", "others": [], "live_at": 5},
    )


@pytest.mark.parametrize("sent", [None, "undefined"])
def test_whose_redirect_uri_it_is_tells_the_app_where_it_is_one(sent: str | None) -> None:
    uri = asking().parameters.get("redirect_uri") or ""
    one, other = Client("a", redirect_uris=(uri,)), Client("b", redirect_uris=(f"{uri}/",))
    (first, *_) = refused(asking(client_id=sent), client=None, neighbours=(one, other))
    assert (first[2]["nearest"], first[2]["by"]) == ("a", "redirect_uri")
    (first, *_) = refused(asking(client_id=sent), client=None, neighbours=(one, replace(other, redirect_uris=(uri,))))
    assert "nearest" not in first[2]


@pytest.mark.parametrize(
    ("sent", "nearest"), [("app-1", {"nearest": "a"}), ("Finder", {}), ("Chart", {"nearest": "c"}), ("b", {})]
)
def test_the_app_whose_other_name_was_sent_is_told_where_it_is_one(sent: str, nearest: dict[str, str]) -> None:
    neighbours = (Client("a", app_id="app-1", name="Finder"), Client("b", name="Finder"), Client("c", name="Chart"))
    (first, *_) = refused(asking(client_id=sent), client=None, neighbours=neighbours)
    named = {"others_named": ["Finder (a)", "Finder (b)", "Chart (c)"]}
    assert first[2] == {"received": sent, "others": []} | (nearest or named)


def test_of_many_apps_the_newest_few_are_named() -> None:
    neighbours = tuple(Client(f"c{number}", name=f"App {number}") for number in range(20))
    (first, *_) = refused(asking(client_id="undefined"), client=None, neighbours=neighbours)
    assert first[2]["others_named"] == [f"App {number} (c{number})" for number in range(NAMED)]


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
def test_an_app_asks_where_it_is_enabled(enabled: tuple[str, ...] | None, aud: str, passes: bool) -> None:
    client = replace(samples.CLIENT, enabled_tenants=enabled)
    names = [name for name, _, _ in refused(asking(aud=aud), client=client, server=SHARED)]
    assert names == ([] if passes else ["client-not-enabled-for-tenant"])


def test_what_it_is_enabled_for_is_told() -> None:
    client = replace(samples.CLIENT, enabled_tenants=("cerner",))
    facts = {"received": "growth-chart", "tenant": "general", "enabled": ["cerner"]}
    assert refused(client=client) == [("client-not-enabled-for-tenant", "unauthorized_client", facts)]


def test_where_aud_names_no_tenant_the_only_one_is_meant() -> None:
    """And with several, whose it is stays open: aud is refused by itself."""
    client = replace(samples.CLIENT, enabled_tenants=("cerner",))
    elsewhere = asking(aud="https://ehr.example.org/fhir")
    assert [name for name, _, _ in refused(elsewhere, client=client)] == [
        "client-not-enabled-for-tenant",
        "aud-mismatch",
    ]
    assert [name for name, _, _ in refused(elsewhere, client=client, server=SHARED)] == ["aud-mismatch"]
    none = asking(aud=None)
    assert [name for name, _, _ in refused(none, client=client)] == ["client-not-enabled-for-tenant", "aud-missing"]
