"""The doctor never reports "no problems" for a text with an error response, and raises no alarm for correct texts."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.laws import examples, for_each

from sickbay.diagnosis.answers import finding as general
from sickbay.diagnosis.answers.values import AUTHORIZATION_CODES, BEARER_CODES, CODES, TOKEN_CODES
from sickbay.diagnosis.explain import Explanation
from sickbay.doctor import har
from sickbay.doctor.diagnose import diagnose_line
from sickbay.doctor.errors import find
from sickbay.doctor.errors.find import find_in_paste
from sickbay.doctor.text import diagnose_exchange, diagnose_text
from sickbay.doctor.verdict import Verdict

VENDORS: tuple[dict[str, Any], ...] = (
    {},
    {"error_description": None},
    {"error_description": "PKCE verification failed"},
    {"error_uri": "https://authorization.cerner.com/errors/urn%3Acerner%3Aerror%3Aauthorization-server%3Aoauth2/instances/1"},
    {
        "error_description": "AADSTS7000215: Invalid client secret provided.",
        "error_codes": [7000215],
        "timestamp": "2026-03-31 10:00:00Z",
        "trace_id": "1",
        "correlation_id": "2",
    },
    {"error_subtype": "invalid_rapt"},
    {"errorCode": "E0000011", "errorSummary": "Invalid token provided"},
    {"statusCode": 403, "message": "Forbidden"},
    {"state": "x", "iss": "https://idp.example.org"},
)
CODE = st.sampled_from(sorted(CODES | {"mfa_required", "urn:vendor:error:x"}))
STATUS, SEVERITY = st.integers(400, 599).map(str), st.sampled_from(["error", "fatal"])


def _encode_error(code: str, more: dict[str, Any]) -> str:
    return json.dumps({"error": code} | more)


def _encode_outcome(severity: str) -> str:
    return json.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "processing"}]})


ERROR = st.builds(_encode_error, CODE, st.sampled_from(VENDORS))
OUTCOME = SEVERITY.map(_encode_outcome)
OAUTH = st.one_of(
    ERROR,
    CODE.map(lambda code: f'Bearer realm="x", error="{code}"'),
    CODE.map(lambda code: f"error={code}&error_description=No+such+thing&state=x"),
    CODE.map(lambda code: f"{{'error': '{code}'}}"),
    CODE.map(lambda code: f'["error"]=> string(9) "{code}"'),
    CODE.map(lambda code: f"<error>{code}</error>"),
    st.tuples(st.sampled_from(["{}", 'error: "{}"', "oauth2: {}"]), st.sampled_from(sorted(CODES))).map(
        lambda pair: pair[0].format(pair[1])
    ),
)
STATUSES = st.tuples(
    st.sampled_from(
        [
            "HTTP/1.1 {}",
            "HTTP/2 {} ",
            "< HTTP/1.1 {} Nope",
            "status: {}",
            "Status Code: {}",
            "statusCode={}",
            '"status": {}',
            '"status":"{}"',
            "status_code: {}",
            ":status: {}",
            "responded with {}",
            "Request failed with status code {}",
            "HTTP Status {} – sorry",
            "GET https://ehr.example.org/r4/Patient/1 {}",
            "<Response [{}]>",
            "returned error: {}",
            "status from server: {}",
            '"POST /token HTTP/1.1" {} 127',
            "Error {}: redirect",
            "http_code={}",
            "ResponseCode: {}",
        ]
    ),
    STATUS,
).map(lambda pair: pair[0].format(pair[1]))
OUTCOMES = st.one_of(
    OUTCOME,
    SEVERITY.map(lambda word: f'<OperationOutcome><issue><severity value="{word}"/></issue></OperationOutcome>'),
    SEVERITY.map(lambda word: f"<f:severity  value = '{word}' />"),
    OUTCOME.map(lambda outcome: json.dumps({"resourceType": "Bundle", "entry": [{"resource": json.loads(outcome)}]})),
    STATUS.map(lambda code: json.dumps({"resourceType": "Bundle", "entry": [{"response": {"status": f"{code} No"}}]})),
    STATUS.map(lambda code: json.dumps({"type": "about:blank", "title": "No", "status": int(code), "detail": "x"})),
    STATUS.map(lambda code: json.dumps({"code": int(code), "message": "no"})),
    STATUS.map(lambda code: json.dumps({"response": [{"name": "a", "status": "x", "code": int(code)}]})),
)
PAGES = st.sampled_from(
    [
        "403 Forbidden",
        "<h1>404 Not Found</h1>",
        "502 Bad Gateway\nnginx",
        "Bad Request",
        "We are sorry...\nInvalid parameter: redirect_uri",
        "curl: (6) Could not resolve host: ehr.example.org",
        "net::ERR_CONNECTION_REFUSED",
        'Post "https://sso.example.org/token": EOF',
        "[oauthproxy.go:478] Error redeeming code during the callback",
        "Bad response received",
        "AADSTS50011: The redirect URI",
        "has been blocked by CORS policy",
        "Error: No 'state' parameter found",
        "HAPI-0513: Must request async processing",
        "https://authorization.cerner.com/errors/urn%3Acerner%3Aerror%3Aauthorization-server%3Aoauth2%3Agrant%3Ainvalid/instances/1",
        "https://idp.example.org/errors/urn:vendor:error:oauth2:invalid-scope?client=x",
    ]
)
ANSWER = st.one_of(OAUTH, STATUSES, OUTCOMES, PAGES)
WRAPPED: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "in a JSON string": lambda text: json.dumps({"body": text}),
    "twice in JSON": lambda text: json.dumps({"log": json.dumps({"body": text})}),
    "escaped without a frame": lambda text: json.dumps(json.dumps(text)),
    "in a code fence": lambda text: f"```json\n{text}\n```",
    "quoted in Markdown": lambda text: "> " + text.replace("_", "\\_"),
    "with HTML entities": html.escape,
    "below a log line": lambda text: f"2026-03-31 10:00:00.123 ERROR [nio-8080-exec-2] o.k.a.Authenticator : {text}",
    "below a correct URL": lambda text: f"https://ehr.example.org/authorize?response_type=code&client_id=x\n\n{text}",
    "below a correct curl command": lambda text: f"curl https://ehr.example.org/r4/Patient/1\n{text}",
    "in a JSONL line": lambda text: '{"level": "info"}\n' + json.dumps({"msg": text}) + '\n{"level": "info"}',
    "in colours": lambda text: f"\x1b[31m{text}\x1b[0m",
    "with a BOM": lambda text: "\ufeff" + text,
    "after many other lines": lambda text: "x = 1\n" * 500 + text,
}


def is_problem(text: str) -> bool:
    """Whether the command reports a problem, or doesn't recognise the text."""
    try:
        _, diagnosis = diagnose_text(text)
    except ValueError:
        return True
    is_warned = any(finding.severity != "info" for finding in diagnosis.explanation.findings)
    return diagnosis.verdict == Verdict.UNKNOWN or (diagnosis.has_problem and is_warned)


@settings(max_examples=examples(200, 15), deadline=None)
@given(ANSWER, st.sampled_from(sorted(WRAPPED)))
@example('Post "https://sso.example.org/token": EOF', "with HTML entities")
def test_an_error_response_in_any_wrapping_is_always_a_problem(answer: str, wrapping: str) -> None:
    assert is_problem(text := WRAPPED[wrapping](answer))
    assert find_in_paste(text)


@settings(max_examples=examples(80, 12), deadline=None)
@given(st.one_of(OAUTH, OUTCOMES), st.floats(0.75, 1))
def test_a_truncated_error_response_is_always_a_problem(answer: str, part: float) -> None:
    assert is_problem(answer[: max(int(len(answer) * part), 12)])


REDIRECT = st.tuples(
    CODE,
    st.sampled_from(
        [
            "http://localhost:8100/cb{}{}",
            "myapp://cb{}{}",
            "/cb{}{}",
            "GET /cb{}{} HTTP/1.1",
            "Location: https://a.example/cb{}{}",
            "https://a.example/cb?x=1&y=2{}{}",
            "sent to https://a.example/cb{}{} and stays",
        ]
    ),
    st.sampled_from(["?", "#", "#/route?", "&"]),
    st.sampled_from(
        [
            "error={}",
            "state=4d2a8c1f9b7e&error={}",
            "error={}&error_description=no&state=1",
            "error%3D{}",
            "ERROR={}",
            "error={}&code=x",
        ]
    ),
)


@settings(max_examples=examples(200, 15), deadline=None)
@given(REDIRECT, st.booleans())
@example(("access_denied", "GET /cb{}{} HTTP/1.1", "?", "error%3D{}"), False)
def test_an_error_redirect_is_always_a_problem(parts: tuple[str, str, str, str], nested: bool) -> None:
    code, around, mark, query = parts
    if nested:
        around = "https://login.example.org/continue?to=" + quote("https://a.example/cb{}{}").replace("%7B%7D", "{}")
        mark, query = quote(mark), quote(query).replace("%7B%7D", "{}")
    assert is_problem(around.format(mark, query.format(code)))


@settings(max_examples=examples(100, 15), deadline=None)
@given(
    st.sampled_from(["https://ehr.example.org/token", "https://app.example.org/api", "https://ehr.example.org/r4/Patient/1"]),
    st.sampled_from(["GET", "POST", "OPTIONS"]),
    st.one_of(
        st.tuples(st.integers(400, 599), st.none()),
        st.tuples(st.just(0), st.none()),
        st.tuples(st.just(200), st.one_of(ERROR, OUTCOME)),
    ),
)
def test_a_refused_exchange_in_a_har_file_is_always_a_problem(url: str, method: str, answer: tuple[int, str | None]) -> None:
    content = {} if answer[1] is None else {"text": answer[1]}
    entry = {
        "request": {"method": method, "url": url, "headers": []},
        "response": {"status": answer[0], "content": content},
    }
    exchanges = har.read({"log": {"entries": [entry]}})
    if answer[0] != 200:
        diagnosis = diagnose_exchange(exchanges[0].inputs, exchanges[0].answers, "")
        assert any(finding.severity == "error" for finding in diagnosis.explanation.findings)
    is_unknown_code = "mfa" in (answer[1] or "") or "urn:vendor" in (answer[1] or "")
    assert is_unknown_code or exchanges[0].answers


JWKS = {"jwks_fetch": {"https://a/keys": {"status": 404}}}
FINE = [
    '{"access_token": "x", "token_type": "Bearer", "error": null, "scope": "launch error"}',
    '{"access_token": "x", "errors": []}',
    "https://ehr.example.org/authorize?response_type=code&client_id=error&state=invalid_grant",
    "http://localhost:8100/cb?code=invalid_client&state=403",
    "http://localhost:8100/cb?code=x&state=access_denied&error=",
    "curl -f https://ehr.example.org/r4/Observation?code=404 -H 'Accept: application/fhir+json'",
    'HTTP/1.1 200 OK\nContent-Type: application/json\n\n{"expires_in": 401}',
    'HTTP/2 201\nETag: W/"403"',
    "HTTP/1.1 302 Found\nLocation: https://a.example/cb?code=x&state=y",
    "Access-Control-Expose-Headers: WWW-Authenticate, Location",
    "GET https://ehr.example.org/r4/Patient?_id=404 200 in 412ms",
    '{"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}',
    '{"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "not-found"}]}',
    '{"resourceType": "Claim", "status": "error", "code": "404", "item": [{"revenue": {"coding": [{"code": "450"}]}}]}',
    '{"resourceType": "Bundle", "entry": [{"response": {"status": "201 Created"}}]}',
    '{"statusCode": 200, "message": "ok"}',
    '{"resourceType": "Task", "status": "failed", "description": "HTTP 404: not an answer of a server"}',
    json.dumps({"id": "x", "input": {"kind": "fhir_request", "url": "https://a/Patient/1", "context": JWKS}}),
]


@for_each("text", FINE)
def test_a_correct_text_contains_no_error_response(text: str) -> None:
    assert find_in_paste(text) == ()


def test_the_correct_pastes_of_the_shared_cases_contain_no_error_response(shared: Path) -> None:
    lines = (shared / "cases" / "realworld" / "fine_open.jsonl").read_text(encoding="utf-8").splitlines()
    assert {case["id"]: find_in_paste(case["paste"]) for case in map(json.loads, lines) if find_in_paste(case["paste"])} == {}


@settings(max_examples=examples(100, 15), deadline=None)
@given(st.sampled_from([200, 201, 204, 302, 304]), st.sampled_from(["GET", "POST"]))
def test_a_granted_exchange_in_a_har_file_is_not_an_error(status: int, method: str) -> None:
    entries = [
        {"request": {"method": method, "url": url}, "response": {"status": status, "content": {"text": body}}}
        for url, body in (
            ("https://ehr.example.org/token", '{"access_token": "x"}'),
            ("https://a.example/main.js", 'throw new Error("403")'),
            ("https://a.example/i18n/en.json", '{"errors": {"required": "This field is required"}}'),
            ("https://a.example/index.html", "<title>404 Not Found</title>"),
            ("https://ehr.example.org/r4/Observation", '{"resourceType": "Bundle", "note": [{"text": "HTTP 404"}]}'),
        )
    ]
    icon = {"request": {"method": "GET", "url": "https://a.example/favicon.ico"}, "response": {"status": 404}}
    waits = [{"name": name, "value": "3"} for name in ("Refresh", "Retry-After", "X-Correlation-Id")]
    page = {"request": {"method": "GET", "url": "http://a/ehr/"}, "response": {"status": 503, "headers": waits}}
    assert not any(exchange.answers for exchange in har.read({"log": {"entries": [*entries, icon, page]}}))


@for_each(
    "text, recognised, added",
    [
        ('{"error": "invalid_client"}', "a token error: invalid_client", "token request"),
        ('{"error": "quota_reached"}', "an error code of the server: quota_reached", "method, URL"),
        (
            "http://localhost/cb?error=access_denied&error_description=no&state=zE3rT9pQ2mN8vX4k",
            "an authorization error: access_denied",
            "authorization URL",
        ),
        ('WWW-Authenticate: Bearer error="insufficient_scope"', "an access token error: insufficient_scope", "Authorization"),
        ("HTTP/1.1 403 Forbidden", "an HTTP status 403 Forbidden", "method, URL, headers and body"),
        (
            '{"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": "lock-error"}]}',
            "an OperationOutcome: lock-error",
            "method, URL",
        ),
        ("net::ERR_FAILED", "a request without a response (net::ERR_FAILED)", "HAR file"),
        ("HTTP/1.1 599 Odd", "an HTTP status 599.", "method"),
        (
            "curl -d 'grant_type=client_credentials&scope=system/Patient.rs' -u a:b https://a.example/token\nHTTP/1.1 401",
            "an HTTP status 401",
            "registered for the client",
        ),
        ('GET /fhir {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}', "validator.", "log says"),
        ("GET /fhir\nHTTP/1.1 403 Forbidden", "an HTTP status 403 Forbidden", "token response"),
    ],
)
def test_the_finding_says_what_was_recognised_and_what_to_add(text: str, recognised: str, added: str) -> None:
    stage = "token" if "curl" in text else "access" if text.startswith("GET /fhir") else "answer"
    first = general.add_finding(stage, Explanation((), None), find_in_paste(text)).findings[0]
    assert first.id == "error-answer-unexplained"
    assert recognised in first.title
    assert added in first.fix
    assert first.why.endswith((".", '"'))


def test_every_code_has_its_own_kind() -> None:
    assert not TOKEN_CODES & BEARER_CODES
    assert not AUTHORIZATION_CODES & (TOKEN_CODES | BEARER_CODES)


def test_the_general_finding_is_left_out_if_a_rule_names_the_cause() -> None:
    text = "http://localhost/cb?error=invalid_scope&error_description=Invalid+scopes%3A+patient%2FX.read&state=zE3rT9pQ2mN8vX4k"
    ids = [finding.id for finding in diagnose_text(text)[1].explanation.findings]
    assert "error-answer-unexplained" not in ids
    assert "scope-not-registered" in ids


@for_each(
    "evidence, has_error",
    [
        ({"kind": "token_response", "json": {"error": "invalid_grant"}}, True),
        ({"kind": "token_response", "json": {"access_token": "x"}}, False),
        ({"kind": "http_exchange", "request": {"url": "https://a/x"}, "response": {"status": 403}}, True),
        (
            {
                "kind": "http_exchange",
                "request": {"url": "https://a/x"},
                "response": {"status": 200, "body": "<p>error 500</p>"},
            },
            False,
        ),
        (
            {
                "kind": "http_exchange",
                "request": {"url": "https://a/x"},
                "response": {"status": 200, "body": _encode_outcome("error")},
            },
            True,
        ),
        ({"kind": "redirect_url", "url": "http://a/cb?error=x&state=y"}, True),
    ],
)
def test_a_jsonl_line_is_searched_for_an_error_response(evidence: dict[str, Any], has_error: bool) -> None:
    assert bool(diagnose_line({"id": "x", "input": evidence}).get("recognised")) is has_error


@for_each(
    "evidence",
    [{"kind": "http_exchange"}, {"kind": "token_request", "headers": 7}, {"kind": "authorize_url", "context": []}],
)
def test_a_line_whose_members_have_the_wrong_type_says_so(evidence: dict[str, Any]) -> None:
    assert diagnose_line({"input": evidence})["trouble"]


def test_a_paste_of_any_length_is_searched_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "SEARCHED_CHARACTERS", 2_000)
    assert find_in_paste("HTTP/1.1 403\n" + "x\n" * 2_000)
    assert find_in_paste("x\n" * 2_000 + "HTTP/1.1 403")
    assert not find_in_paste("x\n" * 2_000 + "HTTP/1.1 403\n" + "x\n" * 2_000)
