"""What a string of granted scopes permits."""

from __future__ import annotations

from sickbay.authorization.scopes.permitted import is_permitted


def test_granted_scopes_separated_by_commas_count_too() -> None:
    assert is_permitted("openid,patient/*.rs", "patient/Patient.r")
    assert not is_permitted("openid,patient/*.rs", "patient/Patient.c")
