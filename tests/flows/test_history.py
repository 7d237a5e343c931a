"""Histories over HTTP: of a resource, a type and the server; by time; page by page."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import TokenClient, hand, observation, rules

PATIENT_SCOPES = "patient/Observation.cruds patient/Patient.rs"


def versions_of(answer: httpx2.Response) -> list[tuple[str, str]]:
    """(id, version) in the order of the page."""
    assert answer.status_code == 200, answer.text
    return [
        (entry["fullUrl"].rpartition("/")[2], entry["response"]["etag"].strip('W/"'))
        for entry in answer.json().get("entry", [])
    ]


async def with_versions(flow: Flow, own: TokenClient, versions: int = 3) -> tuple[str, list[float]]:
    """Create an observation with this many versions, 100 seconds apart; returns it with the times."""
    created, times = await own.create(observation()), []
    for number in range(1, versions):
        times.append(flow.sandbox.runtime.effects.now())
        await flow.http.post("/admin/clock", json={"advance": 100})
        answer = await own.ask(
            "PUT", f"/Observation/{created['id']}", created | {"status": "amended", "note": [{"text": str(number)}]}
        )
        assert answer.status_code == 200
    return created["id"], [*times, flow.sandbox.runtime.effects.now()]


def instant(at: float) -> str:
    import datetime

    return quote(datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="seconds"))


def test_the_history_of_the_server_is_paged_and_newest_first(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        all = await hand(flow, "system/*.cruds")
        ids = [(await all.create(observation(f"x{n}") | {"subject": {"reference": "Patient/p-0001"}}))["id"] for n in range(5)]
        await all.ask("DELETE", f"/Observation/{ids[0]}")
        await all.create({"resourceType": "Basic", "code": {"text": "x"}})
        answer = await all.ask("GET", "/_history?_count=4")
        types = [entry["request"]["url"].partition("/")[0] for entry in answer.json()["entry"]]
        assert types == ["Basic", "Observation", "Observation", "Observation"]
        assert answer.json()["entry"][1]["request"]["method"] == "DELETE"
        seen, page, link = versions_of(answer), answer, None
        for _ in range(2):
            link = next(link["url"] for link in page.json()["link"] if link["relation"] == "next")
            page = await all.ask("GET", link.removeprefix(f"{BASE}/general/r4"))
            seen += versions_of(page)
        assert len(set(seen)) == len(seen) == 12
        assert [entry for entry, _ in seen[1:7]] == [ids[0], *reversed(ids)]
        head = await all.ask("HEAD", "/_history?_count=4")
        assert (head.status_code, head.content) == (200, b"")
        assert (await (await hand(flow, PATIENT_SCOPES)).ask("GET", "/_history")).status_code == 403

    run(steps, tmp_path)


@pytest.mark.parametrize("place", ["/Observation/{id}/_history", "/Observation/_history", "/_history"])
def test_a_history_supports_since_and_at(tmp_path: Path, place: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        id, times = await with_versions(flow, own)
        path = place.format(id=id)

        async def ask(query: str) -> list[str]:
            return [version for pair, version in versions_of(await own.ask("GET", f"{path}?{query}")) if pair == id]

        assert await ask("") == ["3", "2", "1"]
        assert await ask(f"_since={instant(times[1] - 20)}") == ["3", "2"]
        assert await ask(f"_since={instant(times[2] + 20)}") == []
        assert await ask(f"_at={instant(times[1] + 20)}") == ["2"]
        assert await ask(f"_at={instant(times[0] - 20)}") == []
        assert set(await ask(f"_at={instant(times[0] + 20)[:4]}")) >= {"1", "2"}
        page = await own.ask("GET", f"{path}?_count=1&_since={instant(times[0] - 20)}")
        link: Any = next(link["url"] for link in page.json()["link"] if link["relation"] == "next")
        second = await own.ask("GET", link.removeprefix(f"{BASE}/general/r4"))
        assert versions_of(second) == [(id, "2")]
        changed = await own.ask("GET", link.removeprefix(f"{BASE}/general/r4").replace("_since=2", "_since=1"))
        assert changed.status_code == 400
        for since in ("yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00Z"):
            refused = await own.ask("GET", f"{path}?_since={since}")
            assert (refused.status_code, rules(refused)) == (400, {"fhir-date-malformed"}), since

    run(steps, tmp_path)


def test_a_history_with_the_list_parameter_is_refused(tmp_path: Path) -> None:
    """R4, 3.1.0.12: `_list` includes only what is in the list."""

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        for path in ("/_history", "/Observation/_history"):
            assert (await own.ask("GET", path)).status_code == 200
            answer = await own.ask("GET", f"{path}?_list=l")
            assert (answer.status_code, rules(answer)) == (400, {"fhir-search-param-unsupported"})

    run(steps, tmp_path)


def test_a_history_with_summary_count_is_only_a_total(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        id, times = await with_versions(flow, own)
        for path, query, total in (
            (f"/Observation/{id}/_history", "", 3),
            (f"/Observation/{id}/_history", f"&_since={instant(times[1] - 20)}", 2),
            (f"/Observation/{id}/_history", "&_at=2020", 0),
        ):
            answer = await own.ask("GET", f"{path}?_count=0{query}")
            assert (answer.status_code, answer.json()["total"], versions_of(answer)) == (200, total, [])
            assert [link["relation"] for link in answer.json()["link"]] == ["self"]
        every = await own.ask("GET", "/_history?_count=0")
        assert every.json()["total"] > (await own.ask("GET", "/Observation/_history?_count=0")).json()["total"] > 3
        assert (await own.ask("GET", "/Observation/nothing/_history?_count=0")).status_code == 404
        document = await own.create(
            {
                "resourceType": "DocumentReference",
                "status": "current",
                "subject": {"reference": "Patient/p-0001"},
                "content": [{"attachment": {"contentType": "text/plain"}}],
            }
        )
        resource = {
            "resourceType": "Binary",
            "contentType": "text/plain",
            "data": "eA==",
            "securityContext": {"reference": f"DocumentReference/{document['id']}"},
        }
        file = await own.create(resource)
        await own.ask("PUT", f"/Binary/{file['id']}", file | {"data": "eHg="})
        await own.ask(
            "PUT", f"/Binary/{file['id']}", {k: v for k, v in file.items() if k != "securityContext"} | {"data": "eQ=="}
        )
        await own.ask("PUT", f"/Binary/{file['id']}", file | {"data": "eHg="})
        other_client = await hand(flow, "patient/*.rs")
        answer = await other_client.ask("GET", f"/Binary/{file['id']}/_history?_count=0")
        assert (answer.status_code, answer.json()["total"], versions_of(answer)) == (200, 3, [])

    run(steps, tmp_path)


def test_a_history_has_the_response_of_each_write(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        created, statuses = await own.create(observation()), [201]
        path = f"/Observation/{created['id']}"
        for method in ("PUT", "DELETE", "PUT", "PUT"):
            answer = await own.ask(method, path, created if method == "PUT" else None)
            statuses.append(answer.status_code)
        entries = (await own.ask("GET", f"{path}/_history")).json()["entry"]
        assert [int(entry["response"]["status"]) for entry in reversed(entries)] == statuses == [201, 200, 204, 201, 200]
        requests = [(entry["request"]["method"], entry["request"]["url"]) for entry in reversed(entries)]
        assert requests == [("POST", "Observation"), *((method, path[1:]) for method in ("PUT", "DELETE", "PUT", "PUT"))]
        await own.ask("PUT", "/Observation/mine", created | {"id": "mine"})
        (entry,) = (await own.ask("GET", "/Observation/mine/_history")).json()["entry"]
        assert (entry["request"], entry["response"]["status"]) == ({"method": "PUT", "url": "Observation/mine"}, "201")

    run(steps, tmp_path)


def test_strict_handling_applies_to_a_history(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        strict = {"Prefer": "handling=strict"}
        for query, rule in (
            ("_count=many", "fhir-search-value-malformed"),
            ("_sort=date", "fhir-search-unknown-param"),
            ("code=1", "fhir-search-unknown-param"),
        ):
            refused = await own.ask("GET", f"/Patient/_history?{query}", **strict)
            assert (refused.status_code, rules(refused)) == (400, {rule})
            assert (await own.ask("GET", f"/Patient/_history?{query}")).status_code == 200
        known = "_count=2&_since=2020-01-01T00:00:00Z&_summary=true&_format=json&_pretty=true"
        page = await own.ask("GET", f"/Patient/_history?{known}", **strict)
        assert page.status_code == 200
        following = next(link["url"] for link in page.json()["link"] if link["relation"] == "next")
        assert (await own.ask("GET", following.removeprefix(f"{BASE}/general/r4"), **strict)).status_code == 200

    run(steps, tmp_path)


def test_a_hidden_resource_has_no_history_at_any_time(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        other = await hand(flow, PATIENT_SCOPES, "p-0002")
        id = (await other.create(observation("p-0002")))["id"]
        own = await hand(flow, PATIENT_SCOPES)
        for query in ("", "?_since=2020-01-01T00:00:00Z", "?_at=2020"):
            hidden = await own.ask("GET", f"/Observation/{id}/_history{query}")
            absent = await own.ask("GET", f"/Observation/none/_history{query}")
            assert hidden.status_code == absent.status_code == 404
            assert hidden.text.replace(id, "none") == absent.text
        assert (await other.ask("GET", f"/Observation/{id}/_history?_at=2020")).status_code == 200

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("sent", "status"),
    [('W/"2"', 304), ('"2"', 304), ("2", 304), ('W/"1", W/"2"', 304), ("*", 304), ('W/"1"', 200), ('W/"22"', 200), ("", 200)],
)
def test_a_read_of_a_cached_version_is_answered_304(tmp_path: Path, sent: str, status: int) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, PATIENT_SCOPES)
        id, _ = await with_versions(flow, own, 2)
        for path in (f"/Observation/{id}", f"/Observation/{id}/_history/2"):
            for method in ("GET", "HEAD"):
                answer = await own.ask(method, path, If_None_Match=sent)
                assert answer.status_code == status
                assert answer.headers["etag"] == 'W/"2"'
                assert bool(answer.content) is (status == 200 and method == "GET")

    run(steps, tmp_path)
