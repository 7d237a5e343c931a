"""Every version of FHIR by HTTP: the same patients under the same ids, each seen by whoever may, and by nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fhir.minimal import minimal
from tests.flows.flow import Flow, run
from tests.flows.writing import Hand, hand, rules

from sickbay.fhir.search.parameters import resource_types
from sickbay.fhir.search.parser import FILTERS
from sickbay.fhir.served import NOT_SERVED
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.xml import reader as xml_reader


async def own(flow: Flow, version: str, scope: str = "patient/*.cruds") -> Hand:
    found = await hand(flow, scope, fhir=version)
    found.base = f"/general/{version}"
    own_type = VERSIONS[version].json
    found.headers |= {"Accept": own_type, "Content-Type": own_type}
    return found


def test_dstu2_answers_options_with_its_conformance(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        base = "/general/dstu2"
        read = await flow.http.get(f"{base}/metadata")
        asked = await flow.http.options(base)
        assert (asked.status_code, asked.content) == (200, read.content)
        assert asked.json()["resourceType"] == "Conformance"
        assert (await flow.http.options(base, params={"_format": "xml"})).text.startswith("<?xml")
        page = {"Origin": "http://localhost:8100", "Access-Control-Request-Method": "POST"}
        before_a_post = await flow.http.options(base, headers=page)
        assert (before_a_post.status_code, before_a_post.content) == (204, b"")
        assert before_a_post.headers["access-control-allow-origin"] == "*"

    run(steps, tmp_path, patients=1)


@pytest.mark.parametrize("version", VERSIONS)
def test_only_the_launched_patients_record_is_read_searched_and_written(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        mine = await own(flow, version)
        patient = await mine.ask("GET", "/Patient/p-0001")
        assert patient.status_code == 200
        assert patient.headers["content-type"] == VERSIONS[version].json + ";charset=utf-8"
        assert (await mine.ask("GET", "/Patient/p-0002")).status_code == 404
        for type in ("Observation", "Condition", "Encounter"):
            found = (await mine.ask("GET", f"/{type}")).json()
            assert found["entry"], type
            holders = {one["resource"].get("subject", one["resource"].get("patient"))["reference"] for one in found["entry"]}
            assert holders == {"Patient/p-0001"}, type
        assert not (await mine.ask("GET", "/Observation?patient=p-0002")).json().get("entry")
        made = await mine.made(_observation("p-0001"))
        assert (await mine.ask("GET", f"/Observation?_id={made['id']}&code=29463-7")).json()["total"] == 1
        other = await mine.ask("POST", "/Observation", _observation("p-0002"))
        assert other.status_code == 403
        assert (await mine.ask("GET", "/Practitioner/pr-1")).status_code == 200

    run(steps, tmp_path)


def _observation(patient: str) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]}
    subject = {"reference": f"Patient/{patient}"}
    return {"resourceType": "Observation", "status": "final", "code": code, "subject": subject}


@pytest.mark.parametrize("version", VERSIONS)
def test_elements_unknown_to_a_version_are_reported_with_their_place(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        mine = await own(flow, version)
        wrong = await mine.ask("POST", "/Observation", _observation("p-0001") | {"status": "done"})
        assert (wrong.status_code, rules(wrong)) == (422, {"fhir-resource-invalid"})
        assert "Observation.status" in wrong.text
        unknown = await mine.ask("GET", "/MedicationOrder" if version != "dstu2" else "/MedicationRequest")
        assert (unknown.status_code, rules(unknown)) == (404, {"fhir-resource-wrong-version"})

    run(steps, tmp_path)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_documents_of_a_base_describe_its_version(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        statement = (await flow.http.get(f"/general/{version}/metadata")).json()
        assert statement["fhirVersion"] == VERSIONS[version].number
        (nested,) = statement["rest"][0]["security"]["extension"]
        told = {one["url"]: one["valueUri"] for one in nested["extension"]}
        smart = (await flow.http.get(f"/general/{version}/.well-known/smart-configuration")).json()
        assert told["authorize"] == smart["authorization_endpoint"]
        assert told["token"] == smart["token_endpoint"]

    run(steps, tmp_path)


@pytest.mark.parametrize("version", VERSIONS)
def test_types_support_the_interactions_in_the_capability_statement(version: str, tmp_path: Path) -> None:
    run(lambda flow: every_type(flow, version, step=6), tmp_path)


@pytest.mark.prove
@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_supports_the_interactions_in_the_capability_statement(version: str, tmp_path: Path) -> None:
    run(lambda flow: every_type(flow, version, step=1), tmp_path)


async def every_type(flow: Flow, version: str, step: int) -> None:
    mine = await hand(flow, "system/*.cruds", fhir=version)
    mine.base = f"/general/{version}"
    json, xml = VERSIONS[version].json, VERSIONS[version].xml
    mine.headers |= {"Accept": json, "Content-Type": json}
    statement = (await flow.http.get(f"/general/{version}/metadata")).json()
    listed = {one["type"]: {each["code"] for each in one["interaction"]} for one in statement["rest"][0]["resource"]}
    assert listed.keys() == set(resource_types(version)) - NOT_SERVED
    assert all({"read", "vread", "create", "update", "delete", "search-type"} <= codes for codes in listed.values())
    for type in [*listed][::step]:
        made = await mine.made(minimal(version, type))
        path = f"/{type}/{made['id']}"
        assert (await mine.ask("GET", path)).json() == made
        assert xml_reader.loads(version, (await mine.ask("GET", path, Accept=xml)).content) == made
        found = (await mine.ask("GET", f"/{type}?_id={made['id']}&_summary=true")).json()
        assert [one["resource"]["id"] for one in found["entry"]] == [made["id"]]
        assert validate(version, found) == [], type
        assert (await mine.ask("DELETE", path)).status_code == 204
        assert (await mine.ask("GET", path)).status_code == 410


@pytest.mark.parametrize("version", VERSIONS)
def test_every_search_parameter_in_the_capability_statement_works(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        mine = await hand(flow, "system/*.rs", fhir=version)
        mine.base = f"/general/{version}"
        mine.headers["Accept"] = VERSIONS[version].json
        statement = (await flow.http.get(f"/general/{version}/metadata")).json()
        for told in statement["rest"][0]["resource"]:
            held = [one for one in told.get("searchParam", ()) if one["type"] not in ("composite", "special")]
            asked = [f"{one['name']}={VALUES.get(one['name'], VALUES.get(one['type'], 'x'))}" for one in held]
            for part in (asked[:FILTERS], asked[FILTERS:]):
                answer = await mine.ask("GET", f"/{told['type']}?{'&'.join(part)}", Prefer="handling=strict")
                assert answer.status_code == 200, (told["type"], answer.text)

    run(steps, tmp_path)


VALUES = {
    "near": "42.25|-83.69|11.2|km",
    "near-distance": "11.2||km",
    "date": "2026",
    "number": "1",
    "quantity": "1",
    "uri": "http://h/x",
    "reference": "x",
}
