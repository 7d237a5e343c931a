"""Exports spans and metrics with the OpenTelemetry SDK (the extra `otel`). `telemetry` decides whether this is imported."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import REGISTRY, Metric

import sickbay
from sickbay.web.middleware.observation import FinishedRequest

LAST_EXPORT_SECONDS: Final = 0.7
"""Seconds that the last export may take when the server stops. Without a limit, the SDK retries for up to 30 s."""
MEASURED_EVERY: Final = 15.0
"""Seconds between two measurements of the sizes that a scrape of /metrics would measure."""
METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Telemetry:
    """The exporters of a worker. Nothing that a client sent is exported, apart from the IDs in `traceparent`."""

    def __init__(self, signals: frozenset[str], measure: Callable[[], Any]) -> None:
        """measure: a coroutine function that updates the gauges of sizes."""
        resource = _name_worker()
        self._tracing = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._metering = MeterProvider(_metric_readers(signals), resource=resource, shutdown_on_exit=False)
        if "traces" in signals:
            self._tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._tracing.get_tracer("sickbay", sickbay.__version__) if "traces" in signals else None
        self._durations = _export_metrics(self._metering) if "metrics" in signals else None
        self._measuring = asyncio.create_task(_measure_periodically(measure)) if "metrics" in signals else None

    def observe(self, finished: FinishedRequest) -> None:
        """Export a request that has ended. Takes about 40 µs."""
        attributes = _attributes_of_request(finished)
        if self._durations is not None:
            self._durations.record(finished.seconds, attributes)
        if self._tracer is None:
            return
        ended = time.time_ns()
        line = finished.line
        name = f"{attributes['http.request.method']} {line.stage if line else finished.kind}"
        parent = TraceContextTextMapPropagator().extract(finished.headers)
        started = ended - int(finished.seconds * 1e9)
        span = self._tracer.start_span(
            name, parent, SpanKind.SERVER, attributes | _details_of_request(finished), start_time=started
        )
        if finished.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    async def stop(self) -> None:
        """Export what is left, for up to LAST_EXPORT_SECONDS seconds."""
        if self._measuring is not None:
            self._measuring.cancel()
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        Thread(target=self._shut_down, args=(partial(loop.call_soon_threadsafe, ended.set),), daemon=True).start()
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), LAST_EXPORT_SECONDS)

    def _shut_down(self, then: Callable[[], Any]) -> None:
        self._tracing.shutdown()
        self._metering.shutdown()
        with suppress(RuntimeError):  # the event loop has ended in the meantime
            then()


def _name_worker() -> Resource:
    """Names this worker. The environment sets the name of the service."""
    attributes = {"service.version": sickbay.__version__, "service.instance.id": str(uuid.uuid4())}
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name" not in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        attributes["service.name"] = "sickbay"
    return Resource.create(attributes)


def _metric_readers(signals: frozenset[str]) -> list[PeriodicExportingMetricReader]:
    return [PeriodicExportingMetricReader(OTLPMetricExporter())] if "metrics" in signals else []


def _export_metrics(provider: MeterProvider) -> Any:
    """Export every counter and gauge of /metrics, as this worker has it. Returns the histogram of durations."""
    meter = provider.get_meter("sickbay", sickbay.__version__)
    for family in _metric_families():
        create = meter.create_observable_counter if family.type == "counter" else meter.create_observable_gauge
        create(family.name, [partial(_observe_metric, family.name)], description=family.documentation)
    return meter.create_histogram("http.server.request.duration", "s", "Duration of HTTP server requests.")


def _metric_families() -> Iterator[Metric]:
    return (
        family for family in REGISTRY.collect() if family.name.startswith("sickbay_") and family.type in ("counter", "gauge")
    )


def _observe_metric(name: str, options: CallbackOptions) -> Iterable[Observation]:
    for family in _metric_families():
        if family.name == name:
            yield from (
                Observation(sample.value, sample.labels) for sample in family.samples if not sample.name.endswith("_created")
            )


def _attributes_of_request(finished: FinishedRequest) -> dict[str, str | int]:
    """Attributes with few values."""
    method = finished.method if finished.method in METHODS else "_OTHER"
    status = {"http.response.status_code": finished.status} if finished.status else {}
    return {"http.request.method": method, "sickbay.kind": finished.kind, **status}


def _details_of_request(finished: FinishedRequest) -> dict[str, str | int]:
    """The correlation ID, and the stage and rule of the exchange, if the request was recorded as one."""
    named, line = {"correlation_id": finished.id}, finished.line
    if line is not None:
        named |= {"stage": line.stage, "tenant": line.tenant, "app": line.app, "rule": line.finding}
    return {f"sickbay.{name}": value for name, value in named.items() if value}


async def _measure_periodically(measure: Callable[[], Any]) -> None:
    while True:
        await measure()
        await asyncio.sleep(MEASURED_EVERY)
