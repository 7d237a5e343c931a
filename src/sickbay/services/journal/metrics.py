"""The journal's Prometheus metrics, for all workers together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal, TypeAlias

from prometheus_client import Counter, Gauge

from sickbay.storage.counts import Volume

QUEUE_SAMPLE: Final = ("sickbay_exchanges_dropped_total", {"reason": "queue"})
Reason: TypeAlias = Literal["queue", "size", "expired"]

DROPPED = Counter(
    "sickbay_exchanges_dropped",
    "Exchanges that were not written (queue: too many or too large at once) or"
    " were deleted (size: the journal was full; expired: records past their time, of every kind).",
    ["reason"],
)
UNREDACTED = Counter(
    "sickbay_exchanges_unredacted",
    "Exchanges whose redaction failed. Their records have only the lengths of the method and the URL.",
)
EXCHANGES = Gauge("sickbay_journal_exchanges", "Exchanges in the journal.", multiprocess_mode="mostrecent")
BYTES = Gauge("sickbay_journal_bytes", "Bytes of the exchanges in the journal.", multiprocess_mode="mostrecent")
LIMIT_EXCHANGES = Gauge(
    "sickbay_journal_limit_exchanges", "Maximum number of exchanges in the journal.", multiprocess_mode="mostrecent"
)
LIMIT_BYTES = Gauge(
    "sickbay_journal_limit_bytes", "Maximum bytes of the exchanges in the journal.", multiprocess_mode="mostrecent"
)
for _reason in ("queue", "size", "expired"):
    DROPPED.labels(_reason)


def count_dropped_exchanges(reason: Reason, count: int) -> None:
    if count:
        DROPPED.labels(reason).inc(count)


def read_dropped_exchanges() -> int:
    """Returns the number of exchanges that all workers dropped because there were too many."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return int(sum(sample.value for metric in DROPPED.labels("queue").collect() for sample in metric.samples[:1]))
    from prometheus_client.multiprocess import MultiProcessCollector

    files = [str(file) for file in Path(folder).glob("counter_*.db")]
    metrics = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
    samples = (sample for metric in metrics for sample in metric.samples)
    return int(sum(found.value for found in samples if (found.name, found.labels) == QUEUE_SAMPLE))


def report_journal_size(volume: Volume, most: Volume) -> None:
    EXCHANGES.set(volume.exchanges)
    BYTES.set(volume.bytes)
    LIMIT_EXCHANGES.set(most.exchanges)
    LIMIT_BYTES.set(most.bytes)
