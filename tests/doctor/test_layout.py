"""What documentation leaves open or lays out for readers is no fault of a request. Other faults stay."""

from __future__ import annotations

import json

from tests.doctor.test_no_false_alarms import POST, loud
from tests.doctor.test_prose import GUIDE
from tests.doctor.texts import claims
from tests.laws import for_each

from sickbay.doctor.text import diagnose_text

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BARE = "https://a.example/authorize?response_type=code&client_id=app&redirect_uri=https://b.example/cb"


@for_each("got, is_example", [('HTTP/1.1 200 OK\n\n{"token_type": "Bearer", "access_token": "<jwt>"}', True), ("", False)])
def test_values_that_an_example_leaves_open_are_no_fault(got: str, is_example: bool) -> None:
    sent = "POST /token HTTP/1.1\nHost: a.example\nContent-Type: application/x-www-form-urlencoded\n\n"
    code = "grant_type=authorization_code&code=<code>&redirect_uri=https://a.example/cb&client_id=app&code_verifier=<verifier>"
    refresh = "grant_type=refresh_token&refresh_token=<refresh-token>&client_id=app"
    found = claims(f"{sent}{code}\n\n{got}\n\n{sent}{refresh}\n")
    assert found.isdisjoint(("value-is-placeholder", "value-has-stray-characters")) is is_example


def test_a_claim_that_an_example_leaves_open_is_only_advice() -> None:
    shown = {
        "iss": "<clientId>",
        "sub": "<clientId>",
        "aud": "<tokenEndpoint>",
        "jti": "<uuid>",
        "iat": 1790600000,
        "exp": 1790600120,
    }
    sent = f"{POST}\ngrant_type=client_credentials\n&client_assertion=eyJhbGciOiJFUzI1NiJ9…&client_assertion_type={TYPE}"
    assert loud(f"The assertion has these claims:\n\n{json.dumps(shown)}\n\n{sent}") == []
    shown["aud"] = "https://b.example"
    assert "assertion-aud-wrong" in loud(f"The assertion has these claims:\n\n{json.dumps(shown)}\n\n{sent}")


@for_each("breaks, exit_code", [("\n    ", 0), ("\r\n", 0), (" ", 1)])
def test_a_url_that_is_laid_out_for_readers_has_only_advice(breaks: str, exit_code: int) -> None:
    """As in RFC 6749 and SMART. A URL with spaces wasn't laid out, and neither was one with a line break inside a value."""
    sent = BARE.replace("?", f"?{breaks}").replace("&", f"&{breaks}")
    sent += f"&{breaks}state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
    assert diagnose_text(sent)[1].verdict.exit_code == exit_code
    assert diagnose_text(sent.replace("=app", "=a\n pp"))[1].verdict.exit_code == 1


@for_each("client_id, severity", [("{clientId}", "info"), ("<your client ID>", "info"), ("app", "error")])
def test_what_a_template_leaves_open_is_only_advice(client_id: str, severity: str) -> None:
    url = f"https://ehr.example.org/authorize?response_type=code&client_id={client_id}&redirect_uri={{redirectUri}}"
    diagnosis = diagnose_text(f"{url}&scope=openid&state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E")[1]
    assert ("value-is-placeholder", severity) in [(found.id, found.severity) for found in diagnosis.explanation.findings]


@for_each(
    "text, fault",
    [
        (f"{BARE}&scope=openid\nIt has no state: why does the app refuse the answer?", "state-missing"),
        (f"{BARE.replace('&client_id', '&scope=openid#client_id')}", "client-id-missing"),
        (f"{BARE}&scope=openid,...,fhirUser&state=Zk3vQ0m8yT1uWc7R", "scope-comma-separated"),
        (f"{POST}Authorization: Basic abc:def\n\ngrant_type=client_credentials\n\n<html> <body>", "basic-malformed"),
    ],
)
def test_the_layout_excuses_no_fault_of_another_kind(text: str, fault: str) -> None:
    assert (fault, "error") in [(found.id, found.severity) for found in diagnose_text(text)[1].explanation.findings]


@for_each(
    "sent, id",
    [
        (f"{POST}Authorization: Basic client-id:client-secret\n\ngrant_type=client_credentials", "basic-malformed"),
        (f"{POST}\ngrant_type=refresh_token&refresh_token=<refresh-token>&client_id=app", "value-is-placeholder"),
    ],
)
def test_what_documentation_leaves_open_in_an_example_is_no_fault(sent: str, id: str) -> None:
    assert id in claims(f"This is what my app sends.\n\n{GUIDE}\n{sent}")
    assert id not in claims(f"{GUIDE}\n{sent}")


@for_each("open_value, severity", [("<the id of your app>", "info"), ("Zk3vQ0m8yT1uWc7R", "error")])
def test_code_with_two_strings_that_are_left_open_is_a_template(open_value: str, severity: str) -> None:
    code = f"""$id = '{open_value}';
$callback = '<the callback of your app>';
curl_setopt($ch, CURLOPT_URL, 'https://a.example/token');
curl_setopt($ch, CURLOPT_POSTFIELDS, 'grant_type=authorization_code&code=Zk3v&client_id='.$id.'&redirect_uri='.$callback);"""
    found = diagnose_text(code)[1].explanation.findings
    assert severity in [each.severity for each in found if each.id == "value-is-placeholder"]


@for_each(
    "sent",
    ["Authorization: Bearer {access_token}", "Authorization: Bearer YOUR_ACCESS_TOKEN", "Authorization: Bearer <your jwt>"],
)
def test_the_name_of_a_token_in_its_place_was_masked_unless_something_fails(sent: str) -> None:
    read = f"GET https://ehr.example.org/fhir/Patient/1\n{sent}\nAccept: application/fhir+json"
    shown = diagnose_text(read)[1]
    assert {found.severity for found in shown.explanation.findings} == {"info"}
    assert shown.verdict.exit_code == 0
    for text in (
        f"{read}\n\nWhy does it return nothing?",
        f"{read}\n\nHTTP/1.1 401 Unauthorized",
        read.replace(sent[22:], "undefined"),
    ):
        assert diagnose_text(text)[1].verdict.exit_code == 1


def test_a_server_may_be_documented_to_take_the_parameters_in_the_url() -> None:
    sent = "POST https://{}/oauth/token?grant_type=account_credentials&account_id=Wk9PTV9BQ0NP\n\nAuthorization: Basic Wk9PTTpa"
    assert "token-wrong-method" in loud(sent.format("a.example"))
    assert loud(sent.format("zoom.us")) == []


@for_each("value", ["[clientid]", "<clientid>", "{clientid}"])
def test_a_url_goes_on_after_a_value_that_is_left_open(value: str) -> None:
    url = f"https://a.example/authorize?response_type=code&client_id={value}&redirect_uri=https%3A%2F%2Fb.example%2Fcb&scope=openid"
    assert "redirect-uri-missing" not in claims(f"I open this URL and get DNS_PROBE_FINISHED_NXDOMAIN.\n\n{url}\n")
    assert "client-id-missing" not in claims(f"I open this URL and get DNS_PROBE_FINISHED_NXDOMAIN.\n\n{url}\n")
