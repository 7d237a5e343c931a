"""A URL continues on the next line only if that line belongs to it."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import cases, for_each

from sickbay.doctor.pieces.find import find_pieces
from sickbay.doctor.pieces.inputs import list_inputs
from sickbay.doctor.pieces.wrapped_url import continues_url
from sickbay.doctor.text import diagnose_text
from sickbay.protocol.parameters import parse

URL = "https://ehr.example.org/oauth2/authorize?response_type=code&client_id=my-app&scope=launch&state=abcdefghijklmnop"
OTHERS = (
    "redirect_uri_mismatch",
    "invalid_grant",
    "Invalid_Request.",
    "error=access_denied",
    "error_description=The+redirect+uri",
    "client_id=my-app",
    "redirect_uri: https://app.example.org/callback",
    "code_verifier=dBjftJeZ4CVP-mBZ3fYhRu1Iqzv",
    "https://app.example.org/callback?code=a&state=b",
    "myapp://callback?code=a",
    '{"error": "invalid_request"}',
    "HTTP/1.1 400 Bad Request",
    "POST https://ehr.example.org/token",
    "curl https://ehr.example.org/token",
    "Location: https://app.example.org/",
    "Access denied",
    "aud mismatch",
)
RESTS = (
    "&aud=https%3A%2F%2Fehr.example.org",
    "qrstuvwxyz&aud=https",
    "%2Fcallback",
    "=abc",
    "Zk3vQ0m8yT1uWc7RkX2",
    "allback_url",
    "r",
)


@for_each("other, between", cases(product(OTHERS, ("\n", "\r\n", "\n  ", "\n\n"))))
def test_the_next_line_is_not_glued_to_the_url(other: str, between: str) -> None:
    for text in (f"{URL}{between}{other}", f"My app opens\n{URL}{between}{other}\nand then nothing happens"):
        found = [each.evidence for each in list_inputs(find_pieces(text)) if each.evidence["kind"] == "authorize_url"]
        assert [evidence["url"] for evidence in found] == [URL]
        evidence, diagnosis = diagnose_text(text)
        assert evidence.get("url", URL) == URL
        corrected = parse(str((diagnosis.corrected or {}).get("url", "")).partition("?")[2]).get("state")
        assert corrected in (None, "abcdefghijklmnop", "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E")


@for_each("rest", RESTS)
def test_a_broken_url_is_put_together(rest: str) -> None:
    evidence, _ = diagnose_text(f"{URL}\n{rest}")
    assert evidence["url"] == f"{URL}\n{rest}"
    assert continues_url(URL, rest)


@given(st.integers(min_value=30, max_value=len(URL) - 1), st.integers(min_value=30, max_value=len(URL) - 1))
def test_a_url_is_read_wherever_it_is_broken_unless_a_parameter_begins_there(first: int, second: int) -> None:
    """A break before a whole parameter looks like a list of parameters, unless `&` shows where it belongs."""
    breaks = sorted({first, second})
    parts = [URL[start:end] for start, end in zip([0, *breaks], [*breaks, len(URL)], strict=True)]
    url = ""
    for part in parts:
        assert not url or continues_url(url, part) or part.split("=")[0] in ("iss", "code", "state", "scope", "aud")
        url += part


REQUEST = (
    "GET /authorize?response_type=code&client_id=my-app&scope=launch&state=abcdefghijklmnop HTTP/1.1\nHost: ehr.example.org"
)
LAYOUTS = (("?", "?\n    "), ("&", "\n    &")), (("&s", "\n&s"), ("\nHost", "\n  Host"))


@for_each("first, second", LAYOUTS)
def test_a_request_line_that_specifications_print_in_several_lines_is_read_whole(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    (whole,) = list_inputs(find_pieces(REQUEST))
    (put_together,) = list_inputs(find_pieces(REQUEST.replace(*first).replace(*second)))
    assert put_together.evidence == whole.evidence


@for_each("method", ("GET", "POST"))
def test_a_line_that_only_names_the_endpoint_is_no_request_without_parameters(method: str) -> None:
    told = f"Then the client calls\n{method} /oauth2/authorize\nwith the same redirect URI that was registered."
    assert diagnose_text(told)[1].explanation.findings == ()
