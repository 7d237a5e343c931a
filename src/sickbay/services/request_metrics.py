"""Prometheus metrics of requests: outcomes by stage, refusals by rule, issued tokens, and durations.

A request only adds to plain numbers, because a Prometheus counter costs up to 3 µs with several workers. `publish` moves the
numbers to Prometheus: the journal calls it every second, and `/metrics` before it responds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, TypeVar

from prometheus_client import Counter, Histogram

from sickbay.diagnosis.rule import Finding
from sickbay.services.journal.record import Exchange

K = TypeVar("K")
Kind: TypeAlias = Literal["oauth", "fhir_read", "fhir_search", "fhir_write", "fhir_other", "page", "health", "stream"]
"""The kind of address that a request was sent to. "page": everything else, also /admin and files."""
KINDS: Final[tuple[Kind, ...]] = ("oauth", "fhir_read", "fhir_search", "fhir_write", "fhir_other", "page", "health", "stream")
GRANTS: Final = ("authorization_code", "refresh_token", "client_credentials", "admin")
"""grant_type of the token request; "admin": POST /admin/tokens."""
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNEXPLAINED: Final = "none"
"""The label of a refusal that no rule of the catalogue explains."""

REQUESTS: Final = Counter(
    "sickbay_requests_total",
    "Requests that were recorded as exchanges (granted; refused; failed: granted, but the status is 400 or more).",
    ["stage", "outcome"],
)
REFUSALS: Final = Counter("sickbay_refusals_total", "Refused requests by the rule that explains them.", ["stage", "rule"])
TOKENS: Final = Counter("sickbay_tokens_issued_total", "Token responses with an access token.", ["grant"])
DURATION: Final = Histogram(
    "sickbay_request_duration_seconds",
    "Seconds from a request's headers to the end of its response.",
    ["kind"],
    buckets=BUCKETS,
)
for _grant in GRANTS:
    TOKENS.labels(_grant)
for _kind in KINDS:
    DURATION.labels(_kind)


class Durations:
    """Durations of one kind that haven't been published. counts: by bucket; the last one is for longer durations."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0


class RequestMetrics:
    """The numbers of this process that haven't been published. Used only on the event loop."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str], int] = {}
        self._refusals: dict[tuple[str, str], int] = {}
        self._tokens: dict[str, int] = {}
        self._durations = {kind: Durations() for kind in KINDS}

    def count_exchange(self, exchange: Exchange) -> None:
        """Count a recorded exchange, the rule of its refusal, and the token that it issued."""
        decision = exchange.decision
        if decision is not None and decision.refusal is not None:
            key = exchange.stage, "refused"
            refusal = (
                exchange.stage,
                rule_of(decision.refusal.name, exchange.explanation.findings if exchange.explanation else ()),
            )
            self._refusals[refusal] = self._refusals.get(refusal, 0) + 1
        else:
            key = exchange.stage, "granted" if exchange.response.status < 400 else "failed"
            if decision is not None and decision.negotiation is not None:
                self.count_token(decision.request.parameters.get("grant_type"))
        self._requests[key] = self._requests.get(key, 0) + 1

    def count_token(self, grant: str) -> None:
        self._tokens[grant] = self._tokens.get(grant, 0) + 1

    def add_duration(self, kind: Kind, seconds: float) -> None:
        durations = self._durations[kind]
        durations.counts[bisect_left(BUCKETS, seconds)] += 1
        durations.seconds += seconds

    def publish(self) -> None:
        """Add the numbers to the Prometheus metrics, and start again from zero."""
        _add_counts(self._requests, lambda key: REQUESTS.labels(*key))
        _add_counts(self._refusals, lambda key: REFUSALS.labels(*key))
        _add_counts(self._tokens, lambda grant: TOKENS.labels(grant))
        for kind, durations in self._durations.items():
            if any(durations.counts):
                self._durations[kind] = Durations()
                _add_observations(DURATION.labels(kind), durations)


def rule_of(refusal: str, findings: tuple[Finding, ...]) -> str:
    """The ID of the finding that explains the deciding refusal; always an ID of the catalogue, or UNEXPLAINED."""
    from sickbay.diagnosis.catalogue import BY_ID  # a server that starts needs no rules

    explaining = (finding.id for finding in findings if BY_ID[finding.id].explains == refusal)
    first = (finding.id for finding in findings if finding.refused)
    return next(explaining, next(first, refusal if refusal in BY_ID else UNEXPLAINED))


def _add_counts(counts: dict[K, int], counter: Callable[[K], Counter]) -> None:
    for key, count in counts.items():
        counter(key).inc(count)
    counts.clear()


def _add_observations(histogram: Histogram, durations: Durations) -> None:
    """Add many observations at once. The library has no public method for that, and `observe` takes 3 µs with workers."""
    histogram._sum.inc(durations.seconds)
    for bucket, count in zip(histogram._buckets, durations.counts, strict=True):
        if count:
            bucket.inc(count)


METRICS: Final = RequestMetrics()
"""The metrics of this process, like the Prometheus metrics."""
