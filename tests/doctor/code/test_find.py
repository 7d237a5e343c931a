"""Code is read as it was before forums and mail changed it."""

from __future__ import annotations

import re

from tests.doctor.code.snippet import snippets
from tests.laws import for_each

from sickbay.doctor.code.find import program_requests, requests_in, settings_in
from sickbay.doctor.code.models import CodeRequest
from sickbay.doctor.code.values import Meter
from sickbay.doctor.copying import undo_copying
from sickbay.doctor.text import diagnose_text
from sickbay.kernel.text_search import Lines

CODE = """fetch("https://auth.example.org/token", {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "client_credentials",
    scope: "a & b",
  }),
});"""
(EXPECTED,) = requests_in(CODE)
FORM = "application/x-www-form-urlencoded"


@for_each(
    "mangled",
    [
        CODE.replace("\n", "\r\n"),
        CODE.replace("&", "&amp;").replace('"', "&quot;"),
        CODE.replace("_", "\\_"),
        CODE.replace('"', "“"),
        CODE.replace(" ", "\u00a0"),
        "\n".join("> " + line for line in CODE.splitlines()),
        f"```js\n{CODE}\n```",
        f"<pre><code>{CODE}</code></pre>",
    ],
)
def test_the_same_request_is_read_from_mangled_code(mangled: str) -> None:
    (request,) = requests_in(undo_copying(mangled))
    assert request._replace(first_line=1, last_line=7) == EXPECTED


def test_lines_are_those_of_the_paste_also_far_down_in_a_long_text() -> None:
    before = "Some words about the weather.\n" * 5_000
    (request,) = requests_in(f"{before}{CODE}\n{before}")
    assert (request.first_line, request.last_line) == (5_001, 5_007)
    assert request._replace(first_line=1, last_line=7) == EXPECTED


def test_requests_are_in_the_order_of_their_lines() -> None:
    text = f"curl https://a.example/1\n\n{CODE}\n\ncurl https://a.example/2\n"
    assert [request.first_line for request in requests_in(text)] == [1, 3, 11]


def test_no_program_without_a_call_an_object_and_an_assignment_sends_a_request() -> None:
    """So what reads programs needn't be imported for it."""
    codes = [snippet.code for snippet in snippets()]
    assert sum(bool(read_programs(code)) for code in codes) > 50
    assert [code for code in codes if read_programs(re.sub(r"[({=]|<<", " ", code))] == []


def read_programs(code: str) -> list[CodeRequest]:
    return program_requests(code, Lines(code), Meter(len(code)))


def test_settings_in_the_lines_of_a_request_are_only_read_for_another_text() -> None:
    body = "curl https://a.example/token -d '\nclient_id=a\nredirect_uri=https://a.example/cb'"
    assert settings_in(body) != ()
    assert settings_in(body, requests=requests_in(body)) == ()
    assert settings_in(f"Hello\n{body}", requests=requests_in(f"Hello\n{body}")) != ()


@for_each(
    "code",
    [
        "fetch('https://auth.example.org/token', {method: 'POST', body: form})",
        f"fetch('https://auth.example.org/token', {{method: 'POST', headers: {{'Content-Type': '{FORM}'}}, body: this.form}})",
        f"fetch('https://auth.example.org/token', {{method: 'POST', headers: {{'Content-Type': '{FORM}'}}, body: encode(p)}})",
        "fetch('https://auth.example.org/token', {method: 'POST', body: new URLSearchParams(parameters)})",
        "axios.post('https://auth.example.org/token', payload)",
        "axios.post('https://auth.example.org/token', qs.stringify(payload))",
        "requests.post('https://auth.example.org/token', data=payload)",
        'curl -X POST https://auth.example.org/token -d "$BODY"',
    ],
)
def test_a_body_that_the_code_does_not_show_has_no_fault(code: str) -> None:
    explanation = diagnose_text(code)[1].explanation
    assert [finding.id for finding in explanation.findings if finding.severity == "error"] == []
