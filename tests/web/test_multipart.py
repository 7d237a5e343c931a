"""Forms with a file are read as they were sent, and anything else is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.web import multipart

TYPE = "multipart/form-data; boundary=mark"


@given(st.dictionaries(st.sampled_from(("csrf", "file", "name")), st.binary(max_size=40)))
def test_every_field_is_read_byte_for_byte(fields: dict[str, bytes]) -> None:
    body = b"".join(
        b'--mark\r\nContent-Disposition: form-data; name="%b"; filename="x"\r\n\r\n%b\r\n' % (name.encode(), value)
        for name, value in fields.items()
    )
    assert multipart.parse(TYPE, body + b"--mark--\r\n") == fields


@given(st.text(max_size=30), st.binary(max_size=60))
def test_any_other_body_is_read_or_refused(content_type: str, body: bytes) -> None:
    for sent in (content_type, TYPE):
        with suppress(ValueError):
            assert isinstance(multipart.parse(sent, body), dict)


def test_truncated_forms_and_fields_without_a_name_are_refused() -> None:
    field = b'--mark\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    for body in (
        b"",
        field,
        field * 30 + b"--mark--",
        b"--mark\r\nx\r\n--mark--",
        b'--mark\r\nfilename="a"\r\n\r\nx\r\n--mark--',
    ):
        with pytest.raises(ValueError, match="form"):
            multipart.parse(TYPE, body)
