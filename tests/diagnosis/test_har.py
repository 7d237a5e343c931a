"""A HAR file is read for the exchanges of a launch, and what cannot be read of it is left out."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sickbay.diagnosis.doctor import diagnose
from sickbay.diagnosis.har import is_har, read

EHR = "https://ehr.example.org"
DISCOVERY = {"authorization_endpoint": f"{EHR}/authorize", "token_endpoint": f"{EHR}/token", "issuer": f"{EHR}/r4"}


def entry(url: str, method: str = "GET", *, status: int = 200, body: str = "", answer: Any = None, **headers: str) -> Any:
    sent = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    content = {"text": answer if isinstance(answer, str) else json.dumps(answer)} if answer is not None else {}
    posted = {"postData": {"mimeType": "", "text": body}} if body else {}
    request = {"method": method, "url": url, "headers": sent, **posted}
    return {"request": request, "response": {"status": status, "headers": [], "content": content}}


def har(*entries: Any) -> dict[str, Any]:
    return {"log": {"version": "1.2", "creator": {}, "entries": list(entries)}}


def kinds(*entries: Any) -> list[list[str]]:
    return [[each["kind"] for each in one.inputs] for one in read(har(*entries))]


def ids(seen: Any) -> set[str]:
    return {finding.id for each in seen.inputs for finding in diagnose(each).explanation.findings}


@pytest.mark.parametrize(
    ("one", "found"),
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
def test_an_exchange_of_a_launch_is_known_by_what_it_holds(one: Any, found: list[str]) -> None:
    assert kinds(one) == [found]


@pytest.mark.parametrize(
    "one",
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
def test_what_else_a_browser_fetched_is_left_out(one: Any) -> None:
    assert kinds(one) == []


def test_the_number_is_that_of_the_file_and_the_address_has_no_query() -> None:
    (seen,) = read(har(entry("http://localhost:8100/main.js"), entry("http://localhost:8100/cb?code=x&state=y#z")))
    assert (seen.number, seen.url) == (2, "http://localhost:8100/cb")


def test_what_discovery_said_is_known_to_the_other_exchanges() -> None:
    found = entry(f"{EHR}/r4/.well-known/smart-configuration", answer=DISCOVERY)
    asked = entry(f"{EHR}/oauth/authorize?response_type=code&client_id=a&aud=https%3A%2F%2Fehr.example.org")
    assert {"authorize-endpoint-not-discovered", "aud-not-fhir-base"} <= ids(read(har(found, asked))[1])
    assert not {"authorize-endpoint-not-discovered", "aud-not-fhir-base"} & ids(read(har(asked))[0])


def test_of_two_servers_nothing_is_told_by_discovery() -> None:
    other = {**DISCOVERY, "authorization_endpoint": "https://other.example.org/authorize"}
    path = "/r4/.well-known/smart-configuration"
    seen = read(har(entry(EHR + path, answer=DISCOVERY), entry(f"https://other.example.org{path}", answer=other)))
    assert all("server" not in each["context"] for one in seen for each in one.inputs)


def test_the_state_that_came_back_is_held_against_the_one_that_was_sent() -> None:
    asked = entry(f"{EHR}/authorize?response_type=code&client_id=a&state=one")
    for state, told in (("two", True), ("one", False)):
        back = entry(f"http://localhost:8100/cb?code=x&state={state}")
        assert ("redirect-state-mismatch" in ids(read(har(asked, back))[1])) is told


def test_parameters_without_a_text_and_an_answer_in_base64_are_read() -> None:
    one = entry(f"{EHR}/token", "POST")
    one["request"]["postData"] = {"params": [{"name": "grant_type", "value": "x"}, {"name": "code", "value": "y"}]}
    text = base64.b64encode(json.dumps({"error": "invalid_grant"}).encode()).decode()
    one["response"]["content"] = {"text": text, "encoding": "base64"}
    (seen,) = read(har(one))
    assert seen.inputs[0]["body"] == "grant_type=x&code=y"
    assert seen.inputs[1]["json"] == {"error": "invalid_grant"}


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


@settings(max_examples=200, deadline=None)
@given(JUNK, JUNK)
def test_no_entry_makes_it_raise(request: Any, response: Any) -> None:
    request = request if isinstance(request, dict) else {}
    for url in (
        f"{EHR}/token",
        f"{EHR}/authorize?client_id=a&redirect_uri=b",
        f"{EHR}/r4/.well-known/smart-configuration",
    ):
        for seen in read(har({"request": {**request, "url": url}, "response": response})):
            for each in seen.inputs:
                diagnose(each)


def test_what_is_a_har_file() -> None:
    assert is_har(har())
    assert not any(is_har(one) for one in (None, [], {}, {"log": {}}, {"log": {"entries": {}}}, {"log": []}))
