"""Unmodified clients meet faults of the token response: each sees the failure, and the exchange shows it as injected."""

from __future__ import annotations

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.faults.meeting import Case, Meeting, check_client, check_exchanges

pytestmark = pytest.mark.timeout(400)  # one process of the clients runs before the first test
CASES = [
    Case({"kind": "scope", "drop": ["patient/Observation"]}, "fhirclient", "searches", "403"),
    Case({"kind": "no-refresh-token"}, "fhirclient", "refreshes", "No refresh_token found"),
    Case({"kind": "no-patient"}, "fhirclient", "reads_the_patient", "Patient is not available"),
    Case({"kind": "expires-in", "value": None}, "oidc-client-ts", "signs_in", {"expires_at": None}),
    Case({"kind": "dead-token"}, "fhirclient", "reads_the_patient", "401"),
    Case({"kind": "id-token", "claim": "aud", "value": "another-app"}, "openid-client", "signs_in", 'unexpected JWT "aud"'),
    Case({"kind": "id-token-signature"}, "openid-client", "signs_in", "JWT signature verification failed"),
    Case({"kind": "id-token-alg", "alg": "none"}, "openid-client", "signs_in", 'unexpected JWT "alg"'),
    Case({"kind": "id-token-kid"}, "openid-client", "signs_in", "no applicable keys found"),
    Case(
        {"kind": "rotate-keys", "times": 2},
        "openid-client",
        "signs_in_after_two_rotations",
        "no applicable keys found",
        later=True,
    ),
    Case({"kind": "refresh", "value": "refused"}, "openid-client", "refreshes", "invalid_grant"),
    Case({"kind": "refresh", "value": "not-rotated"}, "openid-client", "refreshes", "the same refresh token"),
    Case({"kind": "refresh", "value": "revoked"}, "openid-client", "refreshes", "invalid_grant"),
    Case({"kind": "other-patient"}, "fhirclient", "expects_the_patient", "another patient"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_client_sees_the_fault_and_is_not_blamed(sickbay: AdminClient, meetings: dict[str, Meeting], case: Case) -> None:
    check_client(case, meetings[case.name])
    check_exchanges(sickbay, case, meetings[case.name])
