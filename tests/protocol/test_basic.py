"""HTTP Basic headers are read with and without form-decoding, and common mistakes in them are recognised."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol import basic

ids = st.text(st.characters(exclude_characters=":\r\n", exclude_categories=["Cs"]), min_size=1)
secrets = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


def header(inside: str) -> str:
    return "Basic " + b64encode(inside.encode()).decode()


@given(ids, secrets)
def test_a_written_header_is_read_with_form_decoding(id: str, secret: str) -> None:
    assert basic.read(basic.write(id, secret)).decoded == (id, secret)


@given(ids, secrets)
def test_a_header_without_form_encoding_is_read_raw(id: str, secret: str) -> None:
    assert basic.read(header(f"{id}:{secret}")).raw == (id, secret)


@given(st.text())
def test_nothing_makes_reading_fail(text: str) -> None:
    assert basic.read("Basic " + text) is not None


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (header("app:secret"), None),
        ("basic " + b64encode(b"app:secret").decode(), None),
        (header("app:secret\n"), "newline"),
        ("Basic " + b64encode(b"app:secret").decode()[:6] + "\n " + b64encode(b"app:secret").decode()[6:], "newline"),
        ("Basic app:secret", "clear"),
        ("Basic !!!", "not-base64"),
        (header("no colon"), "no-colon"),
    ],
)
def test_the_fault_of_a_header_is_recognised(sent: str, fault: str | None) -> None:
    assert basic.read(sent).fault == fault


def test_with_a_newline_the_pair_is_read_without_it() -> None:
    assert basic.read(header("app:secret\n")).decoded == ("app", "secret")


@pytest.mark.parametrize(("sent", "expected"), [("Basic x", True), ("basic x", True), ("Bearer x", False), ("x", False)])
def test_the_basic_scheme_is_recognised_in_any_case(sent: str, expected: bool) -> None:
    assert basic.is_basic(sent) is expected


def test_a_header_is_written_with_encoding_or_without() -> None:
    assert basic.write_plain("my app", "a+b%c") == header("my app:a+b%c")
    assert basic.write("my app", "a+b%c") == header("my+app:a%2Bb%25c")


@given(ids, secrets)
def test_a_header_written_without_encoding_is_read_raw(id: str, secret: str) -> None:
    assert basic.read(basic.write_plain(id, secret)).raw == (id, secret)


@pytest.mark.parametrize(
    "header",
    [
        "Basic app:s",
        "Basic: YXBwOnM=",
        'Basic "YXBwOnM="',
        "BasicYXBwOnM=",
        "Bearer YXBwOnM",
        "YXBwOnM=",
        "Basic app : s",
        "Basic WVhCd09uTT0=",
        '"Basic YXBwOnM="',
        "token app:s",
    ],
)
def test_id_and_secret_are_read_from_a_malformed_header(header: str) -> None:
    assert basic.read_malformed(header) == ("app", "s")


@pytest.mark.parametrize("header", ["", "Basic", "Basic c2VjcmV0", "Bearer a.b.c", "Basic !", "Basic //79"])
def test_a_header_without_id_and_secret_is_not_read(header: str) -> None:
    assert basic.read_malformed(header) is None
