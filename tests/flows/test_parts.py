"""_summary and _elements over HTTP: on reads, searches and histories, within the token's access."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import hand, observation, rules

from sickbay.fhir.validation.validator import validate
from sickbay.fhir.versions import VERSIONS

TAG = "SUBSETTED"
NOTE = [{"text": "n"}]


def is_part(resource: dict[str, Any]) -> bool:
    return any(tag["code"] == TAG for tag in resource["meta"].get("tag", []))


def test_a_read_returns_the_requested_part(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        created = await own.create(
            observation(note=NOTE, text={"status": "generated", "div": DIV}, issued="2026-01-01T00:00:00Z")
        )
        path = f"/Observation/{created['id']}"
        expected = {
            "_summary=true": {"status", "code", "subject", "issued"},
            "_summary=text": {"status", "code", "text"},
            "_summary=data": {"status", "code", "subject", "issued", "note"},
            "_elements=note,Observation.issued": {"status", "code", "note", "issued"},
        }
        for query, members in expected.items():
            for address in (path, f"{path}/_history/1"):
                answer = await own.ask("GET", f"{address}?{query}")
                assert set(answer.json()) == members | {"resourceType", "id", "meta"}, query
                assert is_part(answer.json())
                assert answer.headers["etag"] == 'W/"1"'
            (entry,) = (await own.ask("GET", f"{path}/_history?{query}")).json()["entry"]
            assert set(entry["resource"]) == members | {"resourceType", "id", "meta"}, query
            found_bundle = (await own.ask("GET", f"/Observation?_id={created['id']}&{query}")).json()
            assert set(found_bundle["entry"][0]["resource"]) == members | {"resourceType", "id", "meta"}, query
            assert query.replace(",", "%2C") in found_bundle["link"][0]["url"] or query in found_bundle["link"][0]["url"]
        assert (await own.ask("GET", f"{path}?_summary=false")).json() == created
        assert (await own.ask("GET", path)).json() == created

    run(steps, tmp_path)


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'


@pytest.mark.parametrize(
    "query",
    [
        "/Observation/x?_summary=yes",
        "/Observation/x?_summary=count",
        "/Observation/x?_elements=nots",
        "/Observation?_elements=nots",
        "/Observation?_summary=yes",
        "/Observation?_summary=text&_include=Observation:subject",
        "/Observation/x/_history?_summary=yes",
    ],
)
def test_an_unsupported_part_is_refused(query: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.rs")
        answer = await own.ask("GET", query)
        assert (answer.status_code, rules(answer)) == (400, {"fhir-search-value-malformed"})
        assert ("note" in answer.text) == ("nots" in query)

    run(steps, tmp_path)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_part_is_still_a_valid_resource(version: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.rs", fhir=version)
        own.base = f"/general/{version}"
        own.headers["Accept"] = VERSIONS[version].json
        for type in ("Patient", "Observation", "Condition", "Encounter"):
            for query in ("_summary=true", "_summary=text", "_summary=data", "_elements=id"):
                bundle_body = (await own.ask("GET", f"/{type}?_count=5&{query}")).json()
                assert bundle_body["entry"]
                for entry in bundle_body["entry"]:
                    assert validate(version, entry["resource"]) == []
                    assert is_part(entry["resource"])
        counted = (await own.ask("GET", "/Observation?_summary=count")).json()
        assert counted["total"] > 0
        assert "entry" not in counted

    run(steps, tmp_path, versions=(version,))


def test_an_included_resource_is_summarised_but_keeps_its_elements(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.rs")
        search = "/Observation?_count=1&_include=Observation:subject"
        entries = (await own.ask("GET", f"{search}&_elements=status")).json()["entry"]
        assert [is_part(entry["resource"]) for entry in entries] == [True, False]
        entries = (await own.ask("GET", f"{search}&_summary=true")).json()["entry"]
        assert [is_part(entry["resource"]) for entry in entries] == [True, True]

    run(steps, tmp_path)


def test_each_type_gets_its_own_elements(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.rs")
        for address in (
            "?_type=Patient,Observation&_id=p-0001,p-0001-o001",
            "/Patient/p-0001/*?_id=p-0001,p-0001-o001",
        ):
            entries = (await own.ask("GET", f"{address}&_elements=status,birthDate")).json()["entry"]
            members = {entry["resource"]["resourceType"]: set(entry["resource"]) for entry in entries}
            assert members["Observation"] == {"resourceType", "id", "meta", "status", "code"}, address
            assert members.get("Patient", {"birthDate"}) >= {"birthDate"}
            entries = (await own.ask("GET", f"{address}&_summary=data")).json()["entry"]
            assert all(is_part(entry["resource"]) for entry in entries)
            for wrong in ("_summary=no", "_elements=nots", "_summary=text&_include=Observation:subject"):
                assert (await own.ask("GET", f"{address}&{wrong}")).status_code == 400, wrong

    run(steps, tmp_path)


def test_the_self_link_of_a_search_has_its_address(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        for address in ("?_type=Patient", "/Patient", "/Patient/p-0001/Observation", "/Patient/p-0001/*"):
            query = f"{address}{'&' if '?' in address else '?'}_count=1"
            links = (await own.ask("GET", query)).json()["link"]
            assert {link["relation"]: link["url"] for link in links}["self"] == f"{BASE}/general/r4{query}"

    run(steps, tmp_path)


def test_a_subsetted_resource_cannot_be_written_back(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.cruds")
        part = (await own.ask("GET", "/Patient/p-0001?_elements=gender")).json()
        answer = await own.ask("PUT", "/Patient/p-0001", part)
        assert answer.status_code == 422
        assert [issue["expression"] for issue in answer.json()["issue"] if "expression" in issue] == [["Patient.meta.tag"]]
        complete = (await own.ask("GET", "/Patient/p-0001")).json()
        assert (await own.ask("PUT", "/Patient/p-0001", complete)).status_code == 200

    run(steps, tmp_path)
