"""Records are compressed without loss, and those of earlier revisions stay readable."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.journal import packing

DICTIONARIES = [
    (packing.WORDS, 1546053149, "AYNmogrkNA7PB7UA", b'{"id":"x","stage":"authorize"}'),
    (packing.FHIR_WORDS, 1113388723, "AoPGcAVmBNUCAA==", b'{"id":"x","stage":"access"}'),
    (packing.OAUTH_WORDS, 2975518688, "A4OWKxUYJUAtAA==", b'{"id":"x","stage":"token"}'),
]
"""Each dictionary of the records, its checksum, a stored record, and what it contains."""


@pytest.mark.parametrize(("words", "checksum", "stored", "text"), DICTIONARIES)
def test_the_dictionaries_of_the_records_never_change(words: bytes, checksum: int, stored: str, text: bytes) -> None:
    """A data folder of an earlier revision can be read only with exactly these dictionaries."""
    assert zlib.crc32(words) == checksum
    assert packing.unpack(base64.b64decode(stored)) == text


@given(st.binary(max_size=5000), st.sampled_from([packing.MARK, packing.FHIR_MARK, packing.OAUTH_MARK]))
def test_a_packed_record_is_unpacked_to_the_same_bytes(text: bytes, mark: bytes) -> None:
    whole = text + packing.FHIR_WORDS + packing.OAUTH_WORDS + text
    assert packing.unpack(packing.pack(whole, mark)) == whole
