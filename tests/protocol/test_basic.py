"""HTTP Basic: both readings, and headers that are broken in the usual ways."""

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
def test_what_is_written_is_read_form_decoded(id: str, secret: str) -> None:
    assert basic.read(basic.write(id, secret)).decoded == (id, secret)


@given(ids, secrets)
def test_what_was_not_form_encoded_is_read_raw(id: str, secret: str) -> None:
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
def test_the_fault_of_a_header(sent: str, fault: str | None) -> None:
    assert basic.read(sent).fault == fault


def test_with_a_newline_the_pair_is_read_without_it() -> None:
    assert basic.read(header("app:secret\n")).decoded == ("app", "secret")


@pytest.mark.parametrize(("sent", "said"), [("Basic x", True), ("basic x", True), ("Bearer x", False), ("x", False)])
def test_whether_a_header_is_basic(sent: str, said: bool) -> None:
    assert basic.is_basic(sent) is said


@given(ids, secrets)
def test_what_is_written_plainly_is_read_as_it_stands(id: str, secret: str) -> None:
    assert basic.read(basic.plain(id, secret)).raw == (id, secret)


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
def test_id_and_secret_are_salvaged_from_a_header_that_is_none(header: str) -> None:
    assert basic.salvaged(header) == ("app", "s")


@pytest.mark.parametrize("header", ["", "Basic", "Basic c2VjcmV0", "Bearer a.b.c", "Basic !", "Basic //79"])
def test_what_holds_no_pair_is_not_salvaged(header: str) -> None:
    assert basic.salvaged(header) is None
