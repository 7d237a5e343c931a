"""No bytes in a request cause a server error: the status is below 500, and errors have the format of their endpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as counted
from hypothesis import strategies as st
from tests.abuse.raw import BODIES, FHIR, FORM, HEADER_NAMES, HEADERS, JSON, JSON_VALUES, QUERIES, Answer, addresses, send
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.flows.writing import hand

PARAMETERS = b"""
client_id redirect_uri response_type scope state aud launch code_challenge nonce max_age prompt id_token_hint grant_type code
code_verifier refresh_token client_secret client_assertion token post_logout_redirect_uri limit tenant app stage correlation_id
_count name birthdate _lastUpdated code:text value-quantity _sort _include _has:Observation:patient:code _cursor near _since
_elements _format _summary q page day patient user encounter csrf username password input theme back next id url _type _id
identifier date redirect_uris jwks_uri smart_version access_token start max filter offset count system fhir_context intent
""".split()
BELOW_FHIR = (
    "",
    "/Patient",
    "/Patient/{x}",
    "/Observation",
    "/Observation/{x}",
    "/Patient/{x}/_history",
    "/Patient/{x}/_history/{x}",
    "/_history",
    "/Patient/_search",
    "/Patient/{x}/Observation",
    "/Patient/$everything",
    "/Observation/$lastn",
    "/Observation/$validate",
    "/Observation/x/$meta-add",
    "/ValueSet/$expand",
    "/CodeSystem/$lookup",
    "/$export",
    "/$export/{x}",
    "/Binary",
    "/Binary/{x}",
    "/metadata",
    "/DocumentReference/$docref",
    "/Group/{x}/$export",
    "/{x}",
    "/{x}/{x}",
    "/$foo",
)
TEMPLATES = (
    b'{"resourceType":"Patient","id":"p-0001","name":[{"family":%s}],"birthDate":%s}',
    b'{"resourceType":"Observation","status":"final","code":{"text":%s},"valueQuantity":{"value":%s}}',
    b'{"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":%s,"request":{"method":"GET","url":%s}}]}',
    b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Patient","ifNoneExist":%s},'
    b'"resource":{"resourceType":"Patient","gender":%s}}]}',
    b'[{"op":"add","path":%s,"value":%s}]',
    b'{"resourceType":"Parameters","parameter":[{"name":%s,"valueString":%s}]}',
    b'{"name":%s,"type":"provider","client":"public","scope":%s}',
    b'{"app":%s,"scope":%s,"tenant":"general"}',
    b'{"client_name":%s,"redirect_uris":[%s]}',
    b'{"username":%s,"password":%s,"fhirUser":"Practitioner/x"}',
    b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"text":{"status":"generated","div":%s},"meta":%s}',
    b'{"resourceType":"Binary","contentType":%s,"data":%s}',
    b'{"advance":%s,"x":%s}',
    b'{"jwks":%s,"policy":%s}',
)
EXCLUDED = ("/admin/reset", "/admin/clock", "/admin/keys/rotate", "/admin/policies/{tenant}")
"""Endpoints that would change the server for the other requests."""


class Target:
    def __init__(self, desk: SharedApp, tokens: list[bytes], app: dict[str, Any], routes: list[tuple[str, str]]) -> None:
        self.desk, self.tokens, self.app, self.routes = desk, tokens, app, routes

    def request(self, random: Random) -> tuple[str, bytes, list[tuple[bytes, bytes]], bytes]:
        method, template = random.choice(self.routes)
        if random.random() < 0.5:
            method = random.choice(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"))
            template = f"/general/{random.choice(('r4', 'dstu2', 'r5'))}{random.choice(BELOW_FHIR)}"
        values = (b"p-0001", self.app["app_id"].encode(), b"general", random.choice(QUERIES))
        path = re.sub(
            rb"\{[^}]*\}",
            lambda _: random.choice(values).replace(b"?", b"%3f").replace(b"#", b"%23"),
            template.encode(),
        )
        query = self._pairs(random) if random.random() < 0.6 else b""
        headers = [(random.choice(HEADER_NAMES), random.choice(HEADERS))] if random.random() < 0.3 else []
        if random.random() < 0.7 and template.startswith("/general/"):
            headers.append((b"authorization", b"Bearer " + random.choice(self.tokens)))
        body = b""
        if method in ("POST", "PUT", "PATCH"):
            body = random.choice((random.choice(BODIES), self._json(random), self._pairs(random)))
            kinds = (
                JSON,
                FORM,
                FHIR,
                b"application/json-patch+json",
                b"application/merge-patch+json",
                b"application/fhir+xml",
            )
            headers.append((b"content-type", random.choice(kinds)))
        return method, path + (b"?" + query if query else b""), headers, body

    def _json(self, random: Random) -> bytes:
        good = (b'"x"', b'"p-0001"', b'"2020-01-01"', b"5", *JSON_VALUES)
        return random.choice(TEMPLATES) % (random.choice(JSON_VALUES), random.choice(good))

    def _pairs(self, random: Random) -> bytes:
        pairs = [(random.choice(PARAMETERS), random.choice(QUERIES)) for _ in range(random.randint(1, 4))]
        if random.random() < 0.3:
            pairs += [
                (b"client_id", self.app["client_id"].encode()),
                (b"redirect_uri", b"http://localhost:8100/callback"),
                (b"response_type", b"code"),
                (b"aud", b"http://localhost:7425/general/r4"),
                (b"scope", b"user/*.rs"),
            ]
        return b"&".join(b"=".join(pair) for pair in pairs)

    def send(self, *arguments: Any) -> Answer:
        return self.desk.do(lambda flow: send(flow.application, *arguments))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[Target]:
    with open_shared_app(tmp_path_factory.mktemp("bytes"), engine(), patients=1) as desk:

        async def begin(flow: Flow) -> Target:
            tokens = [
                (await hand(flow, scope)).headers["Authorization"][7:].encode() for scope in ("system/*.cruds", "user/*.cruds")
            ]
            routes = [route for route in addresses(flow.application.pages.routes) if route[1] not in EXCLUDED]
            return Target(desk, tokens, await flow.register(), routes)

        yield desk.do(begin)


def is_shaped(method: str, path: str, answer: Answer) -> bool:
    """Whether an error has the format of its endpoint: OperationOutcome, OAuth's `error`, problem details or a page."""
    kind = answer.headers.get("content-type", "")
    if answer.status < 400 or method == "HEAD" or "html" in kind or answer.status in (404, 405, 421):
        return True
    if re.match(r"/(general|cerner|epic)/(r4|dstu2|r5)(/|$)", path):
        return b"OperationOutcome" in answer.body
    if "/oauth/" in path or path.endswith("/oauth"):
        return "error" in json.loads(answer.body)
    return bool(answer.body)


def attack(target: Target, examples: int) -> None:
    @counted(max_examples=examples, phases=(Phase.generate,), database=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def holds(random: Random) -> None:
        for _ in range(8):
            method, where, headers, body = target.request(random)
            answer = target.send(method, where, headers, body)
            assert answer.status < 500, (method, where, headers, body[:300], answer.body[:300])
            assert not any(ord(char) < 32 or ord(char) == 127 for value in answer.headers.values() for char in value), (
                where,
                answer,
            )
            assert is_shaped(method, where.partition(b"?")[0].decode("latin-1"), answer), (method, where, headers, answer)

    holds()


def test_no_bytes_cause_a_server_error(target: Target) -> None:
    attack(target, 10)


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_no_bytes_in_thousands_of_requests_cause_a_server_error(target: Target) -> None:
    attack(target, 500)


@pytest.mark.parametrize("value", [b"%ed%a0%80", b"%ff", b"%00", b"\xff", b"%c0%af", b"\xed\xa0\x80"])
def test_invalid_text_is_refused_in_the_format_of_its_endpoint(target: Target, value: bytes) -> None:
    fhir = target.send("GET", b"/general/r4/Patient?name=" + value)
    assert (fhir.status, json.loads(fhir.body)["resourceType"]) == (400, "OperationOutcome")
    form = [(b"content-type", FORM)]
    for path in (
        b"/general/oauth/token",
        b"/general/oauth/introspect",
        b"/general/oauth/revoke",
        b"/general/oauth/userinfo",
    ):
        for arguments in (("POST", path, form, b"code=" + value), ("POST", path + b"?a=" + value, form, b"code=x")):
            answer = target.send(*arguments)
            assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request"), (arguments, answer)
    page = target.send("GET", b"/exchanges?app=" + value, [(b"accept", b"text/html")])
    assert (page.status, page.headers["content-type"].partition(";")[0]) == (400, "text/html")
    search = target.send("POST", b"/general/r4/Patient/_search", form, b"name=" + value)
    assert (search.status, json.loads(search.body)["resourceType"]) == (400, "OperationOutcome")
    admin = target.send("GET", b"/admin/exchanges?stage=" + value)
    assert (admin.status, json.loads(admin.body)["status"]) == (400, 400)
    assert target.send("GET", b"/general/oauth/authorize?state=" + value).status == 400


@pytest.mark.parametrize("limit", ["²", "٣", "１", "9" * 400, "-1", "+1", "1_0", "0x1"])
def test_digits_of_other_scripts_are_not_numbers(target: Target, limit: str) -> None:
    answer = target.send("GET", b"/admin/exchanges?limit=" + limit.encode())
    assert (answer.status, isinstance(json.loads(answer.body), list)) == (200, True)
    assert target.send("GET", b"/general/r4/Patient?_count=" + limit.encode()).status in (400, 401)


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\u0000"', '"\\udc00x"'])
def test_json_with_invalid_text_is_refused(target: Target, text: str) -> None:
    body = f'{{"client_name": {text}, "redirect_uris": ["http://localhost:8100/x"]}}'.encode()
    registered = target.send("POST", b"/general/oauth/register", [(b"content-type", JSON)], body)
    assert (registered.status, "error" in json.loads(registered.body)) == (400, True)
    admin = f'{{"username": {text}, "password": "x", "fhirUser": "Practitioner/x"}}'.encode()
    assert target.send("POST", b"/admin/users", [(b"content-type", JSON)], admin).status == 422
    patient = f'{{"resourceType": "Patient", "name": [{{"family": {text}}}]}}'.encode()
    headers = [(b"content-type", FHIR), (b"authorization", b"Bearer " + target.tokens[0])]
    created = target.send("POST", b"/general/r4/Patient", headers, patient)
    assert created.status in (400, 422)
    assert json.loads(created.body)["resourceType"] == "OperationOutcome"
