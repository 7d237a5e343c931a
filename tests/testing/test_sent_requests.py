"""What an app sent is compared with what a test expects, and a failure shows what it sent instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.testing.http_client import SickbayError
from sickbay.testing.sent_requests import REQUESTS_LISTED, ExpectedRequest, ParameterValue, check_sent, parse_parameters

BASE = "http://localhost:7425"
LINE: dict[str, Any] = {
    "tenants": {
        "general": {
            "authorize": f"{BASE}/general/oauth/authorize",
            "token": f"{BASE}/general/oauth/token",
            "fhir": {"r4": f"{BASE}/general/r4"},
        },
        "epic": {"authorize": f"{BASE}/epic/a", "token": f"{BASE}/epic/t", "fhir": {"r4": f"{BASE}/epic/api/FHIR/R4"}},
    }
}
Exchange = dict[str, Any]


def send(method: str, path: str, body: str | None = None, status: int = 200) -> Exchange:
    return {"id": "x", "request": {"method": method, "url": BASE + path, "body": body}, "response": {"status": status}}


def token(status: int = 200, path: str = "/general/oauth/token", **fields: str) -> Exchange:
    return send("POST", path, urlencode(fields, safe="…"), status)


AUTHORIZE = send("GET", "/general/oauth/authorize?response_type=code&client_id=a&state=…(24)", status=302)
WITH_PKCE = token(grant_type="authorization_code", code="NIUj…(43)", code_verifier="aaaa…(64)")
WITHOUT = token(400, grant_type="authorization_code", code="NIUj…(43)")
SEARCH = send("GET", "/general/r4/Observation?patient=p-0001&category=laboratory&category=vital-signs")
FORM_SEARCH = send("POST", "/general/r4/Observation/_search")
EXCHANGES = [AUTHORIZE, WITHOUT, WITH_PKCE, SEARCH, FORM_SEARCH]


def assert_sent(request: str, times: int | None = None, /, **values: ParameterValue) -> list[Exchange]:
    return check_sent(ExpectedRequest(request, times, values, LINE), EXCHANGES)


def message(request: str, times: int | None = None, /, **values: ParameterValue) -> str:
    with pytest.raises(SickbayError) as failed:
        assert_sent(request, times, **values)
    return str(failed.value)


@pytest.mark.parametrize(
    ("request_", "times", "values", "found"),
    [
        ("token", 1, {"code_verifier": True}, [WITH_PKCE]),
        ("token", 1, {"code_verifier": False}, [WITHOUT]),
        ("token", 2, {"grant_type": "authorization_code"}, [WITHOUT, WITH_PKCE]),
        ("token", None, {}, [WITHOUT, WITH_PKCE]),
        ("token", 0, {"grant_type": "refresh_token"}, []),
        ("authorize", 1, {"response_type": "code", "state": True}, [AUTHORIZE]),
        ("GET Observation", 1, {"category": "laboratory"}, [SEARCH]),
        ("GET Observation", 1, {"category": re.compile("^vital")}, [SEARCH]),
        ("GET */*", 0, {}, []),
        ("POST Observation/_search", 1, {}, [FORM_SEARCH]),
        ("GET /general/oauth/*", 1, {}, [AUTHORIZE]),
        ("POST /general/oauth/token", 2, {}, [WITHOUT, WITH_PKCE]),
    ],
)
def test_the_expected_requests_are_found(
    request_: str, times: int | None, values: Mapping[str, ParameterValue], found: list[Exchange]
) -> None:
    assert assert_sent(request_, times, **values) == found


def test_a_failure_lists_what_was_sent_with_the_same_endpoint_first_and_says_what_differs() -> None:
    assert message("token", 1, grant_type="authorization_code", code_verifier=True, client_id=True) == (
        "Expected 1 request `token` with grant_type=authorization_code, code_verifier and client_id, but the app sent 0.\n"
        "\n"
        "It sent:\n"
        "  token 400: grant_type=authorization_code, code=NIUj…(43)   ← no code_verifier\n"
        "  token 200: grant_type=authorization_code, code=NIUj…(43), code_verifier=aaaa…(64)   ← no client_id\n"
        "  authorize 302: response_type=code, client_id=a, state=…(24)\n"
        "  GET Observation 200: patient=p-0001, category=laboratory, category=vital-signs\n"
        "  POST Observation/_search 200"
    )


@pytest.mark.parametrize(
    ("request_", "times", "values", "part"),
    [
        ("token", 1, {}, "Expected 1 request `token`, but the app sent 2."),
        (
            "token",
            None,
            {"grant_type": "refresh_token"},
            "Expected at least 1 request `token` with grant_type=refresh_token, but",
        ),
        ("token", None, {"grant_type": "refresh_token"}, "← grant_type is authorization_code"),
        ("authorize", None, {"client_id": False}, "Expected at least 1 request `authorize` with no client_id"),
        ("authorize", None, {"client_id": False}, "← it has client_id"),
        ("GET Observation", 1, {"category": re.compile("^x")}, "with category matching '^x', but"),
        ("GET Observation", 1, {"category": "x"}, "← category is laboratory and vital-signs"),
        ("POST Observation/_search", 1, {"patient": True}, "← its body isn't recorded, so patient can't be checked"),
    ],
)
def test_the_difference_is_named(request_: str, times: int | None, values: Mapping[str, ParameterValue], part: str) -> None:
    assert part in message(request_, times, **values)


def test_a_value_that_is_not_recorded_cannot_be_compared() -> None:
    text = "Sickbay doesn't record the value of `code`. A test can only check whether it was sent: code=True."
    assert message("token", 1, code="NIUj") == text
    assert message("token", 1, code=re.compile("NIUj")) == text


@pytest.mark.parametrize("request_", ["tokens", "get Patient", "GET", "GET ", "Patient", ""])
def test_a_misspelt_request_is_not_taken_for_one_that_was_not_sent(request_: str) -> None:
    assert "assert_sent doesn't know the request" in message(request_, 0)


def test_requests_of_every_hospital_count() -> None:
    exchanges = [token(path="/epic/t"), send("GET", "/epic/api/FHIR/R4/Patient/p")]
    assert len(check_sent(ExpectedRequest("token", 1, {}, LINE), exchanges)) == 1
    assert len(check_sent(ExpectedRequest("GET Patient/*", 1, {}, LINE), exchanges)) == 1


def test_a_preflight_counts_only_if_it_is_asked_for() -> None:
    preflight = send("OPTIONS", "/general/oauth/token", status=204)
    assert check_sent(ExpectedRequest("token", 0, {}, LINE), [preflight]) == []
    assert check_sent(ExpectedRequest("OPTIONS /general/oauth/token", 1, {}, LINE), [preflight]) == [preflight]


def test_an_app_that_sent_nothing_is_described() -> None:
    with pytest.raises(SickbayError, match="It sent no request that Sickbay records"):
        check_sent(ExpectedRequest("token", 1, {}, LINE), [])


def test_a_long_list_is_cut() -> None:
    with pytest.raises(SickbayError) as failed:
        check_sent(ExpectedRequest("token", 1, {}, LINE), [SEARCH] * (REQUESTS_LISTED + 1))
    assert str(failed.value).endswith("\n  … and 1 other request")


@given(st.dictionaries(st.text(min_size=1), st.text().filter(lambda value: "…" not in value and not value.startswith("‹"))))
def test_a_request_is_expected_if_its_own_parameters_are(values: dict[str, str]) -> None:
    exchange = send("GET", f"/general/oauth/authorize?{urlencode(values)}")
    found: Mapping[str, ParameterValue] = {name: texts[0] for name, texts in parse_parameters(exchange).items()}
    assert check_sent(ExpectedRequest("authorize", 1, found, LINE), [exchange]) == [exchange]
    assert check_sent(ExpectedRequest("authorize", 1, dict.fromkeys(found, True), LINE), [exchange]) == [exchange]
    for name in found:
        with pytest.raises(SickbayError):
            check_sent(ExpectedRequest("authorize", 1, {name: False}, LINE), [exchange])
