"""Requests that aren't UTF-8, or are too large, are refused with a rule, and the exchange can be read."""

from __future__ import annotations

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
from tests.flows.shared_app import Sitting, sitting
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
def desk(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[Sitting]:
    with sitting(tmp_path_factory.mktemp("unreadable"), engine(), patients=0) as opened:
        yield opened


def asked(desk: Sitting, *request: Any) -> Answer:
    return desk.do(lambda flow: send(flow.application, *request))


def said(answer: Answer) -> dict[str, Any]:
    return dict(json.loads(answer.body))


def kept(desk: Sitting, answer: Answer) -> dict[str, Any]:
    """The exchange, which has all three forms."""

    async def read(flow: Flow) -> dict[str, Any]:
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        for accept in ("text/html", "text/plain"):
            assert (await flow.http.get(address, headers={"accept": accept})).status_code == 200
        found: httpx2.Response = await flow.http.get(address, headers={"accept": "application/json"})
        assert found.status_code == 200, found.text
        return dict(found.json())

    return desk.do(read)


def finding(desk: Sitting, answer: Answer, stage: str, status: int = 400) -> dict[str, Any]:
    exchange = kept(desk, answer)
    assert (answer.status, exchange["response"]["status"], exchange["stage"]) == (status, status, stage)
    (only,) = exchange["findings"]
    assert only["severity"] == "error"
    assert all(only[one] for one in ("title", "why", "fix", "spec"))
    return dict(only)


@pytest.mark.parametrize("value", RULES)
@pytest.mark.parametrize("path", STAGES)
def test_oauth_names_the_rule_and_links_to_the_exchange(desk: Sitting, path: str, value: bytes) -> None:
    target = path.encode() + b"?state=" + value
    origin = (b"origin", b"http://localhost:8100")
    requests = [("GET", target, [origin], b"")]
    requests += [("POST", path.encode(), [FORM, origin], b"state=" + value)]
    for request in requests[: 1 if path.endswith("register") else 2]:
        answer = asked(desk, *request)
        body = said(answer)
        found = finding(desk, answer, STAGES[path])
        assert (body["error"], found["id"]) == ("invalid_request", RULES[value])
        assert f"({found['id']})" in body["error_description"]
        assert body["error_uri"] == f"{BASE}/exchanges/{answer.headers['x-correlation-id']}"
        assert found["facts"]["place"] == "the parameter 'state'"
        open_to_all = not path.endswith(("authorize", "logout", "register"))
        assert ("access-control-allow-origin" in answer.headers) is open_to_all


def test_the_exact_byte_and_its_correction_are_shown(desk: Sitting) -> None:
    answer = asked(desk, "GET", b"/general/oauth/authorize?response_type=code&state=Caf%E9")
    found = finding(desk, answer, "authorize")
    assert "Byte 29 of the query is %E9" in found["why"]
    assert "send `%C3%A9` instead of `%E9`" in found["fix"]
    windows = finding(desk, asked(desk, "GET", b"/general/oauth/token?state=O%92Brien"), "token")
    assert "%92" in windows["why"]
    assert "send `%E2%80%99` instead of `%92`" in windows["fix"]


@pytest.mark.parametrize("value", RULES)
def test_fhir_answers_with_an_outcome_that_has_the_rule(desk: Sitting, value: bytes) -> None:
    requests: tuple[Any, ...] = (
        ("GET", b"/general/r4/Patient?name=" + value),
        ("GET", b"/general/r4/Patient/" + value),
        ("POST", b"/general/r4/Patient/_search", [FORM], b"name=" + value),
        ("GET", b"/general/dstu2/Patient?name=" + value),
        ("GET", b"/cerner/r4/Patient?name=" + value),
    )
    for request in requests:
        answer = asked(desk, *request)
        issue = said(answer)["issue"][0]
        coded = [one["code"] for one in issue["details"]["coding"]]
        assert (said(answer)["resourceType"], issue["code"], coded) == ("OperationOutcome", "structure", [RULES[value]])
        assert finding(desk, answer, "access")["id"] == RULES[value]


def test_fhir_answers_in_xml_where_that_is_asked_for(desk: Sitting) -> None:
    answer = asked(desk, "GET", b"/general/r4/Patient?name=%E9", [(b"accept", b"application/fhir+xml")])
    assert (answer.status, answer.body[:1]) == (400, b"<")
    assert finding(desk, answer, "access")["id"] == "request-in-latin1"


def test_a_bundle_that_is_not_utf8_is_named(desk: Sitting) -> None:
    body = b'{"resourceType": "Bundle", "type": "batch", "entry": [], "id": "Andr\xe9"}'
    answer = asked(desk, "POST", b"/general/r4", [(b"content-type", b"application/fhir+json")], body)
    found = finding(desk, answer, "access")
    assert (found["id"], found["facts"]["place"]) == ("request-in-latin1", "the body")
    assert "send `0xC3 0xA9` instead of `0xE9`" in found["fix"]


@pytest.mark.parametrize("value", RULES)
def test_admin_answers_with_problem_details_and_a_browser_gets_a_page(desk: Sitting, value: bytes) -> None:
    answer = asked(desk, "GET", b"/admin/exchanges?stage=" + value)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (said(answer)["status"], said(answer)["findings"][0]["id"]) == (400, RULES[value])
    assert finding(desk, answer, "request")["id"] == RULES[value]
    for path in (b"/exchanges?app=", b"/developer?x=", b"/general/oauth/authorize?state=", b"/rules/"):
        page = asked(desk, "GET", path + value, [HTML])
        assert page.headers["content-type"].startswith("text/html")
        id = page.headers["x-correlation-id"].encode()
        assert b"/exchanges/" + id in page.body
        assert finding(desk, page, "authorize" if b"authorize" in path else "request")["id"] == RULES[value]


def test_json_of_the_admin_api_is_named_too(desk: Sitting) -> None:
    answer = asked(desk, "POST", b"/admin/users", [JSON], b'{"username": "Andr\xe9"}')
    assert finding(desk, answer, "request")["id"] == "request-in-latin1"


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/general/oauth/token", "/general/oauth/register", "/general/oauth/authorize"])
def test_a_body_that_is_too_large_is_named(desk: Sitting, path: str, announced: bool) -> None:
    body = b"x=" + b"a" * FORM_LIMIT
    headers = [FORM] if announced else [FORM, (b"transfer-encoding", b"chunked")]
    answer = asked(desk, "POST", path.encode(), headers, body)
    found = finding(desk, answer, STAGES[path], 413)
    assert (found["id"], found["facts"]) == ("request-too-large", {"limit": FORM_LIMIT, "unit": "bytes"})
    assert "(request-too-large)" in said(answer)["error_description"]
    fits = asked(desk, "POST", path.encode(), [FORM], body[:FORM_LIMIT])
    assert fits.status != 413


def test_a_fhir_body_that_is_too_large_is_named(desk: Sitting) -> None:
    token = desk.do(lambda flow: hand(flow, "user/*.rs")).headers["Authorization"].encode()
    headers = [FORM, (b"authorization", token)]
    fits = asked(desk, "POST", b"/general/r4/Patient/_search", headers, b"name=a&x=" + b"a" * 250_000)
    assert fits.status == 200
    answer = asked(desk, "POST", b"/general/r4/Patient/_search", headers, b"name=" + b"a" * 262_144)
    issue = said(answer)["issue"][0]
    assert (issue["code"], issue["details"]["coding"][0]["code"]) == ("too-long", "request-too-large")
    assert finding(desk, answer, "access", 413)["facts"]["limit"] == 262_144


def test_while_the_database_is_away_the_answer_is_503(desk: Sitting, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise Unavailable("The database is away", "Try again.")

    for path in (b"/general/oauth/token?a=%E9", b"/general/r4/Patient?name=%E9", b"/admin/exchanges?stage=%E9"):
        with monkeypatch.context() as patched:
            patched.setattr("sickbay.services.journal.journal.Journal.write", away)
            assert asked(desk, "GET", path).status == 503


SECRET = "Quixotella"


def test_nothing_that_redaction_hides_is_kept(desk: Sitting) -> None:
    """A secret next to a byte that can't be decoded, in each part of a request."""
    pieces = st.sampled_from([b"%E9", b"%00", b"\xff", b"%ED%A0%80", b"=", b"&", b"+", b"%3D"])

    @counted(max_examples=25, phases=(Phase.generate,), database=None, deadline=None, suppress_health_check=[*HealthCheck])
    @given(st.lists(pieces, min_size=1, max_size=4), st.integers(0, 4), st.booleans())
    def holds(around: list[bytes], at: int, is_form: bool) -> None:
        at = min(at, len(around))
        text = b"".join(around[:at]) + SECRET.encode() + b"".join(around[at:])
        for path in (b"/general/oauth/token", b"/general/r4/Patient", b"/admin/apps", b"/general/oauth/authorize"):
            where = path + b"/_search" if is_form and b"r4" in path else path
            sent = ("POST", where, [FORM], text) if is_form else ("GET", where + b"?" + text, [], b"")
            answer = asked(desk, *sent)
            assert answer.status < 500
            if answer.status == 400 and "findings" in (exchange := kept_or_none(desk, answer)):
                assert SECRET not in str(exchange), (sent, exchange)

    holds()


def kept_or_none(desk: Sitting, answer: Answer) -> dict[str, Any]:
    async def read(flow: Flow) -> dict[str, Any]:
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        return dict((await flow.http.get(address, headers={"accept": "application/json"})).json())

    return desk.do(read)


@pytest.mark.parametrize(("target", "status"), [(b"*", 404), (b"*?%E9", 400)])
def test_a_target_without_a_slash_is_answered(desk: Sitting, target: bytes, status: int) -> None:
    """The asterisk form of OPTIONS (RFC 9112 3.2.4)."""
    assert asked(desk, "OPTIONS", target).status == status
