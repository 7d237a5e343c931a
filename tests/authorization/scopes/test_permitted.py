"""What a string of granted scopes permits."""

from __future__ import annotations

from sickbay.authorization.scopes.permitted import permits_scope


def test_granted_scopes_separated_by_commas_count_too() -> None:
    assert permits_scope("openid,patient/*.rs", "patient/Patient.r")
    assert not permits_scope("openid,patient/*.rs", "patient/Patient.c")
