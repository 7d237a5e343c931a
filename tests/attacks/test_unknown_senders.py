"""A FHIR request without a valid token is refused before it is interpreted, and costs no more than a few granted reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from tests.abuse.counted_steps import counting
from tests.abuse.raw import FORM, Answer, send
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.flows.writing import hand
from tests.laws import pairs

from sickbay.cli.header_limits import MOST_HEADERS
from sickbay.diagnosis.rule_index import load_index
from sickbay.fhir.versions import VERSIONS
from sickbay.services.journal import write as journal
from sickbay.services.redaction.excerpt import UNKNOWN_SENDER
from sickbay.web.fhir import endpoint

READS, BYTES_PER_READ = 5, 8192
"""A refusal may cost as many granted reads, and one more for each so many bytes."""
RECORDED = 60_000
"""Lines that explaining and recording one refusal may take, however long the request is."""
SIZES = (600, 8_000, 60_000)
Header = tuple[bytes, bytes]


class Target(NamedTuple):
    desk: SharedApp
    senders: dict[str, list[Header]]
    granted: int
    """Lines of a granted read."""

    def refuse(self, method: str, target: bytes, headers: list[Header], body: bytes = b"") -> tuple[Answer, int]:
        """Send a request. Returns the response, and the lines until it was sent."""

        async def steps(flow: Flow) -> tuple[Answer, int]:
            with counting() as counted:
                answer = await send(flow.application, method, target, headers, body)
            return answer, counted.count

        return self.desk.do(steps)

    def compute_bound(self, *texts: bytes) -> int:
        return self.granted * (READS + ceil(sum(map(len, texts)) / BYTES_PER_READ))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with pytest.MonkeyPatch.context() as patch, open_shared_app(tmp_path_factory.mktemp("strangers"), patients=1) as desk:
        for period in ("SOON", "EVERY"):
            patch.setattr(journal, period, 3600)  # nothing is recorded unless a test says so

        async def begin(flow: Flow) -> Target:
            await flow.complete_launch()  # an app, whose secrets are looked for in what is recorded
            token = (await hand(flow, "system/*.rs")).headers["Authorization"].encode()
            expired = (await hand(flow, "system/*.rs")).headers["Authorization"].encode()
            await flow.http.post("/admin/clock", json={"advance": 7200})
            token = (await hand(flow, "system/*.rs")).headers["Authorization"].encode()
            accept = (b"accept", b"application/json")
            for _ in range(3):  # the first request fills caches
                with counting() as counted:
                    answer = await send(
                        flow.application, "GET", b"/general/r4/Patient/p-0001", [(b"authorization", token), accept]
                    )
            assert answer.status == 200
            senders = {
                "no token": [accept],
                "an unknown token": [(b"authorization", b"Bearer " + b"x" * 43), accept],
                "an expired token": [(b"authorization", expired), accept],
            }
            for version in VERSIONS:  # as above
                for method in ("GET", "POST", "PUT", "PATCH"):
                    for headers in senders.values():
                        await send(flow.application, method, f"/general/{version}/Patient/x/Observation".encode(), headers)
            await flow.sandbox.journal.flush()  # reads word lists
            for rules in (load_index().advising, load_index().explaining):  # read at the first refusal of their kind
                assert all(rules[name] is not None for name in rules)
            await send(flow.application, "GET", b"/general/r4?name=%FF", [accept])  # the first one imports how a text is read
            return Target(desk, senders, counted.count)

        yield desk.do(begin)


def _number(form: str, size: int, between: str = "&") -> str:
    """As many copies of the text as fit, each with its number instead of #."""
    texts: list[str] = []
    length = 0
    while length < size:
        texts.append(form.replace("#", str(len(texts))))
        length += len(texts[-1]) + len(between)
    return between.join(texts)


QUERIES: dict[str, Callable[[int], str]] = {
    "_elements": lambda size: "_elements=" + _number("nme#", size, ","),
    "repeated _elements": lambda size: _number("_elements=nme#", size),
    "_has": lambda size: _number("_has:Observaton#:patient:code=1", size),
    "nested _has": lambda size: "_has:Observation:patient:" * (size // 25) + "code=1",
    "_type": lambda size: "_type=" + _number("Patint#", size, ","),
    "known types": lambda size: "_type=" + _number("Patient", size, ","),
    "_include": lambda size: _number("_include=Patient:generl#", size),
    "_revinclude": lambda size: _number("_revinclude=Observaton:subject#", size),
    "_sort": lambda size: "_sort=" + _number("birthdat#", size, ","),
    "repeated _sort": lambda size: _number("_sort=birthdat#", size),
    "chained names": lambda size: _number("subject.nme#.code=1", size),
    "a long chain": lambda size: "subject." * (size // 8) + "name=1",
    "unknown names": lambda size: _number("birthdat#=1", size),
    "unknown modifiers": lambda size: _number("name:exat#=1", size),
    "unknown codes": lambda size: _number("gender=mal#", size),
    "dates": lambda size: "birthdate=" + _number("20#", size, ","),
    "escapes": lambda size: "name=" + "%41" * (size // 3),
    "escaped names": lambda size: _number("%6eame#=1", size),
    "empty values": lambda size: _number("name#=", size),
    "separators": lambda size: "&" * size,
    "wrong text": lambda size: "name=%FF" + "a" * size,
}
PLACES = (
    "",
    "/Patient",
    "/Patient/p-0001",
    "/Patient/p-0001/Observation",
    "/Patient/p-0001/*",
    "/Patient/_history",
    "/$export",
)


@pytest.mark.parametrize(("kind", "version"), pairs(QUERIES, tuple(VERSIONS)))
def test_a_refusal_costs_a_few_reads_whatever_is_asked_for(target: Target, kind: str, version: str) -> None:
    for size in SIZES:
        query = QUERIES[kind](size).encode()
        for place in PLACES:
            address = f"/general/{version}{place}?".encode() + query
            for sender, headers in target.senders.items():
                answer, lines = target.refuse("GET", address, headers)
                assert answer.status == (400 if kind == "wrong text" else 401)
                assert lines <= target.compute_bound(address), (sender, place, size, lines / target.granted)


@pytest.mark.parametrize(("kind", "version"), pairs(QUERIES, tuple(VERSIONS)))
def test_a_search_by_post_costs_as_little(target: Target, kind: str, version: str) -> None:
    for size in (*SIZES, 200_000):
        form = QUERIES[kind](size).encode()
        for place in ("/Patient/_search", "/_search", "/Patient/p-0001/Observation/_search"):
            for sender, headers in target.senders.items():
                answer, lines = target.refuse(
                    "POST", f"/general/{version}{place}".encode(), [*headers, (b"content-type", FORM)], form
                )
                assert answer.status in ((400, 401) if kind == "wrong text" else (401,))
                assert lines <= target.compute_bound(form), (sender, place, size, lines / target.granted)


def _bundle(kind: str, count: int) -> bytes:
    entries = [{"request": {"method": "GET", "url": f"Patiet{number}?nme={number}"}} for number in range(count)]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}).encode()


BODIES: dict[str, tuple[str, str, Callable[[int], bytes]]] = {
    "a batch": ("POST", "", lambda size: _bundle("batch", size // 60)),
    "a transaction": ("POST", "", lambda size: _bundle("transaction", size // 60)),
    "a create": ("POST", "/Patient", lambda size: json.dumps({f"nme{number}": 1 for number in range(size // 12)}).encode()),
    "an update": ("PUT", "/Patient/a", lambda size: b'{"resourceType": "Patient", "x": ' + b"[" * size),
    "a patch": (
        "PATCH",
        "/Patient/a",
        lambda size: json.dumps([{"op": "add", "path": "/x", "value": 1}] * (size // 40)).encode(),
    ),
    "an operation": (
        "POST",
        "/Observation/$validate",
        lambda size: json.dumps({"resourceType": "Parameters", "parameter": [{"name": "x"}] * (size // 14)}).encode(),
    ),
    "a conditional create": ("POST", "/Patient", lambda size: b"{}"),
}


@pytest.mark.parametrize(("kind", "version"), pairs(BODIES, tuple(VERSIONS)))
def test_a_body_is_not_read(target: Target, kind: str, version: str) -> None:
    method, place, body_of = BODIES[kind]
    for size in (*SIZES, 200_000):
        body = body_of(size)
        more = [(b"content-type", VERSIONS[version].json.encode()), (b"if-none-exist", QUERIES["unknown names"](600).encode())]
        for sender, headers in target.senders.items():
            answer, lines = target.refuse(method, f"/general/{version}{place}".encode(), [*headers, *more], body)
            assert answer.status == 401
            assert lines <= target.compute_bound(b""), (sender, size, lines / target.granted)


HEADERS: dict[str, Callable[[int], list[Header]]] = {
    "Accept": lambda size: [(b"accept", _number("a/b#;q=0.#;v=1", size, ",").encode())],
    "many headers": lambda size: [(f"x-{number}".encode(), b"1") for number in range(min(size // 8, MOST_HEADERS - 2))],
    "a token of many words": lambda size: [(b"authorization", _number("Bearer abcdefghi#", size, ", ").encode())],
    "a long token": lambda size: [(b"authorization", b"Bearer " + b"a" * size)],
    "a long JWT": lambda size: [(b"authorization", b"Bearer e30." + b"e30" * (size // 3) + b".AA")],
    "Origin": lambda size: [(b"origin", b"https://" + b"a." * (size // 2))],
    "Prefer": lambda size: [(b"prefer", _number("handling=a#", size, ",").encode())],
    "cookies": lambda size: [(b"cookie", _number("a#=1", size, "; ").encode())],
    "preflight names": lambda size: [
        (b"access-control-request-headers", _number("x-a#", size, ",").encode()),
        (b"origin", b"https://a.example"),
    ],
}


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_cost_as_little(target: Target, kind: str) -> None:
    for size in SIZES:
        headers = HEADERS[kind](size)
        sent = b"".join(name + value for name, value in headers)
        answer, lines = target.refuse("GET", b"/general/r4/Patient/p-0001", headers)
        assert answer.status in (400, 401), answer
        assert lines <= target.compute_bound(sent), (size, lines / target.granted)


@pytest.mark.parametrize(
    "path", ["/Patint", "/Patient/" + "a/" * 30_000, "/" + "a/" * 30_000, "//" + "a" * 60_000, "/$evrything"]
)
def test_a_wrong_path_costs_as_little(target: Target, path: str) -> None:
    address = f"/general/r4{path}".encode()
    for headers in target.senders.values():
        answer, lines = target.refuse("GET", address, headers)
        assert answer.status == 401
        assert lines <= target.compute_bound(address), lines / target.granted


async def _record(flow: Flow, query: bytes, headers: list[Header]) -> tuple[int, dict[str, Any], str]:
    """Send a search. Returns the lines that recording it took, and the exchange as JSON and as a page."""
    await flow.sandbox.journal.flush()
    answer = await send(flow.application, "GET", b"/general/r4?" + query, headers)
    with counting() as steps:
        await flow.sandbox.journal.flush()
    address = f"/exchanges/{answer.headers['x-correlation-id']}"
    exchange = (await flow.http.get(address, headers={"Accept": "application/json"})).json()
    return steps.count, exchange, (await flow.http.get(address, headers={"Accept": "text/html"})).text


@pytest.mark.parametrize("kind", QUERIES)
def test_explaining_a_refusal_afterwards_stops_and_says_so(target: Target, kind: str) -> None:
    for size in (120, *SIZES):
        query, headers = QUERIES[kind](size).encode(), target.senders["an unknown token"]
        lines, exchange, page = target.desk.do(partial(_record, query=query, headers=headers))
        assert lines <= RECORDED, (size, lines)
        is_long = len(query) > UNKNOWN_SENDER
        assert ("unexamined" in exchange) == is_long
        assert ("characters of it aren" in page) == is_long
        assert exchange["corrected"] is None or not is_long


def test_nothing_of_a_search_is_interpreted(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("a request without a valid token was interpreted")

    for name in ("query_of", "access_request", "parse_body", "decide_access"):
        monkeypatch.setattr(endpoint, name, forbidden)
    for headers in target.senders.values():
        for method, address in (
            ("GET", b"/Patient?nme=x"),
            ("POST", b""),
            ("PUT", b"/Patient/a"),
            ("DELETE", b"/Patient?nme=x"),
        ):
            answer, _ = target.refuse(method, b"/general/r4" + address, headers, b"{}")
            assert answer.status == 401, answer


def test_a_refusal_that_was_not_explained_yet_is_explained_for_its_reader(target: Target) -> None:
    first, _ = target.refuse("GET", b"/general/r4/Patient?name=" + quote("Ada").encode(), target.senders["no token"])
    second, _ = target.refuse("GET", b"/general/r4/Patient", target.senders["no token"])

    async def read(flow: Flow) -> None:
        for answer in (second, first):
            address = f"/exchanges/{answer.headers['x-correlation-id']}"
            exchange = (await flow.http.get(address, headers={"Accept": "application/json"})).json()
            assert exchange["findings"][0]["id"] == "fhir-token-missing"
            assert exchange["corrected"]["headers"]["Authorization"].startswith("Bearer")

    target.desk.do(read)
