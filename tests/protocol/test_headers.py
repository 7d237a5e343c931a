"""Headers are read into a dictionary, and requests of scripts are recognised by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol import headers

NAMES = st.sampled_from([b"host", b"accept", b"authorization", b"x-odd"])
PAIRS = st.lists(st.tuples(NAMES, st.binary(max_size=12)), max_size=6)


@given(PAIRS)
def test_each_name_has_its_values_in_the_order_received(pairs: list[tuple[bytes, bytes]]) -> None:
    values = headers.read(pairs)
    assert list(values) == list(dict.fromkeys(name.decode() for name, _ in pairs))
    for name, joined in values.items():
        assert joined == ", ".join(value.decode("latin-1") for key, value in pairs if key.decode() == name)


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
def test_requests_of_scripts_are_recognised(sent: dict[str, str], fetched: bool) -> None:
    assert headers.is_fetched(sent) is fetched
