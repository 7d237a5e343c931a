"""Every FHIR version over HTTP: the same patients with the same ids, with the same access rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fhir.minimal import minimal
from tests.flows.flow import Flow, run
from tests.flows.writing import TokenClient, hand, rules
from tests.laws import cases

from sickbay.fhir.search.parameters import resource_types
from sickbay.fhir.search.parser import FILTERS
from sickbay.fhir.served import NOT_SERVED
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.xml import reader as xml_reader


async def patient_client(flow: Flow, version: str, scope: str = "patient/*.cruds") -> TokenClient:
    client = await hand(flow, scope, fhir=version)
    client.base = f"/general/{version}"
    own_type = VERSIONS[version].json
    client.headers |= {"Accept": own_type, "Content-Type": own_type}
    return client


def test_dstu2_answers_options_with_its_conformance(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        base = "/general/dstu2"
        read = await flow.http.get(f"{base}/metadata")
        preflight = await flow.http.options(base)
        assert (preflight.status_code, preflight.content) == (200, read.content)
        assert preflight.json()["resourceType"] == "Conformance"
        assert (await flow.http.options(base, params={"_format": "xml"})).text.startswith("<?xml")
        page = {"Origin": "http://localhost:8100", "Access-Control-Request-Method": "POST"}
        before_a_post = await flow.http.options(base, headers=page)
        assert (before_a_post.status_code, before_a_post.content) == (204, b"")
        assert before_a_post.headers["access-control-allow-origin"] == "*"

    run(steps, tmp_path, patients=1)


@pytest.mark.parametrize("version", VERSIONS)
def test_only_the_launched_patients_record_is_read_searched_and_written(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await patient_client(flow, version)
        patient = await client.ask("GET", "/Patient/p-0001")
        assert patient.status_code == 200
        assert patient.headers["content-type"] == VERSIONS[version].json + ";charset=utf-8"
        assert (await client.ask("GET", "/Patient/p-0002")).status_code == 404
        for type in ("Observation", "Condition", "Encounter"):
            bundle = (await client.ask("GET", f"/{type}")).json()
            assert bundle["entry"], type
            holders = {
                entry["resource"].get("subject", entry["resource"].get("patient"))["reference"] for entry in bundle["entry"]
            }
            assert holders == {"Patient/p-0001"}, type
        assert not (await client.ask("GET", "/Observation?patient=p-0002")).json().get("entry")
        created = await client.create(_observation("p-0001"))
        assert (await client.ask("GET", f"/Observation?_id={created['id']}&code=29463-7")).json()["total"] == 1
        other = await client.ask("POST", "/Observation", _observation("p-0002"))
        assert other.status_code == 403
        assert (await client.ask("GET", "/Practitioner/pr-1")).status_code == 200

    run(steps, tmp_path, versions=(version,))


def _observation(patient: str) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}
    subject = {"reference": f"Patient/{patient}"}
    return {"resourceType": "Observation", "status": "final", "code": code, "subject": subject}


@pytest.mark.parametrize("version", VERSIONS)
def test_elements_unknown_to_a_version_are_reported_with_their_place(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await patient_client(flow, version)
        wrong = await client.ask("POST", "/Observation", _observation("p-0001") | {"status": "done"})
        assert (wrong.status_code, rules(wrong)) == (422, {"fhir-resource-invalid"})
        assert "Observation.status" in wrong.text
        unknown = await client.ask("GET", "/MedicationOrder" if version != "dstu2" else "/MedicationRequest")
        assert (unknown.status_code, rules(unknown)) == (404, {"fhir-resource-wrong-version"})

    run(steps, tmp_path, versions=(version,))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_documents_of_a_base_describe_its_version(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        statement = (await flow.http.get(f"/general/{version}/metadata")).json()
        assert statement["fhirVersion"] == VERSIONS[version].number
        (nested,) = statement["rest"][0]["security"]["extension"]
        uris = {extension["url"]: extension["valueUri"] for extension in nested["extension"]}
        smart = (await flow.http.get(f"/general/{version}/.well-known/smart-configuration")).json()
        assert uris["authorize"] == smart["authorization_endpoint"]
        assert uris["token"] == smart["token_endpoint"]

    run(steps, tmp_path, versions=(version,))


@pytest.mark.parametrize("version", VERSIONS)
def test_types_support_the_interactions_in_the_capability_statement(version: str, tmp_path: Path) -> None:
    run(lambda flow: check_types(flow, version, step=12), tmp_path, versions=(version,))


@pytest.mark.prove
@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_supports_the_interactions_in_the_capability_statement(version: str, tmp_path: Path) -> None:
    run(lambda flow: check_types(flow, version, step=1), tmp_path, versions=(version,))


async def check_types(flow: Flow, version: str, step: int) -> None:
    client = await hand(flow, "system/*.cruds", fhir=version)
    client.base = f"/general/{version}"
    json, xml = VERSIONS[version].json, VERSIONS[version].xml
    client.headers |= {"Accept": json, "Content-Type": json}
    statement = (await flow.http.get(f"/general/{version}/metadata")).json()
    listed = {
        resource["type"]: {interaction["code"] for interaction in resource["interaction"]}
        for resource in statement["rest"][0]["resource"]
    }
    assert listed.keys() == set(resource_types(version)) - NOT_SERVED
    assert all({"read", "vread", "create", "update", "delete", "search-type"} <= codes for codes in listed.values())
    for type in [*listed][::step]:
        created = await client.create(minimal(version, type))
        path = f"/{type}/{created['id']}"
        assert (await client.ask("GET", path)).json() == created
        assert xml_reader.loads(version, (await client.ask("GET", path, Accept=xml)).content) == created
        bundle = (await client.ask("GET", f"/{type}?_id={created['id']}&_summary=true")).json()
        assert [entry["resource"]["id"] for entry in bundle["entry"]] == [created["id"]]
        assert validate(version, bundle) == [], type
        assert (await client.ask("DELETE", path)).status_code == 204
        assert (await client.ask("GET", path)).status_code == 410


@pytest.mark.parametrize("version", VERSIONS)
def test_every_search_parameter_in_the_capability_statement_works(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "system/*.rs", fhir=version)
        client.base = f"/general/{version}"
        client.headers["Accept"] = VERSIONS[version].json
        statement = (await flow.http.get(f"/general/{version}/metadata")).json()
        for resource in cases(statement["rest"][0]["resource"]):
            parameters = [
                parameter for parameter in resource.get("searchParam", ()) if parameter["type"] not in ("composite", "special")
            ]
            searches = [f"{key['name']}={VALUES.get(key['name'], VALUES.get(key['type'], 'x'))}" for key in parameters]
            for part in (searches[:FILTERS], searches[FILTERS:]):
                answer = await client.ask("GET", f"/{resource['type']}?{'&'.join(part)}", Prefer="handling=strict")
                assert answer.status_code == 200, (resource["type"], answer.text)

    run(steps, tmp_path, versions=(version,))


VALUES = {
    "near": "42.25|-83.69|11.2|km",
    "near-distance": "11.2||km",
    "date": "2026",
    "number": "1",
    "quantity": "1",
    "uri": "http://h/x",
    "reference": "x",
}
