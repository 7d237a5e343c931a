"""Requests that aren't UTF-8, or are too large, are refused with a rule, and the exchange can be read."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as counted
from hypothesis import strategies as st
from tests.abuse.raw import Answer, send
from tests.flows.flow import BASE, Flow
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.flows.writing import hand

from sickbay.authorization.readable import FORM_LIMIT
from sickbay.settings.database import Unavailable

FORM, JSON = (b"content-type", b"application/x-www-form-urlencoded"), (b"content-type", b"application/json")
HTML = (b"accept", b"text/html")
RULES = {b"%E9": "request-in-latin1", b"%ED%A0%80": "request-not-utf8", b"%00": "request-contains-nul"}
STAGES = {
    "/general/oauth/token": "token",
    "/general/oauth/introspect": "introspection",
    "/general/oauth/revoke": "revocation",
    "/general/oauth/userinfo": "userinfo",
    "/general/oauth/authorize": "authorize",
    "/general/oauth/logout": "logout",
    "/general/oauth/register": "registration",
}


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("unreadable"), engine(), patients=0) as opened:
        yield opened


def send_request(shared_app: SharedApp, *request: Any) -> Answer:
    return shared_app.do(lambda flow: send(flow.application, *request))


def problem_body(answer: Answer) -> dict[str, Any]:
    return dict(json.loads(answer.body))


def exchange_of(shared_app: SharedApp, answer: Answer) -> dict[str, Any]:
    """The exchange, in all three forms."""

    async def read(flow: Flow) -> dict[str, Any]:
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        for accept in ("text/html", "text/plain"):
            assert (await flow.http.get(address, headers={"accept": accept})).status_code == 200
        response: httpx2.Response = await flow.http.get(address, headers={"accept": "application/json"})
        assert response.status_code == 200, response.text
        return dict(response.json())

    return shared_app.do(read)


def finding(shared_app: SharedApp, answer: Answer, stage: str, status: int = 400) -> dict[str, Any]:
    exchange = exchange_of(shared_app, answer)
    assert (answer.status, exchange["response"]["status"], exchange["stage"]) == (status, status, stage)
    (only,) = exchange["findings"]
    assert only["severity"] == "error"
    assert all(only[name] for name in ("title", "why", "fix", "spec"))
    return dict(only)


@pytest.mark.parametrize("value", RULES)
@pytest.mark.parametrize("path", STAGES)
def test_oauth_names_the_rule_and_links_to_the_exchange(shared_app: SharedApp, path: str, value: bytes) -> None:
    target = path.encode() + b"?state=" + value
    origin = (b"origin", b"http://localhost:8100")
    requests = [("GET", target, [origin], b"")]
    requests += [("POST", path.encode(), [FORM, origin], b"state=" + value)]
    for request in requests[: 1 if path.endswith("register") else 2]:
        answer = send_request(shared_app, *request)
        body = problem_body(answer)
        findings = finding(shared_app, answer, STAGES[path])
        assert (body["error"], findings["id"]) == ("invalid_request", RULES[value])
        assert f"({findings['id']})" in body["error_description"]
        assert body["error_uri"] == f"{BASE}/exchanges/{answer.headers['x-correlation-id']}"
        assert findings["facts"]["place"] == "the parameter 'state'"
        open_to_all = not path.endswith(("authorize", "logout", "register"))
        assert ("access-control-allow-origin" in answer.headers) is open_to_all


def test_the_exact_byte_and_its_correction_are_shown(shared_app: SharedApp) -> None:
    answer = send_request(shared_app, "GET", b"/general/oauth/authorize?response_type=code&state=Caf%E9")
    findings = finding(shared_app, answer, "authorize")
    assert "Byte 29 of the query is %E9" in findings["why"]
    assert "send `%C3%A9` instead of `%E9`" in findings["fix"]
    windows = finding(shared_app, send_request(shared_app, "GET", b"/general/oauth/token?state=O%92Brien"), "token")
    assert "%92" in windows["why"]
    assert "send `%E2%80%99` instead of `%92`" in windows["fix"]


@pytest.mark.parametrize("value", RULES)
def test_fhir_answers_with_an_outcome_that_has_the_rule(shared_app: SharedApp, value: bytes) -> None:
    requests: tuple[Any, ...] = (
        ("GET", b"/general/r4/Patient?name=" + value),
        ("GET", b"/general/r4/Patient/" + value),
        ("POST", b"/general/r4/Patient/_search", [FORM], b"name=" + value),
        ("GET", b"/general/dstu2/Patient?name=" + value),
        ("GET", b"/cerner/r4/Patient?name=" + value),
    )
    for request in requests:
        answer = send_request(shared_app, *request)
        issue = problem_body(answer)["issue"][0]
        coded = [issue["code"] for issue in issue["details"]["coding"]]
        assert (problem_body(answer)["resourceType"], issue["code"], coded) == ("OperationOutcome", "structure", [RULES[value]])
        assert finding(shared_app, answer, "access")["id"] == RULES[value]


def test_fhir_answers_in_xml_if_requested(shared_app: SharedApp) -> None:
    answer = send_request(shared_app, "GET", b"/general/r4/Patient?name=%E9", [(b"accept", b"application/fhir+xml")])
    assert (answer.status, answer.body[:1]) == (400, b"<")
    assert finding(shared_app, answer, "access")["id"] == "request-in-latin1"


def test_a_bundle_that_is_not_utf8_is_named(shared_app: SharedApp) -> None:
    body = b'{"resourceType": "Bundle", "type": "batch", "entry": [], "id": "Andr\xe9"}'
    token = shared_app.do(lambda flow: hand(flow, "system/*.cruds")).headers["Authorization"].encode()
    headers = [(b"content-type", b"application/fhir+json"), (b"authorization", token)]
    answer = send_request(shared_app, "POST", b"/general/r4", headers, body)
    findings = finding(shared_app, answer, "access")
    assert (findings["id"], findings["facts"]["place"]) == ("request-in-latin1", "the body")
    assert "send `0xC3 0xA9` instead of `0xE9`" in findings["fix"]


@pytest.mark.parametrize("value", RULES)
def test_admin_answers_with_problem_details_and_a_browser_gets_a_page(shared_app: SharedApp, value: bytes) -> None:
    answer = send_request(shared_app, "GET", b"/admin/exchanges?stage=" + value)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem_body(answer)["status"], problem_body(answer)["findings"][0]["id"]) == (400, RULES[value])
    assert finding(shared_app, answer, "request")["id"] == RULES[value]
    for path in (b"/exchanges?app=", b"/developer?x=", b"/general/oauth/authorize?state=", b"/rules/"):
        page = send_request(shared_app, "GET", path + value, [HTML])
        assert page.headers["content-type"].startswith("text/html")
        id = page.headers["x-correlation-id"].encode()
        assert b"/exchanges/" + id in page.body
        assert finding(shared_app, page, "authorize" if b"authorize" in path else "request")["id"] == RULES[value]


def test_invalid_json_sent_to_the_admin_api_is_named_too(shared_app: SharedApp) -> None:
    answer = send_request(shared_app, "POST", b"/admin/users", [JSON], b'{"username": "Andr\xe9"}')
    assert finding(shared_app, answer, "request")["id"] == "request-in-latin1"


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/general/oauth/token", "/general/oauth/register", "/general/oauth/authorize"])
def test_a_body_that_is_too_large_is_named(shared_app: SharedApp, path: str, announced: bool) -> None:
    body = b"x=" + b"a" * FORM_LIMIT
    headers = [FORM] if announced else [FORM, (b"transfer-encoding", b"chunked")]
    answer = send_request(shared_app, "POST", path.encode(), headers, body)
    findings = finding(shared_app, answer, STAGES[path], 413)
    assert (findings["id"], findings["facts"]) == ("request-too-large", {"limit": FORM_LIMIT, "unit": "bytes"})
    assert "(request-too-large)" in problem_body(answer)["error_description"]
    fits = send_request(shared_app, "POST", path.encode(), [FORM], body[:FORM_LIMIT])
    assert fits.status != 413


@pytest.mark.parametrize("path", ["/general/oauth/token", "/general/oauth/register", "/general/oauth/authorize"])
def test_a_compressed_body_is_named(shared_app: SharedApp, path: str) -> None:
    answer = send_request(shared_app, "POST", path.encode(), [FORM, (b"content-encoding", b"gzip")], gzip.compress(b"code=x"))
    findings = finding(shared_app, answer, STAGES[path], 415)
    assert (findings["id"], findings["facts"]) == ("request-body-compressed", {"received": "gzip"})
    assert "(request-body-compressed)" in problem_body(answer)["error_description"]


def test_a_fhir_body_that_is_too_large_is_named(shared_app: SharedApp) -> None:
    token = shared_app.do(lambda flow: hand(flow, "user/*.rs")).headers["Authorization"].encode()
    headers = [FORM, (b"authorization", token)]
    fits = send_request(shared_app, "POST", b"/general/r4/Patient/_search", headers, b"name=a&x=" + b"a" * 250_000)
    assert fits.status == 200
    answer = send_request(shared_app, "POST", b"/general/r4/Patient/_search", headers, b"name=" + b"a" * 262_144)
    issue = problem_body(answer)["issue"][0]
    assert (issue["code"], issue["details"]["coding"][0]["code"]) == ("too-long", "request-too-large")
    assert finding(shared_app, answer, "access", 413)["facts"]["limit"] == 262_144


@pytest.mark.parametrize(
    ("path", "status"),
    [(b"/general/oauth/token?a=%E9", 503), (b"/general/r4/Patient?name=%E9", 400), (b"/admin/exchanges?stage=%E9", 503)],
)
def test_while_the_database_is_away_the_answer_is_503(
    shared_app: SharedApp, monkeypatch: pytest.MonkeyPatch, path: bytes, status: int
) -> None:
    """FHIR answers at once, because it records such a request afterwards."""

    async def away(*_: Any) -> None:
        raise Unavailable("The database is unavailable", "Try again.")

    monkeypatch.setattr("sickbay.services.journal.write.Journal.write", away)
    assert send_request(shared_app, "GET", path).status == status


SECRET = "Quixotella"


def test_nothing_that_redaction_hides_is_stored(shared_app: SharedApp) -> None:
    """A secret next to a byte that can't be decoded, in each part of a request."""
    pieces = st.sampled_from([b"%E9", b"%00", b"\xff", b"%ED%A0%80", b"=", b"&", b"+", b"%3D"])

    @counted(max_examples=25, phases=(Phase.generate,), database=None, deadline=None, suppress_health_check=[*HealthCheck])
    @given(st.lists(pieces, min_size=1, max_size=4), st.integers(0, 4), st.booleans())
    def holds(around: list[bytes], at: int, is_form: bool) -> None:
        at = min(at, len(around))
        text = b"".join(around[:at]) + SECRET.encode() + b"".join(around[at:])
        for path in (b"/general/oauth/token", b"/general/r4/Patient", b"/admin/apps", b"/general/oauth/authorize"):
            search_path = path + b"/_search" if is_form and b"r4" in path else path
            sent = ("POST", search_path, [FORM], text) if is_form else ("GET", search_path + b"?" + text, [], b"")
            answer = send_request(shared_app, *sent)
            assert answer.status < 500
            if answer.status == 400 and "findings" in (exchange := exchange_or_none(shared_app, answer)):
                assert SECRET not in str(exchange), (sent, exchange)

    holds()


def exchange_or_none(shared_app: SharedApp, answer: Answer) -> dict[str, Any]:
    async def read(flow: Flow) -> dict[str, Any]:
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        return dict((await flow.http.get(address, headers={"accept": "application/json"})).json())

    return shared_app.do(read)


@pytest.mark.parametrize(("target", "status"), [(b"*", 404), (b"*?%E9", 400)])
def test_a_target_without_a_slash_is_answered(shared_app: SharedApp, target: bytes, status: int) -> None:
    """The asterisk form of OPTIONS (RFC 9112 3.2.4)."""
    assert send_request(shared_app, "OPTIONS", target).status == status


REGISTRATIONS = {
    "/general/oauth/register": '"client_name": "Twice", "redirect_uris": ["https://app.example.org/cb"]',
    "/admin/apps": '"name": "Twice", "type": "provider", "client": "public", "redirect_uris": ["https://app.example.org/cb"]',
}


@pytest.mark.parametrize("path", REGISTRATIONS)
def test_a_registration_with_a_member_twice_is_refused(shared_app: SharedApp, path: str) -> None:
    async def register(flow: Flow, members: str) -> httpx2.Response:
        body = f"{{{REGISTRATIONS[path]}, {members}}}"
        return await flow.http.post(path, content=body, headers={"content-type": "application/json"})

    assert shared_app.do(lambda flow: register(flow, '"scope": "openid"')).status_code == 201
    for members in ('"scope": "openid", "scope": "launch"', r'"scope": "openid", "\u0073cope": "launch"'):
        answer = shared_app.do(functools.partial(register, members=members))
        assert answer.status_code in (400, 422)
        assert "member 'scope' twice in one object" in answer.text
