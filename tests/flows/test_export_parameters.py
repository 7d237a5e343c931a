"""Parameters of a Bulk Data kick-off have the same meaning in every form, and its files work outside Sickbay."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.test_exports import LATER, export, kick_off, manifest, read
from tests.flows.writing import hand, rules

KICK_OFF: tuple[tuple[str, str, str, str, int], ...] = (
    ("_outputFormat", "valueString", "application/fhir+ndjson", "", 202),
    ("_outputFormat", "valueString", "application/ndjson", "", 202),
    ("_outputFormat", "valueCode", "ndjson", "", 202),
    ("_outputFormat", "valueString", "text/csv", "bulk-format-unsupported", 400),
    ("_outputFormat", "valueString", "application/fhir+json", "bulk-format-unsupported", 400),
    ("_since", "valueInstant", "2026-01-01T00:00:00Z", "", 202),
    ("_since", "valueInstant", "2020", "fhir-date-malformed", 400),
    ("_since", "valueInstant", "2026-01-01T00:00:00", "fhir-date-malformed", 400),
    ("_since", "valueInstant", "2026-01-01T00:00Z", "fhir-date-malformed", 400),
    ("_since", "valueInstant", "2026-01-01T00:00:00.000+01:00", "", 202),
    ("_type", "valueString", "Patient,Observation", "", 202),
    ("_type", "valueString", "Pateint", "fhir-operation-parameter", 400),
    ("_typeFilter", "valueString", "Patient?gender=female", "", 202),
    ("_typeFilter", "valueString", "Observation", "fhir-operation-parameter", 400),
    ("_typeFilter", "valueString", "Observation?", "fhir-operation-parameter", 400),
    ("_typeFilter", "valueString", "Observation?cod=1", "fhir-search-unknown-param", 400),
    ("_elements", "valueString", "Patient.name", "", 202),
    ("_elements", "valueString", "Pateint.name", "fhir-operation-parameter", 400),
    ("patient", "valueReference", "Patient/p-0001", "", 202),
    ("patient", "valueReference", "p-0001", "fhir-operation-parameter", 400),
    ("includeAssociatedData", "valueCode", "_noReferencedResources", "", 202),
    ("includeAssociatedData", "valueCode", "LatestProvenanceResources", "fhir-operation-parameter", 400),
    ("nothing", "valueString", "x", "fhir-operation-parameter", 400),
)


def test_each_parameter_works_the_same_in_the_query_and_in_a_parameters_resource(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        member = [{"entity": {"reference": "Patient/p-0001"}}]
        group = await own.create({"resourceType": "Group", "type": "person", "actual": True, "member": member})
        path = f"/Group/{group['id']}/$export"
        for name, kind, value, rule, status in KICK_OFF:
            part: Any = {"reference": value} if kind == "valueReference" else value
            body = {"resourceType": "Parameters", "parameter": [{"name": name, kind: part}]}
            answers = [
                await own.ask("GET", f"{path}?{name}={quote(value)}", **LATER),
                await own.ask("POST", path, body, **LATER),
                await own.ask("POST", f"{path}?{name}={quote(value)}", {"resourceType": "Parameters"}, **LATER),
            ]
            results = [(answer.status_code, rules(answer) if status != 202 else {""}) for answer in answers]
            assert results == [(status, {rule})] * len(answers), (name, value)
            await flow.http.post("/admin/clock", json={"advance": 5})  # only 5 exports may be in progress

    run(steps, tmp_path)


@pytest.mark.parametrize(
    "prefer",
    [
        "respond-async, handling=lenient",
        "handling=lenient, respond-async",
        "respond-async;handling=lenient",
        'handling="lenient",respond-async',
        "respond-async, return=minimal, HANDLING=lenient",
    ],
)
def test_lenient_handling_works_in_any_order_and_by_get_and_post(tmp_path: Path, prefer: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        group = await own.create({"resourceType": "Group", "type": "person", "actual": True})
        path, value = f"/Group/{group['id']}/$export", "_noReferencedResources,RelevantProvenanceResources"
        part = {"name": "includeAssociatedData", "valueString": value}
        body = {"resourceType": "Parameters", "parameter": [part]}
        for sent, url in ((None, f"{path}?includeAssociatedData={value}"), (body, path)):
            errors = await read(own, await manifest(flow, own, await kick_off(own, url, sent, Prefer=prefer)), "error")
            assert "includeAssociatedData" in errors["OperationOutcome"][0]["issue"][0]["diagnostics"]

    run(steps, tmp_path)


def test_the_urls_of_attachments_are_absolute_in_files_and_as_stored_elsewhere(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        urls = ["Binary/one", "/general/r4/Binary/two", "https://a.example/three", "urn:oid:1.2.3"]
        content = [{"attachment": {"contentType": "text/plain", "url": url}} for url in urls]
        photo = {"resourceType": "Patient", "id": "x", "photo": [{"url": "Binary/four"}]}
        created = await own.create(
            {
                "resourceType": "DocumentReference",
                "status": "current",
                "subject": {"reference": "Patient/p-0001"},
                "content": content,
                "contained": [photo],
                "type": {"text": "x"},
                "context": {"related": [{"reference": "#x"}]},
            }
        )
        lines = await export(flow, own, "/$export?_type=DocumentReference")
        (document,) = [resource for resource in lines["DocumentReference"] if resource["id"] == created["id"]]
        base = f"{BASE}/general/r4"
        expected = [f"{base}/Binary/one", f"{base}/Binary/two", urls[2], urls[3]]
        assert [content["attachment"]["url"] for content in document["content"]] == expected
        assert document["contained"][0]["photo"][0]["url"] == f"{base}/Binary/four"
        stored = (await own.ask("GET", f"/DocumentReference/{created['id']}")).json()
        assert [content["attachment"]["url"] for content in stored["content"]] == urls

    run(steps, tmp_path)
