"""Attacks by writing into other patients' charts, by HTTP on both engines: every kind of write, each with its control."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.attacks.charts import JSON_PATCH, SHARED, Server, bundle, entry, own, serving, share
from tests.attacks.fixture import BASE, Json, observation, patient, ref, resource
from tests.flows.writing import rules


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("charts"), engine()) as running:
        yield running


def changes(type: str, id: str) -> list[tuple[str, str, Any, dict[str, str]]]:
    """Every way to change or delete a resource, with a body that is about A afterwards."""
    own_body, address = own(type, id), f"{type}/{id}"
    language = [{"op": "add", "path": "/language", "value": "de"}]
    by_path = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "add"},
                    {"name": "path", "valueString": type},
                    {"name": "name", "valueString": "language"},
                    {"name": "value", "valueCode": "de"},
                ],
            }
        ],
    }
    binary = {
        "resourceType": "Binary",
        "contentType": JSON_PATCH,
        "data": base64.b64encode(json.dumps(language).encode()).decode(),
    }
    tag = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}
    return [
        ("PUT", f"/{address}", own_body, {}),
        ("PATCH", f"/{address}", language, {"Content_Type": JSON_PATCH}),
        ("PATCH", f"/{address}", by_path, {}),
        ("PATCH", f"/{address}", {"language": "de"}, MERGE),
        ("PUT", f"/{type}?_id={id}", own_body, {}),
        ("PATCH", f"/{type}?_id={id}", language, {"Content_Type": JSON_PATCH}),
        ("POST", f"/{address}/$meta-add", tag, {}),
        ("POST", f"/{address}/$meta-delete", tag, {}),
        *(
            ("POST", "", bundle(kind, item), {})
            for kind in ("batch", "transaction")
            for item in (
                entry("PUT", address, own_body),
                entry("PATCH", address, binary),
                entry("PUT", f"{type}?_id={id}", own_body),
                entry("DELETE", address),
            )
        ),
        ("DELETE", f"/{type}?_id={id}", None, {}),
        ("DELETE", f"/{address}", None, {}),
    ]


MERGE = {"Content_Type": "application/merge-patch+json"}


def has_succeeded(answer: Any) -> bool:
    if answer.status_code != 200 or not answer.content or answer.json().get("type") != "batch-response":
        return bool(answer.status_code < 300)
    return bool(answer.json()["entry"][0]["response"]["status"] < "300")


@pytest.mark.parametrize("type", SHARED)
def test_a_participant_cannot_change_a_record_in_any_way(server: Server, type: str) -> None:
    id = f"shared-{type}"
    server.load(share(type, id))
    before = server.find_stored(type, id)
    for method, path, body, headers in changes(type, id):
        answer = server.ask("A", method, path, body, **headers)
        assert not has_succeeded(answer), (method, path, answer.text)
        assert "fhir-write-not-subject" in answer.text
        assert server.ask("blind", method, path, body, **headers).text.find("not-subject") < 0
        assert server.find_stored(type, id) == before
    if type != "Appointment":  # both patients are its subjects
        assert server.ask("B", "PUT", f"/{type}/{id}", before).status_code == 200
    assert server.ask("all", "DELETE", f"/{type}/{id}").status_code == 204


@pytest.mark.parametrize("type", SHARED)
def test_the_subject_can_change_a_record_in_every_way(server: Server, type: str) -> None:
    for number, (method, path, body, headers) in enumerate(changes(type, "id")):
        id = f"own-{type}-{number}"
        server.load(own(type, id))
        body = json.loads(
            json.dumps(body)
            .replace('"id": "id"', f'"id": "{id}"')
            .replace(f"{type}/id", f"{type}/{id}")
            .replace("_id=id", f"_id={id}")
        )
        path = path.replace("/id", f"/{id}").replace("_id=id", f"_id={id}")
        answer = server.ask("A", method, path, body, **headers)
        assert has_succeeded(answer), (method, path, answer.text)


@pytest.mark.parametrize("spelling", ["Patient/{}", BASE + "/Patient/{}", "Patient/{}/_history/1"])
@pytest.mark.parametrize("other", ["B", "never-there"])
def test_no_write_adds_another_patient(server: Server, spelling: str, other: str) -> None:
    """The responses are the same whether or not the patient exists."""
    id = f"add-{len(spelling)}-{other}"
    server.load(observation(id, "Patient/A"))
    before = server.find_stored("Observation", id)
    named = [ref(spelling.format(other))]
    put, patch = (
        {**observation(id, "Patient/A"), "performer": named},
        [{"op": "add", "path": "/performer", "value": named}],
    )
    urn = "urn:uuid:5f3c9c1e-0000-4000-8000-000000000001"
    for method, path, body, headers in (
        ("POST", "/Observation", put, {}),
        ("POST", "/Observation", put, {"If_None_Exist": "code=never"}),
        ("PUT", f"/Observation/{id}", put, {}),
        ("PUT", f"/Observation?_id={id}", put, {}),
        ("PUT", "/Observation?code=never", {k: v for k, v in put.items() if k != "id"}, {}),
        ("PATCH", f"/Observation/{id}", patch, {"Content_Type": JSON_PATCH}),
        ("PATCH", f"/Observation/{id}", {"performer": named}, MERGE),
        ("POST", "", bundle("transaction", entry("POST", "Observation", put)), {}),
        ("POST", "", bundle("batch", entry("PUT", f"Observation/{id}", put)), {}),
        (
            "POST",
            "",
            bundle(
                "transaction", {**entry("PUT", "Patient/A", patient("A", "A", link=[{"other": named[0], "type": "seealso"}]))}
            ),
            {},
        ),
        ("PUT", "/Patient/A", patient("A", "A", link=[{"other": named[0], "type": "seealso"}]), {}),
        (
            "POST",
            "",
            bundle(
                "transaction",
                {**entry("POST", "Patient", patient("n", "n")), "fullUrl": urn},
                entry("POST", "Observation", {**put, "performer": [ref(urn)]}),
            ),
            {},
        ),
    ):
        for token in ("A", "panel"):
            answer = server.ask(token, method, path, body, **headers)
            assert not has_succeeded(answer), (method, path, answer.text)
            assert "fhir-write-outside-scope" in answer.text
        assert server.find_stored("Observation", id) == before
    own_observation = {**put, "performer": [ref("Patient/A")]}
    assert server.ask("A", "PUT", f"/Observation/{id}", own_observation).status_code == 200


def test_a_clinician_may_add_a_patient_of_the_own_list(server: Server) -> None:
    record = observation("panel", "Patient/A", performer=[ref("Patient/C")])
    assert server.ask("panel", "POST", "/Observation", record).status_code == 201
    moved = observation("panel-2", "Patient/A")
    server.load(moved)
    assert server.ask("panel", "PUT", "/Observation/panel-2", observation("panel-2", "Patient/C")).status_code == 200
    assert server.ask("A", "GET", "/Observation/panel-2").status_code == 404


def test_an_existing_participant_may_stay_or_be_removed(server: Server) -> None:
    server.load(observation("both", "Patient/A", performer=[ref("Patient/B")]))
    amended = observation("both", "Patient/A", performer=[ref("Patient/B")], issued="2026-01-01T00:00:00Z")
    assert server.ask("A", "PUT", "/Observation/both", amended).status_code == 200
    assert server.ask("A", "PUT", "/Observation/both", observation("both", "Patient/A")).status_code == 200
    assert server.ask("B", "GET", "/Observation/both").status_code == 404


def test_only_the_subject_can_restore_a_deleted_record(server: Server) -> None:
    for id, token in (("gone-b", "B"), ("gone-a", "A")):
        server.load(share("Observation", id) if token == "B" else own("Observation", id))
        assert server.ask(token, "DELETE", f"/Observation/{id}").status_code == 204
    assert server.ask("A", "PUT", "/Observation/gone-b", own("Observation", "gone-b")).status_code in (403, 404)
    assert server.ask("A", "PUT", "/Observation/gone-a", own("Observation", "gone-a")).status_code == 201


@pytest.mark.parametrize(
    "subject",
    [
        {"identifier": {"system": "urn:mrn", "value": "mrn-B"}},
        {"display": "B"},
        ref("#B"),
        ref("Group/g"),
        ref("Device/d"),
        ref("http://elsewhere.example/fhir/Patient/B"),
    ],
)
def test_a_record_about_another_subject_is_not_added_to_the_own_chart(server: Server, subject: Json) -> None:
    record = resource("Observation", "x", status="final", code={"text": "x"}, subject=subject, performer=[ref("Patient/A")])
    if subject == ref("#B"):
        record["contained"] = [patient("B", "B")]
    answer = server.ask("A", "POST", "/Observation", record)
    assert (answer.status_code, rules(answer)) == (403, {"fhir-write-not-subject"})
    assert server.ask("A", "POST", "/Observation", observation("x", "Patient/A")).status_code == 201


def test_several_records_are_deleted_only_if_all_are_own(server: Server) -> None:
    """A condition that matches an own record and another's is ambiguous, so nothing is deleted."""
    server.load(share("Procedure", "two-b"), own("Procedure", "two-a"))
    assert server.ask("A", "DELETE", "/Procedure?_id=two-a,two-b").status_code == 412
    assert server.find_stored("Procedure", "two-a")
    assert server.find_stored("Procedure", "two-b")
    assert server.ask("A", "DELETE", "/Procedure?_id=two-a").status_code == 204
