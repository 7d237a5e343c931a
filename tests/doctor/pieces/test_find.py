"""Every piece of evidence in a pasted text is found, whatever stands around it."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.laws import examples, for_each

from sickbay.doctor.pieces.find import OF_A_KIND, READERS, find_pieces
from sickbay.doctor.pieces.inputs import list_inputs

AUTHORIZE = "https://ehr.example.org/authorize?response_type=code&client_id=x&state=zE3rT9pQ2mN8vX4k&code_challenge=abc"


def kinds(text: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.subkind) for piece in find_pieces(text)]


@for_each(
    "text, found",
    [
        (f"It sends me to {AUTHORIZE}, and nothing comes back.", [("url", "authorize_url")]),
        (f'opening "{AUTHORIZE}" in the browser', [("url", "authorize_url")]),
        ("I get {'error': 'invalid_client'} every time", [("object", "error")]),
        ('```json\n{"error": "invalid_grant"}\n```', [("object", "error")]),
        ('{\\"error\\": \\"invalid_grant\\"}', [("object", "error")]),
        ('UserInfo={OIDError={\n error = "invalid_grant";\n}}', [("object", "error")]),
        ("grant_type=authorization_code&code=abc&redirect_uri=https%3A%2F%2Fa.example", [("form", "")]),
        ("grant_type: authorization_code\ncode: abc\nclient_id: x", [("parameters", "")]),
        ("POST /token HTTP/1.1\nHost: a.example\n\ngrant_type=client_credentials&scope=system/Patient.rs", [("request", "")]),
        (
            "> GET /r4/Patient/1 HTTP/1.1\n> Host: a.example\n>\n< HTTP/1.1 401 Unauthorized\n< Server: x",
            [("request", ""), ("response", "")],
        ),
        ("from https://a.example/ to https://b.example/x", [("url", ""), ("url", "")]),
    ],
)
def test_a_piece_is_found_and_named(text: str, found: list[tuple[str, str]]) -> None:
    assert kinds(text) == found


def test_a_url_that_is_broken_into_lines_is_joined() -> None:
    url = (
        "http://localhost:8000/oauth2/authorize?response_type=code&client_id=b7c9&redirect_uri=http%3A%2F%2Fwww.google.com%2fc"
    )
    found = find_pieces(f"The request is\n\n{url}\nallback_url\n\nand the answer")
    assert [piece.values["url"] for piece in found] == [url + "allback_url"]


@for_each("joint", ["&\n", "&\r\n", "& ", "\n&", "&\n    ", "\n  & "])
def test_a_form_that_is_broken_into_lines_is_joined(joint: str) -> None:
    body = "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fapp.example%2Fcb"
    assert [piece.values["body"] for piece in find_pieces(body.replace("&", joint))] == [body]


def test_a_url_inside_another_one_is_examined() -> None:
    text = "https://a.example/session?to=https%3A%2F%2Fa.example%2Fauthorize%3Fresponse_type%3Dcode%26client_id%3Dx&force=true"
    (found,) = list_inputs(find_pieces(text))
    assert found.evidence["kind"] == "authorize_url"
    assert found.evidence["url"] == "https://a.example/authorize?response_type=code&client_id=x"


def test_a_request_has_its_method_headers_and_body() -> None:
    head = "POST /oauth2/token HTTP/1.1\nHost: a.example\nAuthorization: Basic abc"
    text = f"I send\n{head}\n\ngrant_type=client_credentials\n\nand get 401"
    (found,) = list_inputs(find_pieces(text))
    assert found.is_whole
    assert found.evidence == {
        "kind": "token_request",
        "method": "POST",
        "url": "https://a.example/oauth2/token",
        "headers": {"Host": "a.example", "Authorization": "Basic abc"},
        "body": "grant_type=client_credentials",
    }


def test_a_form_is_sent_to_the_token_endpoint_that_the_text_names() -> None:
    text = "URL: https://a.example/v2.0/token\nHTTPBody: code=abc&client_id=x&grant_type=authorization_code"
    (found,) = list_inputs(find_pieces(text))
    assert found.evidence["url"] == "https://a.example/v2.0/token"
    assert not found.is_whole


PARTS = st.sampled_from(
    [
        AUTHORIZE,
        "{",
        "}",
        '"',
        "\\",
        "\n",
        " ",
        "POST /token HTTP/1.1\n",
        "Host: a\n",
        "grant_type=a&code=b",
        "grant_type: x\n",
        json.dumps({"error": "x"}),
        "https://",
        "&",
        "%",
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0.",
        "HTTP/1.1 400\n",
        "=",
        "_",
    ]
)


@settings(max_examples=examples(300, 25), deadline=None)
@given(st.lists(st.one_of(PARTS, st.text(max_size=8)), max_size=40).map("".join))
@example("HTTP/1.1 400\n&")
def test_pieces_are_in_the_order_of_the_text_and_do_not_overlap(text: str) -> None:
    places = [(piece.start, piece.end) for piece in find_pieces(text)]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(places))


@settings(max_examples=examples(100, 15), deadline=None)
@given(PARTS, st.text(max_size=3))
def test_a_long_text_gives_a_bounded_number_of_pieces(part: str, between: str) -> None:
    assert len(find_pieces((part + between) * 2 * OF_A_KIND)) <= OF_A_KIND * len(READERS)


@pytest.mark.parametrize("answer", ['{"error": "invalid_request"}', '{"resourceType": "OperationOutcome", "issue": []}'])
@pytest.mark.parametrize("headers", ["", " HTTP/1.1\nHost: ehr.example.org"])
def test_an_answer_below_a_request_is_not_its_body(answer: str, headers: str) -> None:
    [request, *_] = [piece for piece in find_pieces(f"POST /r4/Patient{headers}\n\n{answer}") if piece.kind == "request"]
    assert request.values["body"] == ""
    assert not request.is_whole


def test_a_resource_below_a_request_is_its_body() -> None:
    [request] = find_pieces('POST /r4/Patient HTTP/1.1\nHost: ehr.example.org\n\n{"resourceType": "Patient"}')
    assert request.values["body"] == '{"resourceType": "Patient"}'
    assert request.is_whole


def test_a_form_below_a_request_line_without_headers_was_sent_as_a_form() -> None:
    [found] = list_inputs(find_pieces("POST https://ehr.example.org/token\ngrant_type=client_credentials&client_id=x"))
    assert found.evidence["headers"] == {"Content-Type": "application/x-www-form-urlencoded"}
    [found] = list_inputs(
        find_pieces("POST https://ehr.example.org/token HTTP/1.1\nHost: x\n\ngrant_type=client_credentials&client_id=x")
    )
    assert found.evidence["headers"] == {"Host": "x"}
