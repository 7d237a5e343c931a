"""Unmodified clients meet faults of discovery: each sees the failure, and the exchange shows it as injected."""

from __future__ import annotations

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.faults.meeting import Case, Meeting, check_client, check_exchanges

pytestmark = pytest.mark.timeout(400)  # one process of the clients runs before the first test
CASES = [
    Case({"kind": "discovery", "value": "unreachable"}, "openid-client", "signs_in", "status code", is_for_all=True),
    Case({"kind": "discovery", "value": "stale"}, "oidc-client-ts", "signs_in", "404", is_for_all=True),
    Case(
        {"kind": "discovery", "value": "http"},
        "openid-client",
        "signs_in",
        "does not match the expected issuer",
        is_for_all=True,
    ),
    Case({"kind": "discovery", "value": "other-endpoints"}, "fhirclient", "expects_the_patient", "404", is_for_all=True),
    Case(
        {"kind": "member", "remove": ["token_endpoint"], "stage": "discovery"},
        "openid-client",
        "signs_in",
        "token_endpoint",
        is_for_all=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_client_sees_the_fault_and_is_not_blamed(sickbay: AdminClient, meetings: dict[str, Meeting], case: Case) -> None:
    check_client(case, meetings[case.name])
    check_exchanges(sickbay, case, meetings[case.name])
