"""Whose a Binary is, whatever stands where that is said."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.fhir.binary import EXTENSION, context

BASE = "http://h/general/dstu2"
GOOD = {"url": EXTENSION, "valueReference": {"reference": "Patient/1"}}


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        ({"extension": [GOOD]}, ("Patient", "1")),
        ({"extension": [5, GOOD]}, ("Patient", "1")),
        ({"extension": None}, None),
        ({"extension": 5}, None),
        ({"extension": [{"url": EXTENSION, "valueReference": 5}]}, None),
        (5, None),
        (None, None),
    ],
)
def test_an_odd_meta_names_nobody(meta: Any, found: tuple[str, str] | None) -> None:
    assert context({"resourceType": "Binary", "meta": meta}, BASE) == found
