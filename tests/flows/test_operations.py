"""Operations over HTTP: $everything, $lastn, $docref, $validate, $meta, and unknown ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import TokenClient, hand, observation, rules

PATIENT_SCOPE = "patient/*.cruds"


def ids(answer: httpx2.Response, mode: str = "match") -> list[str]:
    assert answer.status_code == 200, answer.text
    return [
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in answer.json().get("entry", [])
        if entry["search"]["mode"] == mode
    ]


async def pages(own: TokenClient, path: str) -> list[list[str]]:
    result, version = [], own.base
    following: str | None = path
    while following is not None:
        answer = await own.ask("GET", following)
        result.append(ids(answer))
        links = {link["relation"]: link["url"] for link in answer.json()["link"]}
        following = links["next"].removeprefix(BASE + version) if "next" in links else None
        assert len(result) < 500
    return result


async def record(own: TokenClient, patient: str) -> set[str]:
    """All resources of a patient that search finds, type by type."""
    references = {f"Patient/{patient}"}
    for type in (
        "Observation",
        "Condition",
        "Encounter",
        "AllergyIntolerance",
        "Appointment",
        "MedicationRequest",
        "MedicationOrder",
        "Coverage",
        "CarePlan",
        "DocumentReference",
        "Immunization",
        "Procedure",
        "CareTeam",
        "RelatedPerson",
        "Goal",
        "DiagnosticReport",
        "Device",
        "Provenance",
        "ServiceRequest",
        "ProcedureRequest",
        "MedicationStatement",
        "MedicationDispense",
        "Specimen",
        "QuestionnaireResponse",
        "Media",
        "Claim",
        "ExplanationOfBenefit",
        "Consent",
    ):
        answer = await own.ask("GET", f"/{type}?patient={patient}&_count=1000")
        references |= set(ids(answer)) if answer.status_code == 200 else set()
    return references


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_everything_returns_the_patients_records_and_the_people_they_reference(tmp_path: Path, version: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE, fhir=version)
        own.base = f"/general/{version}"
        if version == "dstu2":
            own.headers |= {"Accept": "application/json+fhir", "Content-Type": "application/json+fhir"}
        answer = await own.ask("GET", "/Patient/p-0001/$everything")
        assert set(ids(answer)) == await record(own, "p-0001")
        assert answer.json()["total"] == len(ids(answer))
        assert not {answer for answer in ids(answer, "include") if answer.startswith("Patient/")}
        paged = await pages(own, "/Patient/p-0001/$everything?_count=7")
        assert [len(page) for page in paged[:-1]] == [7] * (len(paged) - 1)
        flat = [item for page in paged for item in page]
        assert len(flat) == len(set(flat))
        assert set(flat) == set(ids(answer))
        some = await own.ask("GET", "/Patient/p-0001/$everything?_type=Condition,Patient")
        assert {id.partition("/")[0] for id in ids(some)} == {"Condition", "Patient"}
        assert (await own.ask("HEAD", "/Patient/p-0001/$everything")).status_code == 200
        every = await pages(own, "/Patient/$everything?_count=50")
        assert {item for page in every for item in page} == set(ids(answer))

    run(steps, tmp_path, versions=(version,))


def test_everything_includes_the_authors_if_the_token_may_see_them(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        user = await hand(flow, "user/*.rs")
        along = {id.partition("/")[0] for id in ids(await user.ask("GET", "/Patient/p-0001/$everything"), "include")}
        assert {"Practitioner", "Organization"} <= along
        assert not along & {"Patient", "Observation", "Group"}

    run(steps, tmp_path)


def test_everything_supports_care_dates_and_since(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        created = [await own.create(observation(effectiveDateTime=day)) for day in ("1890-05-05", "1891-05-05")]
        old, new = (f"Observation/{resource['id']}" for resource in created)
        answer = await own.ask("GET", "/Patient/p-0001/$everything?_type=Observation&start=1890-01-01&end=1890-12-31")
        assert ids(answer) == [old]
        later = await own.ask("GET", "/Patient/p-0001/$everything?_type=Observation&start=1891&end=1891-06-01")
        assert ids(later) == [new]
        fresh = await own.ask("GET", f"/Patient/p-0001/$everything?_since={created[0]['meta']['lastUpdated']}")
        assert set(ids(fresh)) == {old, new}
        posted = {
            "resourceType": "Parameters",
            "parameter": [{"name": "_type", "valueCode": "Observation"}, {"name": "end", "valueDate": "1890-12-31"}],
        }
        assert ids(await own.ask("POST", "/Patient/p-0001/$everything", posted)) == [old]
        for query in (
            "start=yesterday",
            "_type=Observatoin",
            "_count=many",
            "_since=2020-01-01",
            "_since=2020-01-01T00:00:00",
            "types=Observation",
        ):
            refused = await own.ask("GET", f"/Patient/p-0001/$everything?{query}")
            assert refused.status_code == 400, query
            assert rules(refused) <= {"fhir-operation-parameter", "fhir-date-malformed"}

    run(steps, tmp_path)


def test_everything_works_for_an_encounter(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        encounter = ids(await own.ask("GET", "/Encounter?patient=p-0001&_count=1"))[0]
        response = await own.ask("GET", f"/Observation?encounter={encounter}&_count=1000")
        answer = await own.ask("GET", f"/{encounter}/$everything")
        assert set(ids(response)) | {encounter} <= set(ids(answer))
        other = await hand(flow, PATIENT_SCOPE, "p-0002")
        assert (await other.ask("GET", f"/{encounter}/$everything")).status_code == 404

    run(steps, tmp_path)


def test_lastn_returns_the_newest_of_each_code(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        every = await own.ask("GET", "/Observation?patient=p-0001&_count=1000&_sort=-date")
        expected: dict[str, list[str]] = {}
        for item in (entry["resource"] for entry in every.json()["entry"]):
            expected.setdefault(item["code"]["coding"][0]["code"], []).append(f"Observation/{item['id']}")
        assert len(expected) > 3
        item = await own.ask("GET", "/Observation/$lastn?patient=p-0001")
        assert sorted(ids(item)) == sorted(resources[0] for resources in expected.values())
        three = await own.ask("GET", "/Observation/$lastn?patient=p-0001&max=3&category=vital-signs")
        vital = [resources[:3] for code, resources in expected.items() if any(key in ids(three) for key in resources)]
        assert sorted(ids(three)) == sorted(key for resources in vital for key in resources)
        for wrong, rule in (("max=no", "fhir-operation-parameter"), ("bogus=1", "fhir-search-unknown-param")):
            refused = await own.ask("GET", f"/Observation/$lastn?patient=p-0001&{wrong}")
            assert refused.status_code == 400
            assert rules(refused) == {rule}
            assert rule in await flow.findings(refused)
        assert ids(await own.ask("GET", "/Observation/$lastn?patient=p-0002")) == []

    run(steps, tmp_path)


def test_documents_are_found_by_patient_date_and_type(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        code = {"coding": [{"system": "http://loinc.org", "code": "34133-9"}]}
        document = {
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": {"reference": "Patient/p-0001"},
            "type": code,
            "date": "1890-05-05T10:00:00Z",
            "content": [{"attachment": {"title": "x"}}],
        }
        created = f"DocumentReference/{(await own.create(document))['id']}"
        path = "/DocumentReference/$docref?patient=p-0001&start=1890-01-01&end=1890-12-31"
        assert ids(await own.ask("GET", path)) == [created]
        assert ids(await own.ask("GET", f"{path}&type=http://loinc.org|34133-9")) == [created]
        assert ids(await own.ask("GET", f"{path}&type=http://loinc.org|1-1")) == []
        arguments = [
            {"name": "patient", "valueId": "p-0001"},
            {"name": "type", "valueCodeableConcept": code},
            {"name": "end", "valueDate": "1890-12-31"},
        ]
        posted = await own.ask("POST", "/DocumentReference/$docref", {"resourceType": "Parameters", "parameter": arguments})
        assert ids(posted) == [created]
        lacking = await own.ask("GET", "/DocumentReference/$docref")
        assert (lacking.status_code, rules(lacking)) == (400, {"fhir-operation-parameter"})

    run(steps, tmp_path)


def issues_of(answer: httpx2.Response) -> set[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return {(issue["severity"], issue["code"]) for issue in answer.json()["issue"]}


def test_a_resource_is_validated_without_being_written(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        right, wrong = observation(), observation(status="gone", code=None) | {"colour": "red"}
        assert issues_of(await own.ask("POST", "/Observation/$validate", right)) == {("information", "informational")}
        faults = await own.ask("POST", "/Observation/$validate", {k: v for k, v in wrong.items() if v is not None})
        places = {issue["expression"][0] for issue in faults.json()["issue"]}
        assert {"Observation.status", "Observation.colour", "Observation"} & places
        assert all(severity == "error" for severity, _ in issues_of(faults))

        async def send(path: str, *more: dict[str, Any], resource: Any = right) -> httpx2.Response:
            parts = [*([{"name": "resource", "resource": resource}] if resource else []), *more]
            return await own.ask("POST", path, {"resourceType": "Parameters", "parameter": parts})

        profile = {"name": "profile", "valueUri": "http://example.com/StructureDefinition/x"}
        assert ("error", "not-supported") in issues_of(await send("/Observation/$validate", profile))
        own_profile = {"name": "profile", "valueUri": "http://hl7.org/fhir/StructureDefinition/Observation"}
        assert issues_of(await send("/Observation/$validate", own_profile)) == {("information", "informational")}
        assert (await send("/Observation/$validate", {"name": "mode", "valueCode": "guess"})).status_code == 400
        assert issues_of(await send("/Patient/$validate")) == {("error", "structure")}
        assert (await send("/Patient/$validate", resource=None)).status_code == 400
        created = await own.create(right)
        path = f"/Observation/{created['id']}/$validate"
        assert ("information", "informational") in issues_of(await own.ask("GET", path))
        mode = {"name": "mode", "valueCode": "update"}
        assert ("error", "value") in issues_of(await send(path, mode))
        assert issues_of(await send(path, mode, resource=created)) == {("information", "informational")}
        assert (await own.ask("GET", "/Observation/none/$validate")).status_code == 404
        before = await own.ask("GET", "/Observation?patient=p-0001&_summary=count")
        assert (await own.ask("GET", f"/Observation/{created['id']}/_history")).json()["total"] == 1
        assert before.status_code == 200

    run(steps, tmp_path)


def test_meta_is_read_and_changed_like_a_patch(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        path = f"/Observation/{(await own.create(observation()))['id']}"
        tag = {"system": "urn:t", "code": "seen"}

        def meta(**parts: Any) -> dict[str, Any]:
            return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": parts}]}

        added = await own.ask("POST", f"{path}/$meta-add", meta(tag=[tag, tag]))
        assert added.status_code == 200, added.text
        assert added.json()["parameter"][0]["valueMeta"]["tag"] == [tag, tag]
        assert added.headers["etag"] == 'W/"2"'
        read = await own.ask("GET", f"{path}/$meta")
        assert read.json()["parameter"][0] == {
            "name": "return",
            "valueMeta": (await own.ask("GET", path)).json()["meta"],
        }
        assert len(ids(await own.ask("GET", "/Observation?_tag=urn:t|seen"))) == 1
        gone = await own.ask("POST", f"{path}/$meta-delete", meta(tag=[tag | {"display": "x"}]))
        assert "tag" not in gone.json()["parameter"][0]["valueMeta"]
        assert (await own.ask("POST", f"{path}/$meta-add", meta(versionId="9"))).status_code == 400
        reader = await hand(flow, "patient/*.rs")
        assert (await reader.ask("POST", f"{path}/$meta-add", meta(tag=[tag]))).status_code == 403
        other = await hand(flow, PATIENT_SCOPE, "p-0002")
        assert (await other.ask("POST", f"{path}/$meta-add", meta(tag=[tag]))).status_code == 404
        assert (await other.ask("GET", f"{path}/$meta")).status_code == 404

    run(steps, tmp_path)


def test_a_token_that_may_only_update_changes_meta_without_reading_it(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        tag, secret = {"system": "urn:t", "code": "seen"}, {"system": "urn:t", "code": "secret"}
        path = f"/Observation/{(await own.create(observation(meta={'tag': [secret]})))['id']}"
        body = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [tag]}}]}
        updater = await hand(flow, "patient/Observation.u")
        for operation, count in (("$meta-add", 2), ("$meta-add", 2), ("$meta-delete", 1), ("$meta-delete", 1)):
            answer = await updater.ask("POST", f"{path}/{operation}", body)
            assert answer.status_code == 200, answer.text
            assert "secret" not in answer.text
            assert len((await own.ask("GET", path)).json()["meta"]["tag"]) == count
        assert (await own.ask("GET", path)).json()["meta"]["versionId"] == "5"
        assert (await updater.ask("GET", path)).status_code == 403
        other = await hand(flow, "patient/Observation.u", "p-0002")
        assert (await other.ask("POST", f"{path}/$meta-add", body)).status_code == 404

    run(steps, tmp_path)


def test_the_meta_of_a_type_or_the_server_lists_the_labels_in_use(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        await own.create(observation() | {"meta": {"tag": [{"system": "urn:t", "code": "mine"}]}})
        other = await hand(flow, PATIENT_SCOPE, "p-0002")
        for path in ("/$meta", "/Observation/$meta"):
            for ask in ("GET", "POST"):
                meta = (await own.ask(ask, path)).json()["parameter"][0]["valueMeta"]
                assert {"system": "urn:t", "code": "mine"} in meta["tag"]
                assert meta["profile"]
            assert "urn:t" not in (await other.ask("GET", path)).text
        assert "urn:t" not in (await own.ask("GET", "/Condition/$meta")).text
        assert (await own.ask("POST", "/Observation/$meta-add", {})).status_code == 404

    run(steps, tmp_path)


def test_an_unknown_operation_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPE)
        for path, meant in (
            ("/Patient/p-0001/$evrything", "Patient/<id>/$everything"),
            ("/$graphql", "$export"),
            ("/Observation/$everything", "Patient/<id>/$everything"),
        ):
            answer = await own.ask("GET", path)
            assert (answer.status_code, rules(answer)) == (404, {"fhir-operation-unknown"})
            assert meant in answer.text
        wrong = await own.ask("GET", "/Observation/$validate")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")

    run(steps, tmp_path)
