"""Transactions and batches over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.flows.flow import Flow, run
from tests.flows.writing import ALL, R4, hand, observation


def entry(method: str, url: str, resource: object = None, full: str = "", **more: str) -> dict[str, object]:
    created: dict[str, object] = {"request": {"method": method, "url": url} | more}
    return created | ({"resource": resource} if resource else {}) | ({"fullUrl": full} if full else {})


def bundle(kind: str, *entries: dict[str, object]) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_a_transaction_links_its_entries_and_is_stored_together(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.cruds")
        visit = {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": "urn:uuid:p"},
        }
        named = observation(identifier=[{"system": "urn:x", "value": "9"}])
        existing = await own.create(named)
        sent = bundle(
            "transaction",
            entry("GET", "Observation?identifier=urn:x|9"),
            entry(
                "POST",
                "Observation",
                observation(encounter={"reference": "urn:uuid:e"}) | {"subject": {"reference": "urn:uuid:p"}},
            ),
            entry("POST", "Encounter", visit, "urn:uuid:e"),
            entry("POST", "Patient", {"resourceType": "Patient", "name": [{"family": "Byron"}]}, "urn:uuid:p"),
            entry("POST", "Observation", named, "urn:uuid:o", ifNoneExist="identifier=urn:x|9"),
            entry(
                "POST",
                "Observation",
                observation(hasMember=[{"reference": "urn:uuid:o"}, {"reference": "Observation?identifier=urn:x|9"}]),
            ),
        )
        answer = await own.ask("POST", "", sent)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["type"] == "transaction-response"
        assert [entry["response"]["status"][:3] for entry in body["entry"]] == ["200", "201", "201", "201", "200", "201"]
        read, seen, created_resources, person, same, panel = (entry["resource"] for entry in body["entry"])
        assert read["total"] == 1
        assert same == existing
        assert seen["subject"]["reference"] == created_resources["subject"]["reference"] == f"Patient/{person['id']}"
        assert seen["encounter"]["reference"] == f"Encounter/{created_resources['id']}"
        assert {member["reference"] for member in panel["hasMember"]} == {f"Observation/{existing['id']}"}
        assert (await own.ask("GET", f"/Patient/{person['id']}")).json() == person

    run(steps, tmp_path)


def test_a_transaction_that_fails_anywhere_changes_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation())
        good = entry("POST", "Observation", observation(identifier=[{"system": "urn:x", "value": "tx"}]))
        path = f"Observation/{created['id']}"
        for bad, status in (
            (entry("POST", "Observation", observation(status="ready")), 422),
            (entry("POST", "Observation", observation("p-0002")), 403),
            (entry("PUT", path, created, ifMatch='W/"9"'), 412),
            (entry("DELETE", "Observation/never-there"), 404),
            (entry("GET", "Condition"), 403),
            (
                entry("POST", "Observation", observation(hasMember=[{"reference": "Observation?identifier=urn:x|none"}])),
                412,
            ),
            (entry("POST", ""), 400),
            (entry("GET", "http://elsewhere.example/general/r4/Patient/p-0001"), 400),
            (entry("GET", "../r4/Patient/p-0001"), 400),
        ):
            answer = await own.ask("POST", "", bundle("transaction", good, bad))
            assert answer.status_code == status, answer.text
            assert answer.json()["resourceType"] == "OperationOutcome"
        twice = await own.ask("POST", "", bundle("transaction", entry("PUT", path, created), entry("DELETE", path)))
        assert twice.status_code == 400
        assert (await own.ask("GET", "/Observation?identifier=urn:x|tx")).json()["total"] == 0
        assert (await own.ask("GET", f"/{path}")).json() == created

    run(steps, tmp_path)


def test_each_entry_of_a_batch_is_answered_like_a_single_request(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        paths = [
            "Patient/p-0001",
            "Patient/p-0002",
            "Patient/no-such",
            "Observation?patient=p-0002",
            "Condition",
            "Nonsense/1",
        ]
        answer = await own.ask("POST", "", bundle("batch", *(entry("GET", path) for path in paths)))
        assert answer.status_code == 200
        for item, entries in zip(paths, answer.json()["entry"], strict=True):
            single_response = await own.ask("GET", f"/{item}")
            assert entries["response"]["status"].startswith(str(single_response.status_code))
            assert entries.get("resource", entries["response"].get("outcome")) == single_response.json()
        mixed = bundle(
            "batch", entry("POST", "Observation", observation("p-0002")), entry("POST", "Observation", observation())
        )
        entries = (await own.ask("POST", "", mixed)).json()["entry"]
        assert [entry["response"]["status"][:3] for entry in entries] == ["403", "201"]
        assert (await own.ask("POST", "", {"resourceType": "Bundle", "type": "collection"})).status_code == 400
        assert (await flow.http.post(R4, json=mixed)).status_code == 401

    run(steps, tmp_path)
