"""Repeated reads and searches have the same responses and records until something relevant changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import TokenClient, hand, observation

Engine = Callable[[], str | None]
ASKED: list[dict[str, str]] = [
    {},
    {"Accept": "*/*"},
    {"Accept": "application/fhir+xml"},
    {"Accept": "text/turtle"},
    {"Origin": "http://page.example"},
    {"If-None-Match": 'W/"1"'},
    {"If-None-Match": 'W/"2"'},
    {"If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"},
    {"Authorization": "Basic eDp5"},
    {"Authorization": "Bearer nobody"},
    {"Prefer": "handling=strict"},
]
PATHS = (
    "/Patient/p-0001",
    "/Patient/p-0002",
    "/Patient/none",
    "/Patient/undefined",
    "/Observation/none",
    "/Binary/none",
    "/Patient/a b",
    "/Nonsense/1",
)
SEARCHES = (
    "/Patient",
    "/Patient?name=a&_count=3",
    "/Patient?name=a&_summary=count",
    "/Patient?_id=none",
    "/Patient?nonsense=1",
    "/Patient?name=",
    "/Patient?_format=xml&_count=1",
    "/Patient?_count=2&_pretty=true",
    "/Patient/p-0001?_elements=name",
    "/Patient?_count=2&_elements=name",
    "/Patient?_cursor=nonsense",
    "/Patient?access_token=x",
    "/Patient/p-0001/Condition",
    "/Patient/p-0001/_history",
    "/Patient/p-0001/$everything?_count=2",
    "?_type=Patient,Condition&_count=2",
    "/metadata",
    "/Observation?patient=p-0001&category=vital-signs&_include=Observation:encounter",
)


@pytest.mark.parametrize("scope", ["patient/Patient.rs", "user/*.rs"])
def test_the_same_request_gets_the_same_response(tmp_path: Path, scope: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, scope)
        first = await all_in_turn(own, 2)
        statuses = {status for status, _, _ in first}
        assert statuses == {200, 304, 400, 401, 403, 404, 406} - ({403} if scope[0] == "u" else set())
        assert first[::2] == first[1::2]
        assert await all_in_turn(own, 1) == first[::2]

    run(steps, tmp_path)


async def all_in_turn(own: TokenClient, times: int) -> list[tuple[int, dict[str, str], str]]:
    """Send each request so many times in a row."""
    sent = [(path, metadata) for path in PATHS for metadata in ASKED] + [(path, ASKED[0]) for path in SEARCHES]
    return [
        comparable_response(await own.flow.http.request(method, own.base + path, headers=own.headers | address))
        for method in ("GET", "HEAD")
        for path, address in sent
        for _ in range(times)
    ]


@pytest.mark.parametrize("path", ["/Patient/p-0001", "/Patient?name=a", "/Patient/p-0001/Condition"])
def test_repeated_requests_are_recorded_alike(tmp_path: Path, path: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        own.headers["X-Number"] = "1"
        assert [await read(own, path) for _ in range(9)] == [200] * 9
        exchanges = [
            await comparable_exchange(flow, exchange["id"])
            for exchange in (await flow.http.get("/admin/exchanges", params={"stage": "access"})).json()
        ]
        assert len(exchanges) == 9
        assert all(exchange == exchanges[0] for exchange in exchanges)
        assert exchanges[0]["response"]["status"] == 200
        assert own.headers["Authorization"] not in str(exchanges)

    run(steps, tmp_path)


async def comparable_exchange(flow: Flow, id: str) -> dict[str, Any]:
    """An exchange without its unique values."""
    exchange = (await flow.http.get(f"/exchanges/{id}", headers={"Accept": "application/json"})).json()
    return {key: value for key, value in exchange.items() if key not in ("id", "at", "milliseconds")}


def test_a_write_is_visible_immediately(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.cruds")
        path = "/Observation?patient=p-0001&_summary=count"
        for _ in range(5):
            before = (await own.ask("GET", path)).json()["total"]
            id = (await own.create(observation()))["id"]
            assert (await own.ask("GET", path)).json()["total"] == before + 1
            assert await read(own, f"/Observation/{id}") == 200
            assert (await own.ask("DELETE", f"/Observation/{id}")).status_code == 204
            assert await read(own, f"/Observation/{id}") == 410
            assert (await own.ask("GET", path)).json()["total"] == before

    run(steps, tmp_path, data=engine() or str(tmp_path))


def comparable_response(answer: httpx2.Response) -> tuple[int, dict[str, str], str]:
    id = answer.headers["x-correlation-id"]
    headers = {name: value for name, value in answer.headers.items() if name != "x-correlation-id"}
    return answer.status_code, headers, answer.text.replace(id, "ID")


async def revoke(flow: Flow, own: TokenClient, token: str) -> TokenClient:
    await flow.http.post("/general/oauth/revoke", data={"token": token, "client_id": flow.application["client_id"]})
    return own


async def remove(flow: Flow, own: TokenClient, token: str) -> TokenClient:
    await flow.http.delete(f"/admin/apps/{flow.application['app_id']}")
    return own


async def expire_token(flow: Flow, own: TokenClient, token: str) -> TokenClient:
    await flow.http.post("/admin/clock", json={"advance": 86_400})
    return own


async def make_strict(flow: Flow, own: TokenClient, token: str) -> TokenClient:
    await flow.http.patch("/admin/policies/general", json={"strict_cors": True})
    return own


async def other_base(flow: Flow, own: TokenClient, token: str) -> TokenClient:
    return TokenClient(flow, token, "/general/dstu2")


async def in_the_query_too(flow: Flow, own: TokenClient, token: str) -> TokenClient:
    return TokenClient(flow, f"{token}, Bearer {token}")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (revoke, 401),
        (remove, 401),
        (expire_token, 401),
        (make_strict, 403),
        (other_base, 401),
        (in_the_query_too, 400),
    ],
)
def test_a_cached_token_context_is_not_used_once_it_has_changed(
    tmp_path: Path, engine: Engine, change: Callable[[Flow, TokenClient, str], Awaitable[TokenClient]], status: int
) -> None:
    async def steps(flow: Flow) -> None:
        flow.application = await flow.register(scope="user/*.rs")
        body = {"app": flow.application["app_id"], "scope": "user/*.rs", "user": await flow.clinician()}
        token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
        own = TokenClient(flow, token)
        own.headers["Origin"] = "http://page.example"
        assert [await read(own) for _ in range(3)] == [200] * 3
        assert flow.sandbox.runtime.token_cache.contexts or flow.sandbox.runtime.store.stamp() is None
        after = await change(flow, own, token)
        after.headers["Origin"] = "http://page.example"
        assert [await read(after) for _ in range(2)] == [status] * 2

    run(steps, tmp_path, data=engine() or str(tmp_path))


async def read(own: TokenClient, path: str = "/Patient/p-0001") -> int:
    return (await own.ask("GET", path)).status_code


def test_access_to_one_type_grants_no_other_type(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/Patient.r")
        assert [await read(own) for _ in range(3)] == [200] * 3
        assert await read(own, "/Observation/1") == 403
        assert await read(own, "/Patient?_id=p-0001") == 403
        assert (await own.ask("PUT", "/Patient/p-0001", {"resourceType": "Patient", "id": "p-0001"})).status_code == 403
        assert (await own.ask("GET", "/Patient/p-0001?access_token=x")).status_code == 400

    run(steps, tmp_path)


def test_access_of_one_token_is_never_granted_to_another(tmp_path: Path) -> None:
    """Tested among thousands of other requests, whose cached headers were evicted."""

    async def steps(flow: Flow) -> None:
        own, other = await hand(flow, "patient/Patient.r"), await hand(flow, "patient/Patient.r", patient="p-0002")
        for number in range(1100):
            sent: dict[str, Any] = {"x_number": str(number)}
            assert (await own.ask("GET", "/Patient/p-0001", **sent)).status_code == 200
            assert (await other.ask("GET", "/Patient/p-0001", **sent)).status_code == 404

    run(steps, tmp_path)
