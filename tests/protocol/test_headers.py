"""Headers are read into a dictionary, which is cached unless they are long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol import headers

NAMES = st.sampled_from([b"host", b"accept", b"authorization", b"x-odd"])
PAIRS = st.lists(st.tuples(NAMES, st.binary(max_size=12)), max_size=6)


@given(PAIRS)
def test_each_name_has_its_values_in_the_order_in_which_they_came(pairs: list[tuple[bytes, bytes]]) -> None:
    found = headers.read(pairs)
    assert list(found) == list(dict.fromkeys(name.decode() for name, _ in pairs))
    for name, joined in found.items():
        assert joined == ", ".join(value.decode("latin-1") for one, value in pairs if one.decode() == name)


@given(PAIRS, PAIRS)
def test_the_same_headers_are_the_same_object_and_others_are_another(
    pairs: list[tuple[bytes, bytes]], others: list[tuple[bytes, bytes]]
) -> None:
    assert headers.read(pairs) is headers.read(list(pairs))
    assert (headers.read(pairs) is headers.read(others)) is (pairs == others)


def test_long_headers_are_read_and_not_kept() -> None:
    pairs = [(b"cookie", b"x" * headers.LONGEST)]
    assert headers.read(pairs) == headers.read(pairs) == {"cookie": "x" * headers.LONGEST}
    assert headers.read(pairs) is not headers.read(pairs)


SITE = {"sec-fetch-site": "cross-site"}


@pytest.mark.parametrize(
    ("sent", "fetched"),
    [
        ({}, False),
        ({"sec-fetch-mode": "navigate", **SITE}, False),
        ({"sec-fetch-mode": "cors", **SITE}, True),
        ({"sec-fetch-mode": "no-cors", **SITE}, True),
        ({"sec-fetch-mode": "same-origin", **SITE}, True),
        ({"sec-fetch-mode": "cors"}, False),
        ({"x-requested-with": "XMLHttpRequest"}, True),
        ({"x-requested-with": "com.example.app"}, False),
    ],
)
def test_whether_a_script_waits_for_the_answer(sent: dict[str, str], fetched: bool) -> None:
    assert headers.is_fetched(sent) is fetched
