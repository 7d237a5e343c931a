"""A refused transaction names the entry that caused it, and what to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_versions import patient_client
from tests.flows.writing import hand, observation, rules

GOOD = {"resource": observation(), "request": {"method": "POST", "url": "Observation"}}


def transaction(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def observation_about(reference: str) -> dict[str, Any]:
    return GOOD | {"resource": observation() | {"subject": {"reference": reference}}}


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_errors_in_a_resource_name_its_entry(tmp_path: Path, version: str) -> None:
    async def steps(flow: Flow) -> None:
        client = await patient_client(flow, version)
        bad = GOOD | {"resource": observation(status="nonsense")}
        answer = await client.ask("POST", "", transaction(GOOD, GOOD, bad))
        assert (answer.status_code, rules(answer)) == (422, {"fhir-resource-invalid"})
        first, fault = answer.json()["issue"]
        key = "location" if version == "dstu2" else "expression"
        assert (first[key], fault[key]) == (["Bundle.entry[2]"], ["Bundle.entry[2].resource.status"])
        assert all(issue["diagnostics"].startswith("Bundle.entry[2]: ") for issue in (first, fault))
        single_response = await client.ask("POST", "/Observation", bad["resource"])
        assert single_response.json()["issue"][1][key] == ["Observation.status"]

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"method": "PUT", "url": "Patient/p-0001", "ifMatch": 'W/"77"'}, 412, "conflict"),
        ({"method": "DELETE", "url": "Observation/never-there"}, 404, "not-found"),
        ({"method": "GET", "url": "Patient/$export"}, 400, "not-supported"),
        ({"method": "POST", "url": "Nonsense"}, 404, "not-found"),
    ],
)
def test_errors_in_a_request_name_its_entry(tmp_path: Path, request_: dict[str, str], status: int, code: str) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "system/*.cruds")
        parameters = {"resource": {"resourceType": "Patient", "id": "p-0001"}, "request": request_}
        answer = await client.ask("POST", "", transaction(GOOD, parameters))
        assert answer.status_code == status
        issue = answer.json()["issue"][0]
        assert (issue["code"], issue["expression"]) == (code, ["Bundle.entry[1]"])

    run(steps, tmp_path, patients=1)


@pytest.mark.parametrize(
    ("reference", "code", "expected"),
    [
        ("Patient?identifier=urn:none|1", "not-found", "must match one resource, and matches none that this token may see"),
        ("Patient?_id=p-0001,p-0002", "multiple-matches", "matches several"),
        ("Patient?identifire=urn:none|1", "processing", "identifire should be identifier"),
        ("Patient?birthdate=31.12.1990", "processing", "birthdate should be [prefix]YYYY"),
        ("Patient?_count=1", "processing", "it needs a type of this version and one of its search parameters"),
        ("Person7?name=x", "processing", "it needs a type of this version and one of its search parameters"),
    ],
)
def test_an_unresolved_conditional_reference_explains_why(tmp_path: Path, reference: str, code: str, expected: str) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "system/*.cruds")
        await client.ask("GET", "/Patient")
        answer = await client.ask("POST", "", transaction(GOOD, observation_about(reference), observation_about(reference)))
        assert answer.status_code == 412
        (issue,) = answer.json()["issue"]
        assert (issue["code"], issue["expression"]) == (code, ["Bundle.entry[1]"])
        assert issue["diagnostics"].startswith(f"Bundle.entry[1]: The reference {reference} ")
        assert expected in issue["diagnostics"]

    run(steps, tmp_path, patients=2)


def test_an_unknown_urn_is_refused_on_create(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "system/*.cruds")
        visit = {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}}
        created = {"resource": visit, "request": {"method": "POST", "url": "Encounter"}, "fullUrl": "urn:uuid:e"}
        entry = GOOD | {"resource": observation(encounter={"reference": "urn:uuid:e"})}
        assert (await client.ask("POST", "", transaction(created, entry))).status_code == 200
        lost = await client.ask("POST", "", transaction(created | {"fullUrl": "urn:uuid:f"}, entry))
        assert lost.status_code == 400
        (issue,) = lost.json()["issue"]
        assert (issue["code"], issue["expression"]) == ("not-found", ["Bundle.entry[1]"])
        assert "urn:uuid:e isn't the fullUrl of an entry that writes a resource" in issue["diagnostics"]
        assert (await client.ask("GET", "/Encounter?subject:missing=true&_summary=count")).json()["total"] == 1

    run(steps, tmp_path, patients=1)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_missing_id_is_reported_with_its_place(tmp_path: Path, method: str) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "system/*.cruds")
        body = None if method == "DELETE" else observation() if method == "PUT" else [{"op": "remove", "path": "/note"}]
        kind = {"Content_Type": "application/json-patch+json"} if method == "PATCH" else {}
        answer = await client.ask(method, "/Observation", body, **kind)
        assert (answer.status_code, rules(answer)) == (400, {"fhir-write-without-id"})
        assert f"`{method} Observation/<id>`" in answer.json()["issue"][0]["diagnostics"]

    run(steps, tmp_path, patients=1)
