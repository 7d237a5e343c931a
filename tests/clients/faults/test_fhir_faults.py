"""Unmodified clients meet faults of FHIR responses: each sees the failure, and the exchange shows it as injected."""

from __future__ import annotations

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.faults.meeting import Case, Meeting, check_client, check_exchanges

pytestmark = pytest.mark.timeout(400)  # one process of the clients runs before the first test
CASES = [
    Case({"kind": "empty-page"}, "fhirclient", "searches", []),
    Case({"kind": "huge-page", "entries": 5}, "fhirclient", "searches", ["Observation"] * 5),
    Case({"kind": "broken-next"}, "fhirclient", "searches", "400", {"pages": 0}),
    Case({"kind": "gone", "type": "Patient"}, "fhirclient", "reads_the_patient", "410"),
    Case({"kind": "missing-references"}, "fhirclient", "follows_a_reference", "404"),
    Case({"kind": "outcome-entry"}, "fhirclient", "searches", ["Observation", "Observation", "OperationOutcome"]),
    Case({"kind": "conflict"}, "fhirclient", "updates", "409"),
    Case({"kind": "unauthorized"}, "fhirclient", "reads_the_patient", "401"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_client_sees_the_fault_and_is_not_blamed(sickbay: AdminClient, meetings: dict[str, Meeting], case: Case) -> None:
    check_client(case, meetings[case.name])
    check_exchanges(sickbay, case, meetings[case.name])
