"""Bulk Data over HTTP: kick-off, status, files, cancel, access and content."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import TokenClient, hand, observation, rules

LATER = {"Prefer": "respond-async"}
Lines = dict[str, list[dict[str, Any]]]


async def kick_off(own: TokenClient, path: str, body: Any = None, **headers: str) -> str:
    """Start an export; returns the path of its status below the base."""
    answer = await own.ask("GET" if body is None else "POST", path, body, **(LATER | headers))
    assert answer.status_code == 202, answer.text
    status_url = answer.headers["content-location"]
    assert status_url.startswith(f"{BASE}{own.base}/")
    assert answer.json()["resourceType"] == "OperationOutcome"
    return str(status_url.removeprefix(BASE + own.base))


async def manifest(flow: Flow, own: TokenClient, status: str) -> dict[str, Any]:
    waiting = await own.ask("GET", status)
    assert waiting.status_code == 202
    assert waiting.headers["retry-after"].isdigit()
    assert 0 < len(waiting.headers["x-progress"]) < 100
    await flow.http.post("/admin/clock", json={"advance": 5})
    answer = await own.ask("GET", status)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert "expires" in answer.headers
    return dict(answer.json())


async def read(own: TokenClient, status_body: dict[str, Any], part: str = "output") -> Lines:
    result: Lines = {}
    for file in status_body[part]:
        answer = await own.ask("GET", file["url"].removeprefix(BASE + own.base))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/fhir+ndjson"
        resources = result.setdefault(file["type"], [])
        resources += [json.loads(line) for line in answer.text.splitlines()]
        assert {line["resourceType"] for line in resources} == {file["type"]}
    return result


async def export(flow: Flow, own: TokenClient, path: str, body: Any = None) -> Lines:
    return await read(own, await manifest(flow, own, await kick_off(own, path, body)))


def names(lines: Lines) -> set[str]:
    return {f"{type}/{key['id']}" for type, resources in lines.items() for key in resources}


async def search(own: TokenClient, type: str) -> set[str]:
    result, path = set(), f"/{type}?_count=1000"
    while path:
        answer = (await own.ask("GET", path)).json()
        result |= {f"{type}/{entry['resource']['id']}" for entry in answer.get("entry", [])}
        path = next((link["url"].removeprefix(BASE + own.base) for link in answer["link"] if link["relation"] == "next"), "")
    return result


def test_a_system_export_contains_everything_that_search_finds(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        await own.create(observation() | {"note": [{"text": "a\nb"}]})
        status = await kick_off(own, "/$export")
        export_manifest = await manifest(flow, own, status)
        assert export_manifest["requiresAccessToken"] is True
        assert export_manifest["request"] == f"{BASE}/general/r4/$export"
        assert export_manifest["error"] == []
        lines = await read(own, export_manifest)
        assert {"Patient", "Observation", "Practitioner", "Appointment", "Slot"} <= set(lines)
        for type in lines:
            assert names({type: lines[type]}) == await search(own, type)

    run(steps, tmp_path)


def test_an_export_contains_the_versions_at_kick_off(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        created, gone = [await own.create(observation()) for _ in range(2)]
        status = await kick_off(own, "/$export?_type=Observation")
        export_manifest = await manifest(flow, own, status)
        late = await own.create(observation())
        await own.ask("PUT", f"/Observation/{created['id']}", created | {"status": "amended"})
        await own.ask("DELETE", f"/Observation/{gone['id']}")
        lines = (await read(own, export_manifest))["Observation"]
        findings = {line["id"]: line for line in lines}
        assert findings[created["id"]] == created
        assert late["id"] not in findings
        assert gone["id"] not in findings
        since = export_manifest["transactionTime"]
        again = await export(flow, own, f"/$export?_type=Observation&_since={since}")
        assert {resource["id"] for resource in again["Observation"]} == {late["id"], created["id"]}

    run(steps, tmp_path)


async def referenced_come_along(flow: Flow, own: TokenClient, path: str, lines: Lines) -> None:
    """A Group export includes the practitioners and organizations that its records refer to, and no others."""
    types = ("Location", "Organization", "Practitioner", "PractitionerRole")
    text = json.dumps([key for resources in lines.values() for key in resources])
    for type in types:
        referred = {f"{type}/{id}" for id in re.findall(rf'"{type}/([A-Za-z0-9.-]+)"', text)}
        assert {f"{type}/{resource['id']}" for resource in lines.get(type, [])} == referred & await ids_of_type(own, type)
    assert lines["Practitioner"]
    without = await export(flow, own, f"{path}?includeAssociatedData=_noReferencedResources")
    assert set(without) == set(lines) - set(types)
    narrow = await hand(flow, "system/Patient.rs system/Encounter.rs system/Organization.rs system/Group.rs")
    assert set(await export(flow, narrow, path)) == {"Patient", "Encounter", "Organization"}


async def ids_of_type(own: TokenClient, type: str) -> set[str]:
    bundle_body = (await own.ask("GET", f"/{type}?_count=1000")).json()
    return {f"{type}/{entry['resource']['id']}" for entry in bundle_body.get("entry", [])}


def test_a_group_export_contains_its_members_and_a_patient_list_narrows_it(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        entities: list[dict[str, Any]] = [{"entity": {"reference": f"Patient/p-000{n}"}} for n in (1, 2)]
        away = [{"entity": {"reference": "Patient/p-0003"}, "inactive": True}]
        group = await own.create({"resourceType": "Group", "type": "person", "actual": True, "member": entities + away})
        lines = await export(flow, own, f"/Group/{group['id']}/$export")
        assert names({"Patient": lines["Patient"]}) == {"Patient/p-0001", "Patient/p-0002"}
        assert {resource["subject"]["reference"] for resource in lines["Observation"]} == {"Patient/p-0001", "Patient/p-0002"}
        await referenced_come_along(flow, own, f"/Group/{group['id']}/$export", lines)
        parts = [{"name": "patient", "valueReference": {"reference": f"Patient/{id}"}} for id in ("p-0002", "p-0004")]
        body = {
            "resourceType": "Parameters",
            "parameter": [*parts, {"name": "_type", "valueString": "Patient,Encounter"}],
        }
        few = await export(flow, own, f"/Group/{group['id']}/$export", body)
        assert set(few) == {"Patient", "Encounter"}
        assert [resource["id"] for resource in few["Patient"]] == ["p-0002"]
        every = await export(flow, own, "/Patient/$export", body)
        assert {user["id"] for user in every["Patient"]} == {"p-0002", "p-0004"}
        every = await export(flow, own, "/Patient/$export?_type=Patient")
        assert len(every["Patient"]) == 20
        assert (await own.ask("GET", "/Group/none/$export", **LATER)).status_code == 404

    run(steps, tmp_path)


def test_a_practitioners_patients_are_exported_in_dstu2_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs", fhir="dstu2")
        own.base = "/general/dstu2"
        own.headers |= {"Accept": "application/json+fhir"}
        group = (await own.ask("GET", "/Group/panel-pr-1")).json()
        lines = await export(flow, own, "/Group/panel-pr-1/$export?_type=Patient,MedicationOrder")
        assert {f"Patient/{resource['id']}" for resource in lines["Patient"]} == {
            member["entity"]["reference"] for member in group["member"]
        }
        assert "MedicationRequest" not in await export(flow, own, "/$export?_type=MedicationOrder")

    run(steps, tmp_path)


def test_type_filters_narrow_only_their_own_types(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        filters = "Observation?category=vital-signs,Observation?code=4548-4"
        lines = await export(flow, own, f"/$export?_type=Observation,Patient&_typeFilter={filters}")
        assert len(lines["Patient"]) == 20
        filtered_names = names({"Observation": lines["Observation"]})
        wanted = set()
        for query in ("category=vital-signs", "code=4548-4"):
            path = f"/Observation?{query}&_count=1000"
            while path:
                page = (await own.ask("GET", path)).json()
                wanted |= {f"Observation/{entry['resource']['id']}" for entry in page["entry"]}
                path = next((o["url"].removeprefix(BASE + own.base) for o in page["link"] if o["relation"] == "next"), "")
        assert filtered_names == wanted
        assert len(lines["Observation"]) == len(filtered_names)

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("query", "status", "rule"),
    [
        ("_outputFormat=text/csv", 400, "bulk-format-unsupported"),
        ("_since=2020", 400, "fhir-date-malformed"),
        ("_since=2026-01-31T10:00:00Z&_since=2026-02-01T10:00:00Z", 400, "fhir-operation-parameter"),
        ("_typeFilter=Observation?_include=Observation:subject", 400, "fhir-operation-parameter"),
        ("_typeFilter=Observation?code=1%26_sort=date", 400, "fhir-operation-parameter"),
        ("_type=Pateint", 400, "fhir-operation-parameter"),
        ("_type=Patient&_typeFilter=Observation?code=1", 400, "fhir-operation-parameter"),
        ("_typeFilter=Observation?cod=1", 400, "fhir-search-unknown-param"),
        ("includeAssociatedData=x", 400, "fhir-operation-parameter"),
        ("patient=p-0001", 400, "fhir-operation-parameter"),
    ],
)
def test_an_unsupported_export_is_refused_with_the_reason(tmp_path: Path, query: str, status: int, rule: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        answer = await own.ask("GET", f"/$export?{query}", **LATER)
        assert (answer.status_code, rules(answer)) == (status, {rule})

    run(steps, tmp_path)


def test_kick_off_requires_respond_async_and_accepts_fhir_json(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        now = await own.ask("GET", "/$export")
        assert (now.status_code, rules(now)) == (400, {"bulk-prefer-missing"})
        csv = await own.ask("GET", "/$export", **LATER, Accept="text/csv")
        assert (csv.status_code, rules(csv)) == (406, {"fhir-accept-unsupported"})
        for format in ("application/fhir%2Bndjson", "application/ndjson", "ndjson"):
            await kick_off(own, f"/$export?_outputFormat={format}")
        export_manifest = await manifest(
            flow,
            own,
            await kick_off(own, "/$export?_type=Slot&includeAssociatedData=x", Prefer="respond-async, handling=lenient"),
        )
        errors = await read(own, export_manifest, "error")
        assert "includeAssociatedData" in errors["OperationOutcome"][0]["issue"][0]["diagnostics"]

    run(steps, tmp_path)


def test_the_accept_of_a_poll_or_of_a_download_needs_no_advice(tmp_path: Path) -> None:
    """The manifest is JSON and a file is NDJSON (Bulk Data Access, Status Request and File Request): neither is FHIR JSON."""

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        status = await kick_off(own, "/$export?_type=Patient", Accept="application/fhir+json")
        for path in (status, f"{status}/Patient.ndjson"):
            answer = await own.ask("GET", path, Accept="*/*")
            given = await flow.http.get("/admin/exchanges", params={"correlation_id": answer.headers["x-correlation-id"]})
            assert [finding["id"] for exchange in given.json() for finding in exchange["findings"]] == []

    run(steps, tmp_path)


def test_a_cancelled_or_expired_export_is_gone(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        status = await kick_off(own, "/$export?_type=Patient")
        assert (await own.ask("DELETE", status)).status_code == 202
        unknown = await own.ask("GET", "/$export/none")
        for path in (status, f"{status}/Patient.ndjson"):
            gone = await own.ask("GET", path)
            assert (gone.status_code, gone.text) == (404, unknown.text)
        assert (await own.ask("DELETE", status)).status_code == 404
        old = await kick_off(own, "/$export?_type=Patient")
        await flow.http.post("/admin/clock", json={"advance": 86_401})
        fresh = await own.again()
        for path in (old, f"{old}/Patient.ndjson"):
            assert (await fresh.ask("GET", path)).status_code == 404

    run(steps, tmp_path)


def test_an_export_has_only_its_own_files(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        status = await kick_off(own, "/$export?_type=Patient")
        await manifest(flow, own, status)
        assert (await own.ask("GET", f"{status}/Patient.ndjson")).status_code == 200
        for name in ("Observation.ndjson", "Nothing.ndjson", "Patient", "deleted.ndjson", "outcomes.ndjson", "x"):
            answer = await own.ask("GET", f"{status}/{name}")
            assert (name, answer.status_code) == (name, 404)
            assert (answer.json()["resourceType"], answer.headers["content-type"]) == (
                "OperationOutcome",
                "application/fhir+json;charset=utf-8",
            )

    run(steps, tmp_path)


def test_only_the_client_that_started_an_export_can_read_it(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own, other = await hand(flow, "system/*.rs"), await hand(flow, "system/*.rs", name="Another")
        status = await kick_off(own, "/$export?_type=Patient")
        await flow.http.post("/admin/clock", json={"advance": 5})
        unknown = await other.ask("GET", "/$export/none")
        file = f"{status}/Patient.ndjson"
        for method, path in (("GET", status), ("DELETE", status), ("GET", file)):
            hidden = await other.ask(method, path)
            assert (hidden.status_code, hidden.text) == (404, unknown.text)
        bare = await flow.http.get(f"/general/r4{file}")
        assert bare.status_code == 401
        assert len((await own.ask("GET", file)).text.splitlines()) == 20
        head = await own.ask("HEAD", file)
        assert (head.status_code, head.content) == (200, b"")

    run(steps, tmp_path)


def test_user_scopes_cannot_export_and_each_type_needs_a_scope(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for scope in ("user/*.rs", "patient/*.rs"):
            own = await hand(flow, scope)
            for path in ("/$export", "/Patient/$export", "/Group/x/$export"):
                answer: httpx2.Response = await own.ask("GET", path, **LATER)
                assert (answer.status_code, rules(answer)) == (403, {"bulk-not-by-system"})
                assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
        few = await hand(flow, "system/Observation.rs system/Encounter.rs")
        assert (await few.ask("GET", "/$export?_type=Patient", **LATER)).status_code == 403
        assert (await few.ask("GET", "/$export?_typeFilter=Encounter?subject:Patient.name=x", **LATER)).status_code == 403
        assert (await few.ask("GET", "/Patient/$export", **LATER)).status_code == 403
        assert (await few.ask("GET", "/Group/x/$export", **LATER)).status_code == 403
        assert set(await export(flow, few, "/$export")) == {"Observation", "Encounter"}
        narrow = "system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
        lines = (await export(flow, await hand(flow, narrow), "/$export"))["Observation"]
        assert {line["category"][0]["coding"][0]["code"] for line in lines} == {"laboratory"}

    run(steps, tmp_path)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_an_entry_of_a_bundle_cannot_start_an_export(tmp_path: Path, kind: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        status = await kick_off(own, "/$export")
        for path in ("$export", "Patient/$export", status[1:]):
            bundle = {"resourceType": "Bundle", "type": kind, "entry": [{"request": {"method": "GET", "url": path}}]}
            answer = await own.ask("POST", "", bundle, **LATER)
            entries = answer.json()
            if kind == "batch":
                assert entries["entry"][0]["response"]["status"] == "400 Bad Request"
                entries = entries["entry"][0]["response"].get("outcome") or entries["entry"][0]["resource"]
            else:
                assert answer.status_code == 400
            assert "its own requests" in entries["issue"][0]["diagnostics"]

    run(steps, tmp_path)


def test_the_manifest_has_counts_and_lists_deleted_resources(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        created, gone, later, other = [
            (await own.create(observation(patient)))["id"] for patient in ("p-0001", "p-0001", "p-0001", "p-0002")
        ]
        since = (await own.create(observation("p-0001")))["meta"]["lastUpdated"]
        await flow.http.post("/admin/clock", json={"advance": 5})
        for id in (gone, other):
            assert (await own.ask("DELETE", f"/Observation/{id}")).status_code == 204
        members = [{"entity": {"reference": "Patient/p-0001"}}]
        group = await own.create({"resourceType": "Group", "type": "person", "actual": True, "member": members})
        expected_deletions = {
            "/$export": {gone, other},
            "/Patient/$export": {gone, other},
            f"/Group/{group['id']}/$export": {gone},
        }
        for path, expected in expected_deletions.items():
            export_manifest = await manifest(flow, own, await kick_off(own, f"{path}?_type=Observation&_since={since}"))
            assert {output_file["type"] for output_file in export_manifest["output"]} <= {"Observation"}
            bundles = (await read(own, export_manifest, "deleted"))["Bundle"]
            urls = {entry["request"]["url"] for bundle_url in bundles for entry in bundle_url["entry"]}
            assert urls == {f"Observation/{id}" for id in expected}
            assert {entry["request"]["method"] for bundle_url in bundles for entry in bundle_url["entry"]} == {"DELETE"}
            assert created not in str(bundles)
        status = await kick_off(own, f"/Group/{group['id']}/$export?_type=Observation,Patient")
        export_manifest = await manifest(flow, own, status)
        assert export_manifest["deleted"] == []
        files = await read(own, export_manifest)
        assert {output_file["type"]: output_file["count"] for output_file in export_manifest["output"]} == {
            type: len(files[type]) for type in files
        }
        await own.ask("DELETE", f"/Observation/{later}")
        again = (await own.ask("GET", status)).json()
        assert ["count" in output_file for output_file in again["output"]] == [False, True]

    run(steps, tmp_path)


def test_elements_apply_to_every_type_or_to_the_named_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        lines = await export(flow, own, "/$export?_type=Patient,Encounter,Slot&_elements=status,Patient.name")
        members = {name for resource in lines["Patient"] for name in resource}
        deceased = {"deceasedBoolean", "deceasedDateTime"}
        assert members - deceased == {"resourceType", "id", "meta", "name", "active"}  # modifier elements are kept
        assert all({"status", "class"} <= set(resource) and "subject" not in resource for resource in lines["Encounter"])
        assert all(key["meta"]["tag"][0]["code"] == "SUBSETTED" for resources in lines.values() for key in resources)
        for wrong in ("_type=Patient&_elements=nome", "_elements=Patien.name", "_elements=Patient.nome"):
            answer = await own.ask("GET", f"/$export?{wrong}", **LATER)
            assert (answer.status_code, rules(answer)) == (400, {"fhir-operation-parameter"})

    run(steps, tmp_path)
