"""What hurts the user most is said first, and habits of an app last."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.catalogue import BY_ID, INDEX
from sickbay.diagnosis.evidence import access
from sickbay.diagnosis.explain import HARMFUL, explain, rank_by_harm
from sickbay.diagnosis.lists import HABITS, find_place
from sickbay.kernel.checks import Examination

BASE = "http://localhost:7425/general/r4"
TOKEN = {"client_id": "app", "scope": "patient/*.rs", "patient": "p-0017", "aud": BASE, "iss": "http://localhost:7425/general"}


@pytest.mark.parametrize("entry", HARMFUL)
def test_every_entry_stands_for_a_rule(entry: str) -> None:
    assert any(find_place((entry,), id) == 0 for id in BY_ID)


@pytest.mark.parametrize("id", sorted(HABITS))
def test_a_habit_is_advice_and_never_more_than_info(id: str) -> None:
    rule = BY_ID[id]
    assert rule.advises is not None
    assert rule.explains is None
    assert rule.severity == "info"


def test_a_wrong_patient_comes_before_every_other_advice_and_a_missing_accept_last() -> None:
    ranks = {id: rank_by_harm(id) for id, rule in BY_ID.items() if rule.advises}
    assert min(ranks, key=ranks.__getitem__) == "fhir-wrong-patient"
    assert rank_by_harm("fhir-missing-accept") == max(ranks.values())


def test_advice_about_accept_never_hides_a_wrong_patient() -> None:
    context = {"now": 1_764_000_000, "server": {"fhir_bases": [BASE], "fhir_version": "4.0.1"}, "tokens": {"t": TOKEN}}
    headers = {"Accept": "*/*", "Authorization": "Bearer t"}
    url = f"{BASE}/Observation?patient=p-0002&categroy=laboratory"
    evidence = {"kind": "fhir_request", "method": "GET", "url": url, "headers": headers, "context": context}
    request = access.read_request(evidence)
    live = explain(INDEX, "access", request, access.context_of(evidence, request), Examination(()), live=True)
    assert [finding.id for finding in live.findings] == [
        "fhir-wrong-patient",
        "fhir-search-unknown-param",
        "fhir-missing-accept",
    ]
