"""The exchanges of a launch are read from a HAR file; unreadable entries are left out."""

from __future__ import annotations

import base64
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples, for_each

from sickbay.doctor.diagnose import diagnose
from sickbay.doctor.har import is_har, read
from sickbay.protocol.parameters import parse

EHR = "https://ehr.example.org"
DISCOVERY = {"authorization_endpoint": f"{EHR}/authorize", "token_endpoint": f"{EHR}/token", "issuer": f"{EHR}/r4"}


def entry(url: str, method: str = "GET", *, status: int = 200, body: str = "", answer: Any = None, **headers: str) -> Any:
    sent = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    content = {"text": answer if isinstance(answer, str) else json.dumps(answer)} if answer is not None else {}
    post_data = {"postData": {"mimeType": "", "text": body}} if body else {}
    request = {"method": method, "url": url, "headers": sent, **post_data}
    return {"request": request, "response": {"status": status, "headers": [], "content": content}}


def har(*entries: Any) -> dict[str, Any]:
    return {"log": {"version": "1.2", "creator": {}, "entries": list(entries)}}


def kinds(*entries: Any) -> list[list[str]]:
    return [[evidence["kind"] for evidence in exchange.inputs] for exchange in read(har(*entries))]


def ids(exchange: Any) -> set[str]:
    return {finding.id for evidence in exchange.inputs for finding in diagnose(evidence).explanation.findings}


@for_each(
    "sent, expected",
    [
        (entry("http://localhost:8100/launch?iss=https%3A%2F%2Fa&launch=x"), ["launch_url"]),
        (entry(f"{EHR}/r4/.well-known/smart-configuration", answer=DISCOVERY), ["smart_configuration"]),
        (entry(f"{EHR}/authorize?response_type=code&client_id=a"), ["authorize_url"]),
        (entry("http://localhost:8100/cb?code=x&state=y"), ["redirect_url"]),
        (entry("http://localhost:8100/cb?error=access_denied&state=y"), ["redirect_url"]),
        (entry(f"{EHR}/token", "POST", body="grant_type=authorization_code"), ["token_request"]),
        (
            entry(f"{EHR}/token", "POST", body="grant_type=x", answer={"error": "y"}),
            ["token_request", "token_response"],
        ),
        (entry(f"{EHR}/r4/Patient/1", Authorization="Bearer x"), ["fhir_request"]),
        (entry(f"{EHR}/r4/Observation?patient=1", accept="application/fhir+json"), ["fhir_request"]),
        (entry(f"{EHR}/r4/Patient/1", "OPTIONS", status=403, Origin="http://a", Authorization="x"), ["http_exchange"]),
        (entry(f"{EHR}/r4/Patient/1", Origin="http://a", Authorization="x"), ["fhir_request", "http_exchange"]),
    ],
)
def test_an_exchange_of_a_launch_is_recognised_by_its_content(sent: Any, expected: list[str]) -> None:
    assert kinds(sent) == [expected]


@for_each(
    "fetched",
    [
        entry("http://localhost:8100/main.js"),
        entry("https://example.org/Patients/1"),
        entry("data:text/html,x"),
        entry("https://example.org/search?code=5"),
        entry("http://localhost:8100/Assets/logo.png", Authorization="x"),
        {"request": None},
        None,
        {},
        {"request": {"url": 5}},
    ],
)
def test_other_requests_of_the_browser_are_left_out(fetched: Any) -> None:
    assert kinds(fetched) == []


def test_an_exchange_has_its_number_in_the_file_and_a_url_without_query() -> None:
    (exchange,) = read(har(entry("http://localhost:8100/main.js"), entry("http://localhost:8100/cb?code=x&state=y#z")))
    assert (exchange.number, exchange.url) == (2, "http://localhost:8100/cb")


def test_the_discovery_document_is_used_for_the_other_exchanges() -> None:
    discovery = entry(f"{EHR}/r4/.well-known/smart-configuration", answer=DISCOVERY)
    authorize = entry(f"{EHR}/oauth/authorize?response_type=code&client_id=a&aud=https%3A%2F%2Fehr.example.org")
    assert {"authorize-endpoint-not-discovered", "aud-not-fhir-base"} <= ids(read(har(discovery, authorize))[1])
    assert "authorize-endpoint-not-discovered" not in ids(read(har(authorize))[0])


def test_two_different_discovery_documents_are_both_ignored() -> None:
    other = {**DISCOVERY, "authorization_endpoint": "https://other.example.org/authorize"}
    path = "/r4/.well-known/smart-configuration"
    exchanges = read(har(entry(EHR + path, answer=DISCOVERY), entry(f"https://other.example.org{path}", answer=other)))
    assert all("server" not in evidence["context"] for exchange in exchanges for evidence in exchange.inputs)


def test_the_returned_state_is_compared_with_the_sent_one() -> None:
    authorize = entry(f"{EHR}/authorize?response_type=code&client_id=a&state=one")
    for state, is_reported in (("two", True), ("one", False)):
        back = entry(f"http://localhost:8100/cb?code=x&state={state}")
        assert ("redirect-state-mismatch" in ids(read(har(authorize, back))[1])) is is_reported


def test_parameters_without_a_text_and_a_base64_response_are_read() -> None:
    token_request = entry(f"{EHR}/token", "POST")
    token_request["request"]["postData"] = {"params": [{"name": "grant_type", "value": "x"}, {"name": "code", "value": "y"}]}
    text = base64.b64encode(json.dumps({"error": "invalid_grant"}).encode()).decode()
    token_request["response"]["content"] = {"text": text, "encoding": "base64"}
    (exchange,) = read(har(token_request))
    assert exchange.inputs[0]["body"] == "grant_type=x&code=y"
    assert exchange.inputs[1]["json"] == {"error": "invalid_grant"}


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["request", "response", "url", "headers", "name", "value", "postData", "params", "content", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=examples(200, 12), deadline=None)
@given(JUNK, JUNK)
def test_no_entry_makes_reading_fail(request: Any, response: Any) -> None:
    request = request if isinstance(request, dict) else {}
    for url in (
        f"{EHR}/token",
        f"{EHR}/authorize?client_id=a&redirect_uri=b",
        f"{EHR}/r4/.well-known/smart-configuration",
    ):
        for exchange in read(har({"request": {**request, "url": url}, "response": response})):
            for evidence in exchange.inputs:
                diagnose(evidence)


def test_only_a_log_with_entries_is_a_har_file() -> None:
    assert is_har(har())
    others: tuple[object, ...] = (None, [], {}, {"log": {}}, {"log": {"entries": {}}}, {"log": []})
    assert not any(is_har(document) for document in others)


def test_what_sickbay_masked_in_its_own_file_is_no_mistake() -> None:
    """Its masks stand for values that it examined, and it records few headers."""
    url = f"http://localhost:7425/general/oauth/authorize?response_type=code&code_challenge=E9Me…(43)&state=‹{10**4}%20characters›"
    entry = {
        "request": {"method": "GET", "url": url, "headers": [{"name": "Origin", "value": "http://a"}]},
        "response": {"status": 302},
    }
    document = {"log": {"creator": {"name": "Sickbay"}, "entries": [entry]}}
    (exchange,) = read(document)
    assert [found["kind"] for found in exchange.inputs] == ["authorize_url"]
    sent = parse(exchange.sent["query"])
    assert sent.get("code_challenge") == "E9Me" + 39 * "x"
    assert len(sent.get("state") or "") < 200
    (foreign,) = read({"log": {"creator": {"name": "WebInspector"}, "entries": [entry]}})
    assert "…" in foreign.sent["query"]
    assert read({"log": {"creator": "Sickbay", "entries": [entry]}})[0].sent == foreign.sent


VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
REQUESTED = {"response_type": "code", "client_id": "a", "redirect_uri": "http://localhost:8100/cb", "nonce": "n1n1n1n1n1"}
REQUESTED |= {"scope": "openid launch/patient patient/*.read offline_access", "code_challenge": CHALLENGE}
REQUESTED |= {"code_challenge_method": "S256", "aud": f"{EHR}/r4"}
ISSUED = {"access_token": "t0k3n-of-the-launch", "token_type": "Bearer", "scope": "patient/Patient.read", "patient": "7"}


def launch(number: int, path: str, **sent: str) -> list[Any]:
    """An authorization, its redirect, the token request and a FHIR request. number: tells launches from each other."""
    state, code, token = f"state-{number}-zE3rT9pQ2mN8vX4k", f"code-{number}-4kX8vN2m", f"{ISSUED['access_token']}-{number}"
    challenge = urlsafe_b64encode(sha256(f"{VERIFIER}{number}".encode()).digest()).rstrip(b"=").decode()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost:8100/cb", "client_id": "a"}
    form |= {"code_verifier": f"{VERIFIER}{number}"} | sent
    return [
        entry(f"{EHR}/authorize?{urlencode(REQUESTED | {'state': state, 'code_challenge': challenge})}", status=302),
        entry(f"http://localhost:8100/cb?code={code}&state={state}"),
        entry(f"{EHR}/token", "POST", body=urlencode(form), answer=ISSUED | {"access_token": token}),
        entry(f"{EHR}/r4/{path}", Authorization=f"Bearer {token}", accept="application/fhir+json", status=403),
    ]


def find_ids(*entries: Any) -> list[set[str]]:
    return [ids(exchange) for exchange in read(har(*entries))]


def test_the_exchanges_of_one_launch_are_compared_with_each_other() -> None:
    assert "pkce-verifier-mismatch" in find_ids(*launch(1, "Patient/7", code_verifier=VERIFIER))[2]
    assert "token-redirect-uri-mismatch" in find_ids(*launch(1, "Patient/7", redirect_uri="http://localhost:8100/"))[2]
    assert "granted-scopes-narrower" in find_ids(*launch(1, "Patient/7"))[2]
    assert "fhir-insufficient-scope" in find_ids(*launch(1, "Observation?patient=7"))[3]
    assert "fhir-wrong-patient" in find_ids(*launch(1, "Patient/8"))[3]


def test_launches_that_overlap_are_not_mixed_up() -> None:
    first, second = launch(1, "Patient/7"), launch(2, "Patient/7")
    mixed = find_ids(*[each for pair in zip(first, second, strict=True) for each in pair])
    assert (mixed[0::2], mixed[1::2]) == (find_ids(*first), find_ids(*second))
    assert not {"pkce-verifier-mismatch", "code-unknown", "fhir-token-unknown", "redirect-state-mismatch"} & set().union(*mixed)
