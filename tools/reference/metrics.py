"""The reference of the metrics: every series of our own at /metrics."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase
from tools.reference.tables import WRITTEN, quote_code, write_table

import sickbay

SOURCES = Path(sickbay.__file__).parent
INTRODUCTION = f"""# Metrics

{WRITTEN}

`GET /metrics` returns these series in Prometheus' text format, for all workers together, next to those of the Python process.
It responds even if a limit is reached. [Limits](../running.md#limits) and
[what is stored of requests](../running.md#what-is-stored-of-requests) explain what they count.

"""


def make_page() -> str:
    rows = sorted(_metric_row(metric) for metric in list_metrics())
    return INTRODUCTION + write_table(("metric", "type", "labels", "meaning"), rows) + "\n"


def list_metrics() -> Iterator[MetricWrapperBase]:
    """Yields the metrics of all modules that define some."""
    for path in sorted(SOURCES.rglob("*.py")):
        if "from prometheus_client import" in path.read_text(encoding="utf-8"):
            name = ".".join(("sickbay", *path.relative_to(SOURCES).with_suffix("").parts))
            module = vars(importlib.import_module(name))
            yield from (value for value in module.values() if isinstance(value, MetricWrapperBase))


def describe_series(metric: MetricWrapperBase) -> str:
    """The name at /metrics: counters end with _total."""
    (described,) = metric.describe()
    return described.name + ("_total" if described.type == "counter" else "")


def _metric_row(metric: MetricWrapperBase) -> tuple[str, ...]:
    (described,) = metric.describe()
    labels = ", ".join(quote_code(label) for label in metric._labelnames)
    return quote_code(describe_series(metric)), described.type, labels, described.documentation
