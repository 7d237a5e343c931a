"""Unmodified clients meet faults of the redirect to the app: each sees the failure, and the exchange shows it as injected."""

from __future__ import annotations

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.faults.meeting import Case, Meeting, check_client, check_exchanges

pytestmark = pytest.mark.timeout(400)  # one process of the clients runs before the first test
CASES = [
    Case({"kind": "authorize-error", "error": "access_denied"}, "oidc-client-ts", "signs_in", "access_denied"),
    Case({"kind": "authorize-error", "error": "server_error"}, "openid-client", "signs_in", "server_error"),
    Case({"kind": "state", "value": "missing"}, "oidc-client-ts", "signs_in", "No state in response"),
    Case({"kind": "state", "value": "wrong"}, "openid-client", "signs_in", 'unexpected "state" response parameter value'),
    Case({"kind": "iss", "value": "missing"}, "openid-client", "signs_in", 'response parameter "iss" (issuer) missing'),
    Case({"kind": "iss", "value": "wrong"}, "openid-client", "signs_in", 'unexpected "iss"'),
    Case({"kind": "code", "value": "expired"}, "oidc-client-ts", "signs_in", "invalid_grant"),
    Case({"kind": "code", "value": "used"}, "fhirclient", "reads_the_patient", "invalid_grant"),
    Case({"kind": "html", "stage": "authorize"}, "openid-client", "signs_in", "An error has occurred"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_client_sees_the_fault_and_is_not_blamed(sickbay: AdminClient, meetings: dict[str, Meeting], case: Case) -> None:
    check_client(case, meetings[case.name])
    check_exchanges(sickbay, case, meetings[case.name])
