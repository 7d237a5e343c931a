"""JSON is written exactly as it was read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sickbay.fhir import lossless_json

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text() | some.floats(allow_nan=False, allow_infinity=False),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


@pytest.mark.parametrize("number", ["1.00", "0.10", "1e5", "1E-7", "-0.0", "100000000000000000000.5", "3.14159265358979323846"])
def test_a_decimal_keeps_its_text(number: str) -> None:
    body = f'{{"value":{number},"of":[{number}]}}'.encode()
    assert lossless_json.dumps(lossless_json.loads(body)) == body


def test_a_decimal_keeps_its_text_next_to_a_number_of_more_than_64_bits() -> None:
    body = b'{"a":123456789012345678901234567890,"b":1.00,"c":"\xc3\xa4"}'
    assert lossless_json.dumps(lossless_json.loads(body)) == body


@given(VALUES)
def test_any_value_is_the_same_after_reading_and_writing(value: object) -> None:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    assert json.loads(lossless_json.dumps(lossless_json.loads(body))) == value


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,}', b'{"a":NaN}', b'"\xff"', b'"\\ud800"', b"[" * 100_000])
def test_invalid_json_is_refused_with_a_message(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        lossless_json.loads(body)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a":1,"a":2}', "a"),
        (b'{"a":1,"\\u0061":2}', "a"),
        (b'\xef\xbb\xbf{"x":[{"b":{},"c":1.00,"b":{}}]}', "b"),
        (b'{"a":"\\"","a":"\\u0022"}', "a"),
        (b'{"a":"x\\\\","b":["\\""],"b":[]}', "b"),
        (b'{"a":{"b":1},"b":{"a":1}}', None),
        (b'{"a":"a\\":1,\\"a","b":"\\u0022"}', None),
        (b'{ "a" : [ "a", "a" ], "number" : 123456789012345678901234567890 }', None),
        (b'"a"', None),
    ],
)
def test_a_duplicate_name_in_an_object_is_found(body: bytes, name: str | None) -> None:
    assert lossless_json.find_repeated_name(body, lossless_json.loads(body.removeprefix(b"\xef\xbb\xbf"))) == name


@given(VALUES)
def test_json_from_python_has_no_duplicate_names(value: object) -> None:
    for body in (
        json.dumps(value).encode(),
        json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace"),
    ):
        assert lossless_json.find_repeated_name(body, lossless_json.loads(body)) is None


def test_many_decimals_next_to_a_number_of_more_than_64_bits_are_written_quickly() -> None:
    text = b"[18446744073709551616" + b",1.50" * 100_000 + b'," 7","0","x"]'
    assert lossless_json.dumps(lossless_json.loads(text)) == text


def test_a_text_that_looks_like_a_placeholder_is_unchanged() -> None:
    assert lossless_json.dumps([2**70, "\ue0007\ue000"]) == '[1180591620717411303424,"\ue0007\ue000"]'.encode()


def test_json_that_is_nested_too_deep_is_not_written() -> None:
    deep = lossless_json.loads(b"[" * 300 + b"]" * 300)
    with pytest.raises(ValueError, match="nested deeper than 254"):
        lossless_json.dumps(deep)
    assert lossless_json.dumps(lossless_json.loads(b"[" * 200 + b"18446744073709551616" + b"]" * 200)).startswith(b"[[")


def test_a_byte_that_is_not_utf_8_is_named_with_its_position() -> None:
    with pytest.raises(ValueError, match=r"^byte 0xE9 at position 14 isn't UTF-8$"):
        lossless_json.loads(b'{"a":"b","c":"\xe9"}')
