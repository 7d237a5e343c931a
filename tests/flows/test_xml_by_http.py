"""XML over HTTP: requested by Accept or _format, sent by Content-Type; refusals and Bundles too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import TokenClient, hand, observation, rules

from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.xml import reader as xml_reader
from sickbay.fhir.xml import writer as xml_writer

XML = "application/fhir+xml"


def read(answer: httpx2.Response, version: str = "r4") -> dict[str, Any]:
    assert answer.headers["content-type"] == VERSIONS[version].xml + ";charset=utf-8"
    assert int(answer.headers["content-length"]) == len(answer.content)
    return xml_reader.loads(version, answer.content)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_resource_is_sent_and_read_as_xml(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds", fhir=version)
        own.base = f"/general/{version}"
        own.headers["Accept"] = VERSIONS[version].json
        type = VERSIONS[version].xml
        body = xml_writer.dumps(version, observation(valueQuantity={"value": 1}) | {"resourceType": "Observation"})
        body = body.replace(b'<value value="1"/>', b'<value value="1.00"/>')
        created = await own.ask("POST", "/Observation", body, Content_Type=type, Accept=type)
        assert created.status_code == 201, created.text
        assert b'<value value="1.00"/>' in created.content
        id = read(created, version)["id"]
        plain = await own.ask("GET", f"/Observation/{id}", Accept="application/json")
        assert b'"value":1.00' in plain.content
        assert (await own.ask("GET", f"/Observation/{id}", Accept=type)).content == created.content
        changed = created.content.replace(b'"final"', b'"amended"')
        assert (await own.ask("PUT", f"/Observation/{id}", changed, Content_Type="text/xml")).status_code == 200
        response = read(await own.ask("GET", f"/Observation?_id={id}&_format=xml", Accept="application/json"), version)
        assert [entry["resource"]["status"] for entry in response["entry"]] == ["amended"]
        history = read(await own.ask("GET", f"/Observation/{id}/_history", Accept=type), version)
        assert len(history["entry"]) == 2
        statement = await flow.http.get(f"/general/{version}/metadata?_format=xml")
        assert read(statement, version)["fhirVersion"] == VERSIONS[version].number

    run(steps, tmp_path, versions=(version,))


def test_refusals_have_the_requested_format(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/Observation.cruds")
        absent = await own.ask("GET", "/Observation/nowhere", Accept=XML)
        assert (absent.status_code, read(absent)["resourceType"]) == (404, "OperationOutcome")
        without_token = await flow.http.get("/general/r4/Patient/p-0001", headers={"Accept": XML})
        assert (without_token.status_code, read(without_token)["resourceType"]) == (401, "OperationOutcome")
        neither = await own.ask("GET", "/Observation", Accept="text/csv")
        assert (neither.status_code, rules(neither)) == (406, {"fhir-accept-unsupported"})

    run(steps, tmp_path)


async def send_refused(own: TokenClient, body: bytes, type: str = XML) -> tuple[int, set[str], str]:
    answer = await own.ask("POST", "/Observation", body, Content_Type=type)
    return answer.status_code, rules(answer), answer.text


def test_only_the_content_type_decides_how_a_body_is_parsed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/Observation.cruds")
        for type in ("text/plain", "application/xml+fhir", "application/fhir+json; charset=utf-16", ""):
            assert (await send_refused(own, b"{}", type))[0] == 415, type
        status, names, text = await send_refused(own, b'<!DOCTYPE a><Observation xmlns="http://hl7.org/fhir"/>')
        assert (status, names) == (400, {"fhir-body-malformed"})
        assert "document type" in text
        status, names, text = await send_refused(own, xml_writer.dumps("r4", observation(status="done")))
        assert (status, names) == (422, {"fhir-resource-invalid"})
        assert "Observation.status" in text
        assert (await send_refused(own, b"<a/>", "application/fhir+json"))[:2] == (400, {"fhir-body-malformed"})

    run(steps, tmp_path)


def test_a_transaction_of_xml_is_answered_in_xml(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        entry = {"resource": observation(), "request": {"method": "POST", "url": "Observation"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry, entry]}
        answer = await own.ask("POST", "", xml_writer.dumps("r4", bundle), Content_Type=XML, Accept=XML)
        assert answer.status_code == 200, answer.text
        assert [entry["response"]["status"] for entry in read(answer)["entry"]] == ["201 Created"] * 2

    run(steps, tmp_path)


def test_pretty_indents_json_and_xml(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/Patient.rs")
        plain = await own.ask("GET", "/Patient/p-0001")
        pretty = await own.ask("GET", "/Patient/p-0001?_pretty=true")
        assert b"\n" not in plain.content
        assert pretty.content.count(b"\n") > 20
        assert pretty.json() == plain.json()
        assert (await own.ask("GET", "/Patient/p-0001?_pretty=true", Accept=XML)).content.count(b"\n") > 20

    run(steps, tmp_path)


def test_patches_and_operations_accept_parameters_in_xml(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/Observation.cruds")
        created = await own.create(observation())
        parts = [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "Observation.status"},
            {"name": "value", "valueCode": "amended"},
        ]
        patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
        path = f"/Observation/{created['id']}"
        done = await own.ask("PATCH", path, xml_writer.dumps("r4", patch), Content_Type=XML, Accept=XML)
        assert (done.status_code, read(done)["status"]) == (200, "amended")
        parameters = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": observation(status="x")}]}
        response = await own.ask(
            "POST", "/Observation/$validate", xml_writer.dumps("r4", parameters), Content_Type=XML, Accept=XML
        )
        assert "Observation.status" in str(read(response)["issue"])

    run(steps, tmp_path)


def test_a_body_that_is_not_utf_8_is_refused_and_not_stored(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        entry = {
            "resource": observation(note=[{"text": "\u00e9"}]),
            "request": {"method": "POST", "url": "Observation"},
        }
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        good = xml_writer.dumps("r4", bundle)
        before = (await own.ask("GET", "/Observation?_summary=count")).json()["total"]
        bad = await own.ask("POST", "", good.replace("\u00e9".encode(), b"\xe9"), Content_Type=XML)
        assert (bad.status_code, "UTF-8" in bad.text) == (400, True)
        single = xml_writer.dumps("r4", entry["resource"]).replace("\u00e9".encode(), b"\xe9")
        assert (await send_refused(own, single))[:2] == (400, {"fhir-body-malformed"})
        assert (await own.ask("GET", "/Observation?_summary=count")).json()["total"] == before
        assert (await own.ask("POST", "", good, Content_Type=XML)).status_code == 200

    run(steps, tmp_path)


def test_a_large_page_and_a_large_transaction_are_the_same_in_xml(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        long = observation(note=[{"text": "x" * 5000}])
        entry = {"resource": long, "request": {"method": "POST", "url": "Observation"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry] * 60}
        answer = await own.ask("POST", "", xml_writer.dumps("r4", bundle), Content_Type=XML, Accept=XML)
        assert len(read(answer)["entry"]) == 60
        plain = (await own.ask("GET", "/Observation?_sort=_lastUpdated&_count=100&_summary=data")).json()["entry"]
        page = read(await own.ask("GET", "/Observation?_sort=_lastUpdated&_count=100&_summary=data", Accept=XML))["entry"]
        assert page == plain

    run(steps, tmp_path)
