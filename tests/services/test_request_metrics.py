"""What is counted of requests, and that every series has few, known labels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.rule import find
from sickbay.services.journal.exchange_record import Exchange
from sickbay.services.journal.redaction import RecordedRequest, RecordedResponse
from sickbay.services.request_metrics import BUCKETS, KINDS, UNEXPLAINED, RequestMetrics, rule_of


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def exchange(stage: str, status: int = 200, decision: Any = None, explanation: Any = None) -> Exchange:
    response = RecordedResponse(status, {})
    request = RecordedRequest("GET", "http://x/", {})
    return Exchange("id", 0.0, "general", stage, "", "", request, response, decision, explanation)


def refusal(name: str) -> Any:
    return cast(Any, SimpleNamespace(refusal=SimpleNamespace(name=name), given=None))


@pytest.mark.parametrize(("status", "outcome"), [(200, "granted"), (302, "granted"), (404, "failed"), (503, "failed")])
def test_a_request_that_was_not_refused_is_counted_by_its_status(status: int, outcome: str) -> None:
    before = value("sickbay_requests_total", stage="access", outcome=outcome)
    metrics = RequestMetrics()
    for _ in range(2):
        metrics.decided(exchange("access", status))
    assert value("sickbay_requests_total", stage="access", outcome=outcome) == before
    metrics.publish()
    metrics.publish()
    assert value("sickbay_requests_total", stage="access", outcome=outcome) == before + 2


def test_a_refusal_is_counted_under_the_rule_that_explains_it() -> None:
    before = value("sickbay_refusals_total", stage="authorize", rule="aud-missing")
    refused_before = value("sickbay_requests_total", stage="authorize", outcome="refused")
    metrics = RequestMetrics()
    explanation = cast(Any, SimpleNamespace(findings=(find(BY_ID["aud-missing"], {}, refused=True),)))
    metrics.decided(exchange("authorize", 302, refusal("aud-missing"), explanation))
    metrics.publish()
    assert value("sickbay_refusals_total", stage="authorize", rule="aud-missing") == before + 1
    assert value("sickbay_requests_total", stage="authorize", outcome="refused") == refused_before + 1


@given(st.text())
def test_the_rule_of_a_refusal_is_always_in_the_catalogue(name: str) -> None:
    assert rule_of(name, ()) in (*BY_ID, UNEXPLAINED)


def test_the_deciding_refusal_comes_before_other_findings() -> None:
    findings = (find(BY_ID["state-missing"], {}, refused=True), find(BY_ID["aud-missing"], {}, refused=True))
    assert rule_of("aud-missing", findings) == "aud-missing"
    assert rule_of("unknown", findings) == "state-missing"


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.floats(0, 100)), max_size=20))
def test_durations_are_published_as_if_each_had_been_observed(durations: list[tuple[Any, float]]) -> None:
    names = [(kind, f"{bound}") for kind in KINDS for bound in BUCKETS]
    before = {key: value("sickbay_request_duration_seconds_bucket", kind=key[0], le=key[1]) for key in names}
    totals = {kind: value("sickbay_request_duration_seconds_count", kind=kind) for kind in KINDS}
    metrics = RequestMetrics()
    for kind, seconds in durations:
        metrics.took(kind, seconds)
    metrics.publish()
    for kind, bound in names:
        added = value("sickbay_request_duration_seconds_bucket", kind=kind, le=bound) - before[kind, bound]
        assert added == sum(1 for name, seconds in durations if name == kind and seconds <= float(bound))
    for kind in KINDS:
        added = value("sickbay_request_duration_seconds_count", kind=kind) - totals[kind]
        assert added == sum(1 for name, _ in durations if name == kind)
