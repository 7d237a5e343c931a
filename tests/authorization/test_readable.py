"""Requests that can't be read are refused with the place, the byte and its correction."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.authorization.readable import (
    FORM_LIMIT,
    LOOKED_AT,
    form_is_not_compressed,
    form_is_small_enough,
    refuse_if_not_utf8,
    refuse_too_large,
    request_is_utf8,
)
from sickbay.authorization.requests import AccessRequest, TokenRequest, authorize_request, token_request
from sickbay.kernel.checks import Refusal
from sickbay.protocol.parameters import parse

FORM = "application/x-www-form-urlencoded"


def facts(refusal: Refusal | None) -> dict[str, Any]:
    assert refusal is not None
    assert (refusal.name, refusal.error, refusal.status) == ("request-not-utf8", "invalid_request", 400)
    return dict(refusal.facts)


@pytest.mark.parametrize(
    ("part", "sent", "place", "received", "position"),
    [
        ("query", b"a=b&name=Andr%E9&c=d", "the parameter 'name'", "%E9", 14),
        ("query", b"family+name=%E9", "the parameter 'family name'", "%E9", 13),
        ("form", b"state=x\xe9", "the parameter 'state'", "0xE9", 8),
        ("form", b"a=b&stat%E9=x", "the name of a parameter in the form", "%E9", 9),
        ("form", b"=%E9", "a parameter", "%E9", 2),
        ("form", b"x" * 61 + b"=%E9", "a parameter", "%E9", 63),
        ("path", b"/general/r4/Patient/%E9", "the path", "%E9", 21),
        ("body", b'{"client_name": "Andr\xe9"}', "the body", "0xE9", 22),
    ],
)
def test_the_parameter_and_the_byte_are_named(part: str, sent: bytes, place: str, received: str, position: int) -> None:
    refusal_facts = facts(refuse_if_not_utf8(part, sent))
    corrected = "0xC3 0xA9" if part == "body" else "%C3%A9"
    assert refusal_facts == {
        "part": part,
        "place": place,
        "received": received,
        "position": position,
        "meant": "é",
        "corrected": corrected,
    }


def test_a_parameter_beyond_the_part_kept_for_redaction_is_not_named() -> None:
    refusal_facts = facts(refuse_if_not_utf8("form", b"a=" + b"b" * LOOKED_AT + b"&secret=%FE%FF"))
    assert (refusal_facts["place"], refusal_facts["received"], refusal_facts["position"]) == (
        "a parameter",
        "%FE",
        LOOKED_AT + 11,
    )


def test_no_correction_is_suggested_without_a_likely_encoding() -> None:
    assert facts(refuse_if_not_utf8("query", b"a=%00")).keys() == {"part", "place", "received", "position"}


def test_valid_utf8_is_accepted() -> None:
    assert refuse_if_not_utf8("query", b"name=Andr%C3%A9") is None


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (AccessRequest("GET", "", "", parse("name=%E9"), url="http://x/Patient"), "the parameter 'name'"),
        (AccessRequest("GET", "", "", url="http://x/Patient/%E9"), "the path"),
        (
            AccessRequest("POST", "", "", parse(""), {"content-type": FORM}, url="http://x", body="b=%E9"),
            "the parameter 'b'",
        ),
        (token_request("POST", "http://x/token", {"content-type": FORM}, "a=b&code=%E9"), "the parameter 'code'"),
        (token_request("POST", "http://x/token?q=%E9", {}, "a=b"), "the parameter 'q'"),
        (authorize_request("http://x/authorize?state=%E9"), "the parameter 'state'"),
    ],
)
def test_a_pasted_request_gets_the_same_refusal(request_: Any, place: str) -> None:
    assert facts(request_is_utf8.decide(request_, None))["place"] == place


@pytest.mark.parametrize(
    "request_",
    [
        AccessRequest("GET", "", "", parse("name=%C3%A9"), url="http://x/Patient"),
        AccessRequest("POST", "", "", headers={"content-type": "application/json"}, body='{"a": "%E9"}'),
        TokenRequest(parse("a=b"), {}, "http://x/token", body="a=%C3%A9"),
    ],
)
def test_valid_pasted_requests_pass(request_: Any) -> None:
    assert request_is_utf8.decide(request_, None) is None


@pytest.mark.parametrize(
    ("headers", "size", "refused"),
    [
        ({}, FORM_LIMIT, False),
        ({}, FORM_LIMIT + 1, True),
        ({"content-length": str(FORM_LIMIT)}, 1, False),
        ({"content-length": str(FORM_LIMIT + 1)}, 1, True),
        ({"content-length": "²"}, 1, False),
        ({"content-length": "9" * 5000}, 1, True),
    ],
)
def test_a_form_over_the_limit_is_refused(headers: dict[str, str], size: int, refused: bool) -> None:
    request = TokenRequest(parse(""), headers, body="x" * size)
    expected = Refusal("request-too-large", "invalid_request", {"limit": FORM_LIMIT, "unit": "bytes"}, 413)
    assert form_is_small_enough.decide(request, None) == (expected if refused else None)
    assert refuse_too_large(FORM_LIMIT) == expected


@pytest.mark.parametrize(
    ("coding", "received"),
    [
        (None, None),
        ("", None),
        (" Identity", None),
        ("GZIP", "gzip"),
        ("br", "br"),
        ("gzip, gzip", "(another)"),
        ("secret", "(another)"),
    ],
)
def test_a_compressed_form_is_refused_by_this_server(coding: str | None, received: str | None) -> None:
    request = TokenRequest(parse(""), {} if coding is None else {"content-encoding": coding})
    expected = Refusal("request-body-compressed", "invalid_request", {"received": received}, 415) if received else None
    assert form_is_not_compressed.decide(request, None) == expected
    assert form_is_not_compressed.requires == ("server",)
