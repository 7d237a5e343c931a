"""Headers are read into a dictionary, and names are read from the host and the path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.web.http_request import get_first_segment, host_name, read_headers

NAMES = st.sampled_from([b"host", b"accept", b"authorization", b"x-odd"])
PAIRS = st.lists(st.tuples(NAMES, st.binary(max_size=12)), max_size=6)


@given(PAIRS)
def test_each_name_has_its_values_in_the_order_received(pairs: list[tuple[bytes, bytes]]) -> None:
    values = read_headers(pairs)
    assert list(values) == list(dict.fromkeys(name.decode() for name, _ in pairs))
    for name, joined in values.items():
        assert joined == ", ".join(value.decode("latin-1") for key, value in pairs if key.decode() == name)


@pytest.mark.parametrize(
    ("header", "name"),
    [("localhost:7425", "localhost"), ("[::1]:7425", "::1"), ("EVIL.example", "evil.example"), ("", ""), ("[", "")],
)
def test_the_name_is_extracted_from_the_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("path", "segment"), [("/general/oauth/token", "general"), ("/general", "general"), ("/", ""), ("*", "*"), ("//x", "")]
)
def test_the_first_segment_of_a_path_names_the_hospital(path: str, segment: str) -> None:
    assert get_first_segment({"path": path}) == segment
