"""Batches and transactions over HTTP: the response of each entry."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import R4, hand, observation, rules

from sickbay.fhir import lossless_json
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.xml import writer as xml_writer

ALL = "user/*.cruds"
URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
PATIENT = {"resourceType": "Patient", "name": [{"family": "Byron"}]}


def entry(method: str, url: str, resource: Any = None, full_url: str = "", **more: str) -> dict[str, Any]:
    new_entry: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    new_entry |= {"fullUrl": full_url} if full_url else {}
    return new_entry | ({"resource": resource} if resource is not None else {})


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_a_search_by_an_identifier_with_a_url_works_as_an_entry(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation(identifier=[{"system": "http://acme.org/o", "value": "1"}]))
        for kind in ("batch", "transaction"):
            requests = (
                entry("GET", "Observation?identifier=http://acme.org/o|1"),
                entry("GET", "metadata"),
                entry("HEAD", f"Observation/{created['id']}"),
            )
            answer = await own.ask("POST", "", bundle(kind, *requests))
            assert answer.status_code == 200, answer.text
            entries, statement, head = answer.json()["entry"]
            assert [entry["resource"] for entry in entries["resource"]["entry"]] == [created]
            assert statement["resource"]["resourceType"] == "CapabilityStatement"
            assert (head["response"]["status"], "resource" in head) == ("200 OK", False)

    run(steps, tmp_path)


def test_the_response_to_a_write_has_its_location_and_time(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        existing = await own.create(observation(identifier=[{"system": "urn:x", "value": "1"}]))
        place = f"{BASE}{R4}/Observation/{existing['id']}/_history/1"
        single_response = await own.ask(
            "POST", "/Observation", observation(), If_None_Exist="identifier=urn:x|1", Prefer="return=minimal"
        )
        assert (single_response.status_code, single_response.headers["location"], single_response.content) == (200, place, b"")
        requests = (
            entry("POST", "Observation", observation(), ifNoneExist="identifier=urn:x|1"),
            entry("POST", "Observation", observation(), ifNoneExist=f"{BASE}{R4}/Observation?identifier=urn:x|1"),
            entry("POST", "Observation", observation()),
        )
        answer = await own.ask("POST", "", bundle("transaction", *requests), Prefer="return=OperationOutcome")
        entries = [entry["response"] for entry in answer.json()["entry"]]
        assert [response["status"] for response in entries] == ["200 OK", "200 OK", "201 Created"]
        assert [response["location"] for response in entries[:2]] == [place, place]
        assert entries[0]["lastModified"] == existing["meta"]["lastUpdated"][:19] + "Z"
        assert all(response["outcome"]["issue"][0]["code"] == "informational" for response in entries)
        assert all("resource" not in entry for entry in answer.json()["entry"])

    run(steps, tmp_path)


def test_a_read_entry_can_have_conditions(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation())
        path = f"Observation/{created['id']}"
        requests = (
            entry("GET", path, ifModifiedSince=created["meta"]["lastUpdated"]),
            entry("GET", path, ifModifiedSince="2020-01-01T00:00:00Z"),
            entry("GET", path, ifNoneMatch='W/"1"'),
        )
        answer = await own.ask("POST", "", bundle("batch", *requests))
        assert [entry["response"]["status"][:3] for entry in answer.json()["entry"]] == ["304", "200", "304"]
        later = {"If-Modified-Since": "Sat, 01 Jan 2050 00:00:00 GMT"}
        assert (await own.ask("GET", f"/{path}", **later)).status_code == 304
        earlier = {"If-Modified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"}
        assert (await own.ask("GET", f"/{path}", **earlier)).status_code == 200

    run(steps, tmp_path)


def test_references_are_resolved_and_identifiers_stay_the_same(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        with_urn = observation(identifier=[{"system": "urn:ietf:rfc:3986", "value": URN}]) | {"subject": {"reference": URN}}
        body = observation() | {"subject": {"reference": "Patient/tmp"}}
        answer = await own.ask(
            "POST",
            "",
            bundle(
                "transaction",
                entry("POST", "Patient", PATIENT, URN),
                entry("POST", "Observation", with_urn),
                entry("POST", "Patient", PATIENT, "http://h/fhir/Patient/tmp"),
                entry("POST", "Observation", body, "http://h/fhir/Observation/tmp"),
            ),
        )
        assert answer.status_code == 200, answer.text
        resources, named, other, resolved = (entry["resource"] for entry in answer.json()["entry"])
        assert named["identifier"][0]["value"] == URN
        assert named["subject"]["reference"] == f"Patient/{resources['id']}"
        assert resolved["subject"]["reference"] == f"Patient/{other['id']}"

    run(steps, tmp_path)


def test_a_conditional_create_overwrites_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        body = observation() | {"id": "new-1"}
        for condition in ({"If-Match": "*"}, {"If-Match": 'W/"1"'}):
            assert (await own.ask("PUT", "/Observation/new-1", body, **condition)).status_code == 412
        answers = await asyncio.gather(
            *(own.ask("PUT", "/Observation/new-1", body, **{"If-None-Match": "*"}) for _ in range(8))
        )
        assert sorted(answer.status_code for answer in answers) == [201, *[412] * 7]
        late = await own.ask("PUT", "/Observation/new-1", body, **{"If-None-Match": "*"})
        assert (await flow.findings(late))["fhir-resource-exists"] == "error"
        response = await own.ask("POST", "", bundle("transaction", entry("PUT", "Observation/new-1", body, ifNoneMatch="*")))
        assert response.status_code == 412
        missed = await own.ask("PUT", "/Observation?identifier=urn:none|1", body)
        assert missed.status_code == 409, missed.text
        assert (await own.ask("PUT", "/Observation/new-1", body, **{"If-Match": "*"})).status_code == 200
        assert (await own.ask("DELETE", "/Observation/new-1")).status_code == 204
        assert (await own.ask("PUT", "/Observation/new-1", body, **{"If-Match": "*"})).status_code == 412
        assert (await own.ask("PUT", "/Observation/new-1", body, **{"If-None-Match": "*"})).status_code == 201

    run(steps, tmp_path)


def test_no_entry_may_delete_what_another_entry_matched(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        existing = await own.create(observation(identifier=[{"system": "urn:x", "value": "1"}]))
        only = entry("POST", "Observation", observation(), ifNoneExist="identifier=urn:x|1")
        both = await own.ask("POST", "", bundle("transaction", only, entry("DELETE", f"Observation/{existing['id']}")))
        assert (both.status_code, both.json()["issue"][0]["code"]) == (400, "duplicate")
        assert (await own.ask("GET", f"/Observation/{existing['id']}")).json() == existing
        assert (await own.ask("POST", "", bundle("transaction", only, only))).status_code == 200

    run(steps, tmp_path)


def test_references_resolve_to_the_result_of_a_conditional_update(tmp_path: Path) -> None:
    """R4, 3.1.0.11.2: an entry's fullUrl is resolved once its condition is resolved."""

    async def steps(flow: Flow) -> None:
        for scope in (ALL, "system/*.cruds"):
            own = await hand(flow, scope)
            name = [{"system": "urn:x", "value": scope}]
            requests = (
                entry("PUT", f"Observation?identifier=urn:x|{scope}", observation(identifier=name), URN),
                entry("POST", "Observation", observation(hasMember=[{"reference": URN}])),
            )
            result = []
            for status in ("201", "200"):
                answer = await own.ask("POST", "", bundle("transaction", *requests))
                assert answer.status_code == 200, answer.text
                created, panel = answer.json()["entry"]
                assert created["response"]["status"][:3] == status
                assert panel["resource"]["hasMember"] == [{"reference": f"Observation/{created['resource']['id']}"}]
                result.append(created["resource"]["id"])
            assert result[0] == result[1]

    run(steps, tmp_path)


def test_the_response_to_a_conditional_write_names_the_resource(tmp_path: Path) -> None:
    """With `return=minimal` nothing else identifies the resource."""

    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        created = await own.create(observation(identifier=[{"system": "urn:x", "value": "1"}]))
        body = {name: resource for name, resource in created.items() if name != "id"}
        answer = await own.ask("PUT", "/Observation?identifier=urn:x|1", body, Prefer="return=minimal")
        place = f"{BASE}{R4}/Observation/{created['id']}/_history/2"
        assert (answer.status_code, answer.headers["location"], answer.content) == (200, place, b"")
        plain = await own.ask("PUT", f"/Observation/{created['id']}", created)
        assert "location" not in plain.headers

    run(steps, tmp_path)


def test_a_conditional_reference_matches_resources_of_the_same_transaction(tmp_path: Path) -> None:
    """R4, 3.1.0.11.2: "5. Resolve any conditional references" comes after creates and updates."""

    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        name = [{"system": "urn:x", "value": "new"}]
        panel = entry("POST", "Observation", observation(hasMember=[{"reference": "Observation?identifier=urn:x|new"}]))
        other = observation(identifier=[{"system": "urn:x", "value": "other"}])
        requests = (
            panel,
            entry("POST", "Observation", observation(identifier=name), ifNoneExist="identifier=urn:x|new"),
            entry("POST", "Observation", other),
        )
        for status in ("201", "200"):
            answer = await own.ask("POST", "", bundle("transaction", *requests))
            assert answer.status_code == 200, answer.text
            entries, created, _ = answer.json()["entry"]
            assert created["response"]["status"][:3] == status
            assert entries["resource"]["hasMember"] == [{"reference": f"Observation/{created['resource']['id']}"}]
        second = entry("POST", "Observation", observation(identifier=name))
        assert (await own.ask("POST", "", bundle("transaction", panel, second))).status_code == 412
        renamed = entry("PUT", f"Observation/{created['resource']['id']}", {**other, "id": created["resource"]["id"]})
        assert (await own.ask("POST", "", bundle("transaction", panel, renamed))).status_code == 412
        instead = await own.ask("POST", "", bundle("transaction", panel, renamed, second))
        assert instead.status_code == 200, instead.text
        entries, _, third = instead.json()["entry"]
        assert entries["resource"]["hasMember"] == [{"reference": f"Observation/{third['resource']['id']}"}]
        gone = entry("DELETE", f"Observation/{third['resource']['id']}")
        assert (await own.ask("POST", "", bundle("transaction", panel, gone))).status_code == 412
        assert (await own.ask("POST", "", bundle("transaction", panel, gone, second))).status_code == 200

    run(steps, tmp_path)


def test_a_posted_search_accepts_its_media_type_in_any_case(tmp_path: Path) -> None:
    """Media types are case-insensitive (RFC 9110, 8.3.1). A form that was accepted but not parsed would match everything."""

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.cruds")
        for kind in ("application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded; charset=UTF-8"):
            answer = await own.ask("POST", "/Patient/_search", b"_id=p-0001", Content_Type=kind)
            assert (answer.status_code, answer.json()["total"]) == (200, 1), answer.text

    run(steps, tmp_path)


def test_an_ambiguous_body_is_refused(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        marked = await own.ask("POST", "/Patient", b'\xef\xbb\xbf{"resourceType":"Patient"}')
        assert marked.status_code == 201
        twice = await own.ask("POST", "/Patient", b'{"resourceType":"Patient","gender":"male","gender":"female"}')
        assert (twice.status_code, rules(twice)) == (400, {"fhir-body-malformed"})
        assert "two members named gender" in twice.text
        inside = b'{"resourceType":"Bundle","type":"batch","type":"transaction","entry":[]}'
        assert (await own.ask("POST", "", inside)).status_code == 400
        packed = await own.ask("POST", "/Patient", b"\x1f\x8b", Content_Encoding="gzip")
        assert packed.status_code == 400
        assert "gzip" in packed.text

    run(steps, tmp_path)


def test_a_405_response_lists_the_allowed_methods(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        for path, methods in (
            ("/metadata", "GET, HEAD"),
            ("/Patient/1", "GET, HEAD, PUT, PATCH, DELETE"),
            ("", "GET, HEAD, POST"),
        ):
            preflight = await own.ask("OPTIONS", path)
            assert (preflight.status_code, preflight.headers["allow"]) == (204, methods)
        assert "allow" not in (await own.ask("OPTIONS", "/nothing/here")).headers

    run(steps, tmp_path)


def test_a_batch_entry_may_be_any_post_request(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        arguments = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "t"}]}}]}
        batch = bundle(
            "batch",
            entry("POST", "Patient/p-0001/$meta-add", arguments),
            entry("POST", "Patient/$validate", {"resourceType": "Patient", "gender": "x"}),
            entry("POST", "Patient/_search?_id=p-0001&_tag=t"),
            entry("GET", "Patient?name=Müller,Peters&_count=1"),
            entry("POST", "Patient", PATIENT),
        )
        for kind in ("application/fhir+json", "application/fhir+xml"):
            body = xml_writer.dumps("r4", batch) if kind.endswith("xml") else lossless_json.dumps(batch)
            answer = await own.ask("POST", "", body, Content_Type=kind)
            assert [entry["response"]["status"][:3] for entry in answer.json()["entry"]] == [
                "200",
                "200",
                "200",
                "200",
                "201",
            ]
            added, judged, entries, named, created = (entry.get("resource") for entry in answer.json()["entry"])
            assert added["parameter"][0]["valueMeta"]["tag"] == [{"code": "t"}]
            assert judged["issue"][0]["expression"] == ["Patient.gender"]
            assert (entries["total"], named["total"] > 0, created["name"]) == (1, True, PATIENT["name"])
        response = await own.ask("POST", "", bundle("transaction", entry("POST", "Patient/p-0001/$meta-add", arguments)))
        assert (response.status_code, "batch" in response.text) == (400, True)

    run(steps, tmp_path)


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r5"])
def test_the_response_to_a_bundle_is_a_bundle_of_the_same_version(tmp_path: Path, version: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL, fhir=version)
        own.base = f"/general/{version}"
        own.headers |= {"Accept": "application/json", "Content-Type": "application/json"}
        requests = (
            entry("GET", "Patient/p-0001"),
            entry("GET", "Patient/nobody"),
            entry("POST", "Patient", {"resourceType": "Patient"}),
        )
        answer = await own.ask("POST", "", bundle("batch", *requests))
        assert [entry["response"]["status"][:3] for entry in answer.json()["entry"]] == ["200", "404", "201"]
        assert validate(version, answer.json()) == []
        assert "nobody" in answer.text
        as_xml = await own.ask("POST", "", bundle("batch", *requests), Accept="application/xml")
        assert "nobody" in as_xml.text

    run(steps, tmp_path, versions=(version,))


ODD: list[tuple[dict[str, Any], str]] = [
    (entry("GET", "//Patient/1"), "400"),
    (entry("GET", "http://h/fhir/Patient/1"), "400"),
    (entry("GET", "../Patient/1"), "400"),
    (entry("GET", "Patient/1#x"), "400"),
    (entry("get", "Patient/1"), "400"),
    ({"request": {"method": "GET", "url": 5}}, "400"),
    ({"resource": PATIENT}, "400"),
    ({}, "400"),
    (entry("POST", "", {"resourceType": "Bundle", "type": "batch"}), "400"),
    (entry("GET", "$export"), "400"),
    (entry("POST", "Nonsense", PATIENT), "404"),
    (entry("DELETE", "metadata"), "405"),
]


def test_an_invalid_entry_fails_only_itself_in_a_batch_but_a_whole_transaction(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        for number, (odd, status) in enumerate(ODD, 1):
            requests = (entry("POST", "Patient", PATIENT), odd, entry("GET", "Patient/p-0001"))
            answer = await own.ask("POST", "", bundle("batch", *requests))
            assert answer.status_code == 200, answer.text
            created, refused, read = answer.json()["entry"]
            statuses = [response["response"]["status"][:3] for response in (created, refused, read)]
            assert (odd, statuses) == (odd, ["201", status, "200"])
            assert refused["response"]["outcome"]["issue"][0]["severity"] == "error"
            transaction_response = await own.ask("POST", "", bundle("transaction", *requests))
            assert (odd, transaction_response.status_code) == (odd, int(status))
            assert transaction_response.json()["resourceType"] == "OperationOutcome"
            assert (await own.ask("GET", "/Patient?name=Byron&_summary=count")).json()["total"] == number
        answer = await own.ask("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": [5, None]})
        assert [entry["response"]["status"][:3] for entry in answer.json()["entry"]] == ["400", "400"]

    run(steps, tmp_path)


def test_a_conditional_reference_is_allowed_only_in_a_transaction(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        aim = {"reference": "Patient?identifier=urn:mrn|1"}
        existing = await own.create({"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "1"}]})
        sent = observation() | {"subject": aim}
        single_response = await own.ask("POST", "/Observation", sent)
        assert single_response.status_code == 422, single_response.text
        (issue,) = (issue for issue in single_response.json()["issue"] if "expression" in issue)
        assert issue["expression"] == ["Observation.subject.reference"]
        assert "transaction" in issue["diagnostics"]
        batch = await own.ask("POST", "", bundle("batch", entry("POST", "Observation", sent)))
        assert [entry["response"]["status"][:3] for entry in batch.json()["entry"]] == ["422"]
        refused = await own.ask("POST", "", bundle("transaction", entry("POST", "Observation", sent)))
        assert refused.status_code == 200, refused.text
        assert refused.json()["entry"][0]["resource"]["subject"]["reference"] == f"Patient/{existing['id']}"

    run(steps, tmp_path)
