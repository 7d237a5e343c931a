"""Writes over HTTP: create, update, patch, delete, versions, conditions, and their responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import ALL, R4, TokenClient, hand, observation, rules


def test_a_created_resource_keeps_its_version_and_decimals(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        body = (
            b'{"resourceType":"Observation", "status":"final","code":{"text":"x"},"subject":{"reference":'
            b'"Patient/p-0001"},"valueQuantity":{"value":1.00},"meta":{"versionId":"77","tag":[{"code":"t"}]}}'
        )
        answer = await own.ask("POST", "/Observation", body)
        assert answer.status_code == 201
        created = answer.json()
        assert created["meta"]["versionId"] == "1"
        assert created["meta"]["tag"] == [{"code": "t"}]
        assert b'"value":1.00' in answer.content
        assert answer.headers["location"] == f"{BASE}{R4}/Observation/{created['id']}/_history/1"
        assert answer.headers["etag"] == 'W/"1"'
        read = await own.ask("GET", f"/Observation/{created['id']}")
        assert read.content == answer.content
        assert read.headers["last-modified"] == answer.headers["last-modified"]
        response = await own.ask("GET", f"/Observation?_id={created['id']}&code=http://loinc.org|29463-7")
        assert response.json()["total"] == 0
        response = await own.ask("GET", f"/Observation?_id={created['id']}&_tag=t")
        assert response.json()["total"] == 1

    run(steps, tmp_path)


def test_an_update_creates_a_version_and_keeps_the_previous_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation())
        path = f"/Observation/{created['id']}"
        changed = await own.ask("PUT", path, created | {"status": "amended"}, If_Match='W/"1"')
        assert changed.status_code == 200
        assert changed.json()["meta"]["versionId"] == "2"
        assert "location" not in changed.headers
        assert changed.headers["content-location"] == f"{BASE}{R4}{path}/_history/2"
        assert (await own.ask("GET", f"{path}/_history/1")).json() == created
        assert (await own.ask("GET", f"{path}/_history/2")).content == changed.content
        assert (await own.ask("GET", f"{path}/_history/3")).status_code == 404
        assert (await own.ask("GET", f"{path}/_history/01")).status_code == 404
        late = await own.ask("PUT", path, created, If_Match='W/"1"')
        assert late.status_code == 412
        assert rules(late) == {"fhir-version-conflict"}
        assert (await flow.findings(late))["fhir-version-conflict"] == "error"
        other = await own.ask("PUT", path, created | {"id": "another"})
        assert (other.status_code, rules(other)) == (400, {"fhir-body-id-mismatch"})

    run(steps, tmp_path)


def test_a_deleted_resource_is_gone_but_its_versions_stay(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation())
        path = f"/Observation/{created['id']}"
        assert (await own.ask("DELETE", path)).status_code == 204
        assert (await own.ask("DELETE", path)).status_code == 204
        assert (await own.ask("GET", path)).status_code == 410
        assert (await own.ask("GET", f"{path}/_history/1")).status_code == 200
        assert (await own.ask("GET", f"{path}/_history/2")).status_code == 410
        assert (await own.ask("GET", f"/Observation?_id={created['id']}")).json()["total"] == 0
        again = await own.ask("PUT", path, created)
        assert (again.status_code, again.json()["meta"]["versionId"]) == (201, "3")
        assert (await own.ask("DELETE", "/Observation/never-there")).status_code == 404

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("prefer", "holds"),
    [("return=minimal", ""), ("return=representation", "Observation"), ("return=OperationOutcome", "OperationOutcome")],
)
def test_prefer_selects_the_body_of_the_response(tmp_path: Path, prefer: str, holds: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        answer = await own.ask("POST", "/Observation", observation(), Prefer=prefer)
        assert answer.status_code == 201
        assert (answer.json()["resourceType"] if answer.content else "") == holds
        assert answer.headers["etag"] == 'W/"1"'

    run(steps, tmp_path)


def test_one_of_64_concurrent_conditional_creates_succeeds(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        body = observation(identifier=[{"system": "urn:x", "value": "1"}])
        requests = [own.ask("POST", "/Observation", body, If_None_Exist="identifier=urn:x|1") for _ in range(64)]
        answers = await asyncio.gather(*requests)
        assert sorted(answer.status_code for answer in answers) == [200] * 63 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert (await own.ask("GET", "/Observation?identifier=urn:x|1")).json()["total"] == 1

    run(steps, tmp_path, data=engine() or str(tmp_path))


def test_a_condition_selects_the_resource_to_write(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        named = observation(identifier=[{"system": "urn:x", "value": "2"}])
        first = await own.ask("PUT", "/Observation?identifier=urn:x|2", named)
        assert first.status_code == 201
        second = await own.ask("PUT", "/Observation?identifier=urn:x|2", named | {"status": "amended"})
        assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
        patched = await own.ask("PATCH", "/Observation?identifier=urn:x|2", PATCH, Content_Type="application/json-patch+json")
        assert patched.json()["meta"]["versionId"] == "3"
        await own.create(named)
        for method, body in (("PUT", named), ("DELETE", None)):
            several = await own.ask(method, "/Observation?identifier=urn:x|2", body)
            assert (several.status_code, rules(several)) == (412, {"fhir-condition-ambiguous"})
        assert (await own.ask("DELETE", f"/Observation?_id={first.json()['id']}")).status_code == 204
        assert (await own.ask("DELETE", "/Observation?identifier=urn:x|none")).status_code == 204
        for wide in ("/Observation?bogus=1", "/Observation?_count=1", "/Observation"):
            assert (await own.ask("DELETE", wide)).status_code == 400, wide
        for empty in ("", "_count=1"):
            answer = await own.ask("POST", "/Observation", named, If_None_Exist=empty)
            assert (answer.status_code, rules(answer)) == (400, {"fhir-condition-empty"})
            assert "The condition in If-None-Exist has no search parameter" in answer.json()["issue"][0]["details"]["text"]

    run(steps, tmp_path)


PATCH: list[dict[str, object]] = [
    {"op": "test", "path": "/status", "value": "amended"},
    {"op": "replace", "path": "/status", "value": "corrected"},
]


def test_a_patch_is_applied_completely_or_not_at_all(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation(valueQuantity={"value": 1.5}))
        path = f"/Observation/{created['id']}"

        async def patch(*operations: dict[str, object], **headers: str) -> tuple[int, set[str]]:
            options = {"Content_Type": "application/json-patch+json"} | headers
            answer = await own.ask("PATCH", path, list(operations), **options)
            return answer.status_code, rules(answer) if answer.status_code >= 400 else set()

        assert await patch({"op": "replace", "path": "/status", "value": "amended"}) == (200, set())
        assert await patch(*PATCH, If_Match='W/"2"') == (200, set())
        assert await patch(*PATCH) == (422, {"fhir-patch-failed"})
        assert await patch({"op": "replace", "path": "/status", "value": "x"}) == (422, {"fhir-resource-invalid"})
        assert await patch({"op": "replace", "path": "/id", "value": "x"}) == (400, {"fhir-body-id-mismatch"})
        assert await patch({"op": "add", "path": "/note", "value": []}, If_Match='W/"1"') == (
            412,
            {"fhir-version-conflict"},
        )
        assert await patch({"op": "jump", "path": "/note"}) == (400, {"fhir-patch-failed"})
        for kind in ("text/plain", "application/json", "application/fhir+json"):
            assert await patch(*PATCH, Content_Type=kind) == (415, {"fhir-json-patch-content-type"})
        assert await patch(*PATCH, Content_Type="application/merge-patch+json") == (400, {"fhir-patch-failed"})
        assert (await own.ask("GET", path)).json()["meta"]["versionId"] == "3"

    run(steps, tmp_path)


def test_all_errors_of_a_body_are_reported_with_their_places(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        answer = await own.ask("POST", "/Observation", observation(status="ready", efectiveDateTime="2020"))
        assert answer.status_code == 422
        places = {issue["expression"][0] for issue in answer.json()["issue"] if "expression" in issue}
        assert places == {"Observation.status", "Observation.efectiveDateTime"}
        assert (await flow.findings(answer)) == {"fhir-resource-invalid": "error"}
        for body in (b"{", b"[]", b"{}", b'{"resourceType":"Patient"}', b'{"resourceType":"Observation"'):
            broken = await own.ask("POST", "/Observation", body)
            assert (broken.status_code, rules(broken)) == (400, {"fhir-body-malformed"})

    run(steps, tmp_path)


def test_the_letters_of_a_scope_are_enforced(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation())
        path = f"/Observation/{created['id']}"
        wanted = {"c": ("POST", "/Observation", observation()), "u": ("PUT", path, created), "d": ("DELETE", path, None)}
        for letter in ("c", "u", "d", "r", "s"):
            few = await hand(flow, f"patient/Observation.{letter}")
            for needed, (method, address, body) in wanted.items():
                answer = await few.ask(method, address, body)
                assert (answer.status_code < 300) == (letter == needed), (letter, needed, answer.text)
                assert not answer.content or answer.status_code == 403
        blind = await hand(flow, "patient/Observation.c")
        response = await blind.ask("POST", "/Observation", observation(), If_None_Exist="code=29463-7")
        assert (response.status_code, rules(response)) == (403, {"fhir-insufficient-scope"})

    run(steps, tmp_path)


def test_only_system_scopes_may_choose_ids(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        system = await hand(flow, "system/Patient.cruds system/Observation.cruds")
        ada = {"resourceType": "Patient", "id": "ada", "name": [{"family": "Byron"}]}
        created = await system.ask("PUT", "/Patient/ada", ada)
        assert created.status_code == 201
        assert created.headers["location"].endswith("/Patient/ada/_history/1")
        assert (await system.ask("PUT", "/Patient/ada", ada)).status_code == 200
        person = await hand(flow, "user/Patient.cruds")
        assert (await person.ask("PUT", "/Patient/ida", ada | {"id": "ida"})).status_code == 404
        filtered = await hand(flow, "system/Observation.cruds?category=laboratory")
        answer = await filtered.ask("PUT", "/Observation/new", observation(id="new", category=LABORATORY))
        assert answer.status_code == 404

    run(steps, tmp_path)


LABORATORY = [{"coding": [{"system": "http://x", "code": "laboratory"}]}]


def test_dstu2_writes_are_validated_as_dstu2(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="user/*.cruds", fhir="dstu2")
        body = {"app": app["app_id"], "scope": "user/*.cruds", "user": await flow.clinician()}
        token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
        own = TokenClient(flow, token, "/general/dstu2")
        own.headers |= {"Content-Type": "application/json+fhir", "Accept": "application/json+fhir"}
        order = {
            "resourceType": "MedicationOrder",
            "patient": {"reference": "Patient/p-0001"},
            "medicationCodeableConcept": {"text": "Aspirin"},
        }
        assert (await own.ask("POST", "/MedicationOrder", order)).status_code == 201
        wrong = await own.ask("POST", "/MedicationOrder", order | {"subject": {"reference": "Patient/p-0001"}})
        assert wrong.json()["issue"][1]["location"] == ["MedicationOrder.subject"]

    run(steps, tmp_path)


def test_a_history_has_all_versions_newest_first_and_pages(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation())
        path = f"/Observation/{created['id']}"
        await own.ask("PUT", path, created | {"status": "amended"})
        await own.ask("DELETE", path)
        history = (await own.ask("GET", f"{path}/_history")).json()
        assert (history["type"], history["total"]) == ("history", 3)
        assert [entry["request"]["method"] for entry in history["entry"]] == ["DELETE", "PUT", "POST"]
        assert "resource" not in history["entry"][0]
        assert history["entry"][2]["resource"] == created
        seen, address = [], f"{BASE}{R4}/Observation/_history?_count=2"
        for _ in range(2):
            page = (await flow.http.get(address, headers=own.headers)).json()
            seen += [entry["response"]["etag"] for entry in page["entry"]]
            address = next(link["url"] for link in page["link"] if link["relation"] == "next")
        assert seen[:3] == ['W/"3"', 'W/"2"', 'W/"1"']
        assert (await flow.http.get(address + "x", headers=own.headers)).status_code == 400
        assert (await own.ask("GET", "/Observation/never-there/_history")).status_code == 404
        assert (await own.ask("GET", "/_history")).status_code == 403

    run(steps, tmp_path)


def test_a_compartment_can_be_searched_by_its_url(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        every = await hand(flow, "user/*.cruds")
        performed = await every.create(observation("p-0002", performer=[{"reference": "Patient/p-0001"}]))
        plain = await every.ask("GET", "/Observation?patient=p-0001&_count=1000")
        response = await every.ask("GET", "/Patient/p-0001/Observation?_count=1000")
        ids = [{entry["resource"]["id"] for entry in answer.json()["entry"]} for answer in (plain, response)]
        assert ids[1] == ids[0] | {performed["id"]}
        seen: set[str] = set()
        address: str | None = f"{BASE}{R4}/Patient/p-0001/Observation?_count=7"
        while address:
            page = (await flow.http.get(address, headers=every.headers)).json()
            seen |= {entry["resource"]["id"] for entry in page["entry"]}
            address = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
        assert seen == ids[1]
        narrow = (await every.ask("GET", f"/Patient/p-0001/Observation?_id={performed['id']}")).json()
        assert narrow["link"][0]["url"].endswith(f"/Patient/p-0001/Observation?_id={performed['id']}")
        assert narrow["total"] == 1
        assert (await every.ask("GET", "/Patient/p-0001/Practitioner")).json()["total"] == 0
        own = await hand(flow, ALL, "p-0002")
        assert (await own.ask("GET", "/Patient/p-0001/Observation")).json()["total"] == 1
        assert (await own.ask("GET", "/Patient/p-0003/Observation")).json()["total"] == 0
        assert (await own.ask("GET", "/Patient/p-0002/Condition")).status_code == 403

    run(steps, tmp_path)
