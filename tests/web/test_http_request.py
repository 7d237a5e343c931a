"""Headers are read into a dictionary, names are read from the host and the path, and what isn't text is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol.unicode import find_bad_byte
from sickbay.web.http_request import UnreadableRequest, check_target, check_text, get_first_segment, host_name, read_headers

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


def is_refused(part: str, sent: bytes) -> bool:
    with suppress(UnreadableRequest):
        check_target({"raw_path": sent, "query_string": b""}) if part == "path" else check_text(part, sent)
        return False
    return True


PIECES = st.sampled_from([b"a", b"%", b"%4", b"%41", b"%00", b"%c2", b"%B2", b"%b", b"\0", b"\xc2", b"\xb2", b"%25", b"00"])


@given(st.lists(PIECES).map(b"".join), st.sampled_from(["path", "form", "body"]))
def test_a_part_is_refused_exactly_if_it_has_a_bad_byte(sent: bytes, part: str) -> None:
    assert is_refused(part, sent) is (find_bad_byte(sent, encoded=part != "body") is not None)
