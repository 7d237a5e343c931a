"""What is counted of requests, and that every series has few, known labels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.rule import fill_rule
from sickbay.services.journal.record import Exchange
from sickbay.services.redaction.redaction import RecordedRequest, RecordedResponse
from sickbay.services.request_metrics import BUCKETS, KINDS, UNEXPLAINED, RequestMetrics, rule_of


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def samples(name: str) -> dict[frozenset[tuple[str, str]], float]:
    """All series of one metric, in one pass over the registry."""
    return {
        frozenset(sample.labels.items()): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == name
    }


def exchange(stage: str, status: int = 200, decision: Any = None, explanation: Any = None) -> Exchange:
    response = RecordedResponse(status, {})
    request = RecordedRequest("GET", "http://x/", {})
    return Exchange("id", 0.0, "general", stage, "", "", request, response, decision, explanation)


def refusal(name: str) -> Any:
    return cast(Any, SimpleNamespace(refusal=SimpleNamespace(name=name), negotiation=None))


@pytest.mark.parametrize(("status", "outcome"), [(200, "granted"), (302, "granted"), (404, "failed"), (503, "failed")])
def test_a_request_that_was_not_refused_is_counted_by_its_status(status: int, outcome: str) -> None:
    before = value("sickbay_requests_total", stage="access", outcome=outcome)
    metrics = RequestMetrics()
    for _ in range(2):
        metrics.count_exchange(exchange("access", status))
    assert value("sickbay_requests_total", stage="access", outcome=outcome) == before
    metrics.publish()
    metrics.publish()
    assert value("sickbay_requests_total", stage="access", outcome=outcome) == before + 2


def test_a_refusal_is_counted_under_the_rule_that_explains_it() -> None:
    before = value("sickbay_refusals_total", stage="authorize", rule="aud-missing")
    refused_before = value("sickbay_requests_total", stage="authorize", outcome="refused")
    metrics = RequestMetrics()
    explanation = cast(Any, SimpleNamespace(findings=(fill_rule(BY_ID["aud-missing"], {}, refused=True),)))
    metrics.count_exchange(exchange("authorize", 302, refusal("aud-missing"), explanation))
    metrics.publish()
    assert value("sickbay_refusals_total", stage="authorize", rule="aud-missing") == before + 1
    assert value("sickbay_requests_total", stage="authorize", outcome="refused") == refused_before + 1


@given(st.text())
def test_the_rule_of_a_refusal_is_always_in_the_catalogue(name: str) -> None:
    assert rule_of(name, ()) in (*BY_ID, UNEXPLAINED)


def test_the_deciding_refusal_comes_before_other_findings() -> None:
    findings = (fill_rule(BY_ID["state-missing"], {}, refused=True), fill_rule(BY_ID["aud-missing"], {}, refused=True))
    assert rule_of("aud-missing", findings) == "aud-missing"
    assert rule_of("unknown", findings) == "state-missing"


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.floats(0, 100)), max_size=20))
def test_durations_are_published_as_if_each_had_been_observed(durations: list[tuple[Any, float]]) -> None:
    bucket, count = "sickbay_request_duration_seconds_bucket", "sickbay_request_duration_seconds_count"
    before, totals = samples(bucket), samples(count)
    metrics = RequestMetrics()
    for kind, seconds in durations:
        metrics.add_duration(kind, seconds)
    metrics.publish()
    after, counted = samples(bucket), samples(count)
    for kind in KINDS:
        for bound in BUCKETS:
            series = frozenset({("kind", kind), ("le", f"{bound}")})
            added = after[series] - before.get(series, 0.0)
            assert added == sum(1 for name, seconds in durations if name == kind and seconds <= float(bound))
        series = frozenset({("kind", kind)})
        assert counted[series] - totals.get(series, 0.0) == sum(1 for name, _ in durations if name == kind)
