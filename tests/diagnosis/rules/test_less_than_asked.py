"""Tests of the rules about what a token response lacks although the app requested it."""

from __future__ import annotations

import pytest

from sickbay.doctor.diagnose import diagnose

ID_TOKEN = {"id-token-missing", "id-token-not-issued"}


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        ({"scope": "openid user/Patient.rs"}, {"id-token-missing"}),
        ({}, {"id-token-missing"}),
        ({"scope": "user/Patient.rs"}, ID_TOKEN),
    ],
)
def test_a_missing_id_token_is_explained_by_its_scope_only_if_the_server_did_not_grant_it(
    granted: dict[str, str], expected: set[str]
) -> None:
    answer = {"access_token": "q3ZtR9wK2mV7", "token_type": "Bearer", "expires_in": 3600, **granted}
    evidence = {"kind": "token_response", "json": answer, "context": {"requested_scope": "openid user/Patient.rs"}}
    assert {finding.id for finding in diagnose(evidence).explanation.findings} & ID_TOKEN == expected
