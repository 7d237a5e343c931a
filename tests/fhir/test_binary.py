"""The security context of a Binary with valid and invalid meta."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.fhir.binary import EXTENSION, read_security_context

BASE = "http://h/general/dstu2"
GOOD = {"url": EXTENSION, "valueReference": {"reference": "Patient/1"}}


@pytest.mark.parametrize(
    ("meta", "expected"),
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
def test_only_a_valid_extension_in_meta_names_a_context(meta: Any, expected: tuple[str, str] | None) -> None:
    assert read_security_context({"resourceType": "Binary", "meta": meta}, BASE) == expected
