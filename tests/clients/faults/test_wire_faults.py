"""Unmodified clients meet faults that any response can have: each sees the failure, and the exchange shows it as injected."""

from __future__ import annotations

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.faults.meeting import Case, Meeting, check_client, check_exchanges

pytestmark = pytest.mark.timeout(400)  # one process of the clients runs before the first test
CASES = [
    Case({"kind": "status", "status": 503, "stage": "access"}, "fhirclient", "reads_the_patient", "503"),
    Case({"kind": "status", "status": 503, "stage": "token"}, "openid-client", "signs_in", "status code"),
    Case({"kind": "delay", "seconds": 1.5, "stage": "token"}, "openid-client", "signs_in", "timeout", {"timeout": 0.5}),
    Case(
        {"kind": "slow", "bytes_per_second": 1, "stage": "access"}, "fhirclient", "reads_impatiently", "abort", {"timeout": 500}
    ),
    Case({"kind": "reset", "stage": "access"}, "fhirclient", "reads_the_patient", "socket hang up"),
    Case({"kind": "reset", "stage": "token"}, "openid-client", "signs_in", "other side closed"),
    Case({"kind": "truncate", "bytes": 10, "stage": "token"}, "openid-client", "signs_in", "terminated"),
    Case(
        {"kind": "body", "body": '{"error": "invalid_client"}', "status": 401, "stage": "token"},
        "openid-client",
        "signs_in",
        "invalid_client",
    ),
    Case({"kind": "html", "stage": "token"}, "openid-client", "signs_in", "content-type"),
    Case(
        {"kind": "content-type", "content_type": "text/plain", "stage": "token"}, "oidc-client-ts", "signs_in", "Content-Type"
    ),
    Case({"kind": "encoding", "stage": "access"}, "fhirclient", "reads_the_patient", "incorrect header check"),
    Case({"kind": "member", "remove": ["access_token"], "stage": "token"}, "openid-client", "signs_in", "access_token"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_client_sees_the_fault_and_is_not_blamed(sickbay: AdminClient, meetings: dict[str, Meeting], case: Case) -> None:
    check_client(case, meetings[case.name])
    check_exchanges(sickbay, case, meetings[case.name])
