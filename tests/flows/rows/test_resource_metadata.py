"""Protected resource metadata of FHIR bases (RFC 9728), and the challenges that lead a client to them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow
from tests.flows.shared_app import SharedApp

from sickbay.web.oauth.metadata_hints import OF_OPENID, OF_SERVER, OF_SMART

WELL_KNOWN = "/.well-known/oauth-protected-resource"
BASES = {"/general/r4": True, "/general/dstu2": True, "/cerner/r4": False, "/epic/api/FHIR/R4": False}


def read_challenge(header: str) -> dict[str, str]:
    """The parameters of a Bearer challenge, which must have the syntax of RFC 9110 11.6.1."""
    assert re.fullmatch(r'Bearer \w+="[^"\\]*"(, \w+="[^"\\]*")*', header), header
    return dict(re.findall(r'(\w+)="([^"]*)"', header))


@pytest.mark.parametrize("base", list(BASES))
def test_both_well_known_addresses_of_a_base_have_the_same_metadata(shared_app: SharedApp, base: str) -> None:
    async def steps(flow: Flow) -> None:
        answers = [await flow.http.get(address) for address in (WELL_KNOWN + base, base + WELL_KNOWN)]
        if not BASES[base]:
            assert [answer.status_code for answer in answers] == [404, 404]
            return
        inserted, appended = [answer.json() for answer in answers]
        assert inserted == appended
        assert inserted["resource"] == BASE + base
        issuer = inserted["authorization_servers"][0]
        metadata = (await flow.http.get(f"/.well-known/oauth-authorization-server{issuer.removeprefix(BASE)}")).json()
        assert metadata["issuer"] == issuer
        assert "none" in metadata["token_endpoint_auth_methods_supported"]
        assert set(inserted["scopes_supported"]) <= set(metadata["scopes_supported"])
        assert not {"launch", "offline_access", "online_access"} & set(inserted["scopes_supported"])
        assert answers[0].headers["access-control-allow-origin"] == "*"

    shared_app.do(steps)


@pytest.mark.parametrize("path", ["", "/", "/general", "/general/r9", "/nowhere/r4", "/general/r4/Patient"])
def test_no_other_address_has_metadata_and_the_answer_is_json(shared_app: SharedApp, path: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(WELL_KNOWN + path, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/Patient/p-0001", "launch/patient patient/Patient.rs"),
        ("/Observation?patient=p-0001", "launch/patient patient/Observation.rs"),
        ("/_history", "openid fhirUser launch/patient patient/*.rs"),
    ],
)
def test_a_request_without_a_token_learns_metadata_and_scope(shared_app: SharedApp, path: str, scope: str) -> None:
    async def steps(flow: Flow) -> None:
        for headers in ({}, {"Authorization": "Bearer made-up"}):
            answer = await flow.http.get(f"/general/r4{path}", headers=headers)
            challenge = read_challenge(answer.headers["www-authenticate"])
            assert challenge.pop("realm") == f"{BASE}/general/r4"
            assert challenge.pop("error", "invalid_token") == "invalid_token"
            assert challenge == {"scope": scope, "resource_metadata": f"{BASE}{WELL_KNOWN}/general/r4"}
        vendor = await flow.http.get("/epic/api/FHIR/R4/Patient/p-0001")
        assert set(read_challenge(vendor.headers["www-authenticate"])) == {"realm"}

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("held", "query", "named"),
    [
        ("patient/Patient.rs", "Condition", "patient/Condition.rs"),
        ("patient/Patient.read", "Condition", "patient/Condition.read"),
        (
            "patient/Patient.rs",
            "MedicationRequest?_include=MedicationRequest:requester:Practitioner&_revinclude=Provenance:target",
            "patient/MedicationRequest.rs patient/Practitioner.rs patient/Provenance.rs",
        ),
        (
            "patient/MedicationRequest.rs",
            "MedicationRequest?_include=MedicationRequest:requester:Practitioner",
            "patient/MedicationRequest.rs patient/Practitioner.rs",
        ),
        ("user/Patient.rs", "?_type=Condition,Observation", "user/Condition.rs user/Observation.rs"),
    ],
)
def test_a_step_up_challenge_names_all_scopes_at_once(shared_app: SharedApp, held: str, query: str, named: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await get_with(flow, held, query)
        assert answer.status_code == 403
        challenge = read_challenge(answer.headers["www-authenticate"])
        assert (challenge["error"], challenge["scope"]) == ("insufficient_scope", named)
        assert challenge["resource_metadata"] == f"{BASE}{WELL_KNOWN}/general/r4"
        allowed = await get_with(flow, named, query)
        assert allowed.status_code == 200

    shared_app.do(steps)


async def get_with(flow: Flow, scope: str, query: str) -> Any:
    return await flow.http.get(f"/general/r4/{query}", headers=await authorization(flow, scope))


async def authorization(flow: Flow, scope: str) -> dict[str, str]:
    app = await flow.register(scope=scope)
    who = {"patient": "p-0001"} if scope.startswith("patient/") else {}
    body = {"app": app["app_id"], "scope": scope, "user": await flow.clinician(), **who}
    token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


SENT: tuple[tuple[str, str, Any], ...] = (
    ("POST", "Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "pain"}}),
    ("PUT", "Condition/c-new", {"resourceType": "Condition", "id": "c-new"}),
    ("GET", "MedicationRequest?_include=MedicationRequest:requester:Practitioner", None),
    ("GET", "Patient", None),
)


@pytest.mark.parametrize("first", range(len(SENT)))
def test_the_challenge_of_a_transaction_names_the_scopes_of_all_entries(shared_app: SharedApp, first: int) -> None:
    async def steps(flow: Flow) -> None:
        entries = [*SENT[first:], *SENT[:first]]
        bundle = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {"request": {"method": method, "url": url}} | ({"resource": resource} if resource else {})
                for method, url, resource in entries
            ],
        }
        answer = await flow.http.post("/general/r4", json=bundle, headers=await authorization(flow, "patient/Patient.rs"))
        assert answer.status_code == 403
        assert set(read_challenge(answer.headers["www-authenticate"])["scope"].split()) == {
            "patient/Observation.c",
            "patient/Condition.u",
            "patient/MedicationRequest.rs",
            "patient/Practitioner.rs",
            "patient/Patient.rs",
        }

    shared_app.do(steps)


KINDS = (OF_SERVER, OF_OPENID, WELL_KNOWN, OF_SMART)
PLACES = (
    "",
    "/",
    "/general",
    "/general/",
    "/general/r4",
    "/epic/oauth2",
    "/cerner",
    "/epic/api/FHIR/R4",
    "/mcp",
    "/mcp/",
    "/no",
)


def test_each_form_has_the_document_or_says_in_json_where_it_is(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        for path in (path for kind in KINDS for place in PLACES for path in (kind + place, place.rstrip("/") + kind)):
            answer = await flow.http.get(path, headers={"Accept": "text/html, */*", "Origin": "https://a.example"})
            assert answer.status_code in (200, 404)
            assert "json" in answer.headers["content-type"], path
            assert answer.headers["access-control-allow-origin"] == "*"
            document = answer.json()
            if answer.status_code == 200:
                assert document.keys() & {"issuer", "resource"}, path
            elif "resourceType" not in document:
                assert document["error"] == "not_found"
                assert document["error_description"]

    shared_app.do(steps)


@pytest.mark.parametrize("form", [OF_SERVER + "/general", OF_OPENID + "/general", "/general" + OF_OPENID])
def test_the_three_forms_that_clients_of_mcp_have_to_try_have_the_metadata(shared_app: SharedApp, form: str) -> None:
    async def steps(flow: Flow) -> None:
        assert (await flow.http.get(form)).json()["issuer"] == f"{BASE}/general"

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/general/.well-known/oauth-authorization-server", "RFC 8414 inserts"),
        ("/general/r4/.well-known/oauth-authorization-server", f"Use {BASE}{OF_SERVER}/general."),
        ("/.well-known/oauth-authorization-server/general/r4", f"is at {BASE}{OF_SERVER}/general."),
        ("/.well-known/oauth-authorization-server/general/", f"is at {BASE}{OF_SERVER}/general."),
        ("/.well-known/oauth-authorization-server", f"{BASE}{OF_SERVER}/general, "),
        ("/general//.well-known/openid-configuration", f"is {BASE}/general{OF_OPENID}. The path has an extra slash."),
        ("/general/.well-known/openid-configuration/", f"is {BASE}/general{OF_OPENID}. The path has an extra slash."),
        ("/general/oauth/.well-known/openid-configuration", f'is {BASE}/general{OF_OPENID}."'),
        ("/.well-known/smart-configuration/general/r4", f"is {BASE}/general/r4{OF_SMART}."),
        ("/.well-known/oauth-protected-resource/mcp", "/mcp have no OAuth"),
        ("/.well-known/oauth-authorization-server/mcp", "/mcp have no OAuth"),
        ("/mcp/.well-known/oauth-protected-resource", "/mcp have no OAuth"),
        ("/general/.well-known/oauth-protected-resource", "followed by the path of the base"),
    ],
)
def test_another_form_is_explained(shared_app: SharedApp, path: str, text: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(path)
        assert answer.status_code == 404
        assert text in answer.text

    shared_app.do(steps)


def test_a_request_for_the_metadata_of_a_hospital_is_recorded(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/general/.well-known/oauth-authorization-server")
        exchange = await flow.http.get(
            f"/exchanges/{answer.headers['x-correlation-id']}", headers={"Accept": "application/json"}
        )
        assert (exchange.json()["stage"], exchange.json()["response"]["status"]) == ("discovery", 404)

    shared_app.do(steps)


@pytest.mark.parametrize(
    "path", [OF_SERVER + "/general", OF_OPENID + "/general", "/general" + OF_OPENID, WELL_KNOWN + "/general/r4"]
)
def test_a_fault_of_discovery_reaches_each_form_of_the_metadata(shared_app: SharedApp, path: str) -> None:
    async def steps(flow: Flow) -> None:
        fault = {"kind": "member", "tenant": "general", "stage": "discovery", "set": {"changed": True}}
        assert (await flow.http.post("/admin/faults", json=fault)).status_code == 201
        changed = (await flow.http.get(path)).json()
        await flow.http.delete("/admin/faults")
        assert changed.pop("changed") is True
        assert (await flow.http.get(path)).json() == changed

    shared_app.do(steps)
