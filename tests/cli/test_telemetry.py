"""OpenTelemetry: when it is on, and what a collector receives from a running server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sickbay.cli import telemetry
from sickbay.cli.telemetry import ENDPOINT
from sickbay.testing.server import serving, stop

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector:
    """An OTLP receiver: everything that was exported to it."""

    def __init__(self) -> None:
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.bodies: list[bytes] = []

    def spans(self) -> list[Any]:
        resources = [resource for request in self.traces for resource in request.resource_spans]
        return [span for resource in resources for scope in resource.scope_spans for span in scope.spans]

    def last(self) -> dict[str, Any]:
        """The metrics of the last export, by name."""
        scopes = [scope for resource in self.metrics[-1].resource_metrics for scope in resource.scope_metrics]
        return {metric.name: metric for scope in scopes for metric in scope.metrics}

    def receive(self, path: str, body: bytes) -> None:
        self.bodies.append(body)
        if path == "/v1/traces":
            self.traces.append(ExportTraceServiceRequest.FromString(body))
        else:
            assert path == "/v1/metrics"
            self.metrics.append(ExportMetricsServiceRequest.FromString(body))


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    """A collector and its address."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.receive(self.path, self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def attributes(of: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in of.attributes}


@pytest.mark.parametrize(
    ("environment", "signals"),
    [
        ({}, set()),
        ({ENDPOINT: ""}, set()),
        ({ENDPOINT: "http://c:4318"}, {"traces", "metrics"}),
        ({ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": "true"}, set()),
        ({ENDPOINT: "http://c:4318", "OTEL_METRICS_EXPORTER": "none"}, {"traces"}),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/v1/metrics"}, {"metrics"}),
    ],
)
def test_only_signals_with_an_endpoint_are_exported(environment: dict[str, str], signals: set[str]) -> None:
    assert telemetry.list_signals(environment) == signals


def test_a_protocol_that_sickbay_cannot_export_is_a_problem() -> None:
    assert telemetry.find_problem({ENDPOINT: "http://c:4317"}) == ""
    assert "OTEL_EXPORTER_OTLP_PROTOCOL is grpc" in telemetry.find_problem(
        {ENDPOINT: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    )


def test_a_collector_receives_spans_and_metrics(tmp_path: Path) -> None:
    with collecting() as (collector, address):
        environment = {ENDPOINT: address, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=ci"}
        with serving("--data", str(tmp_path), "--patients", "1", environment=environment) as live:
            url = f"{live.base}/general/r4/Patient/p-0001?_elements=secret-in-a-query"
            headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "authorization": "Bearer secret-token"}
            refused = httpx2.get(url, headers=headers, trust_env=False)
            page = httpx2.request("PROPFIND", f"{live.base}/rules", trust_env=False)
            assert stop(live.process) == 0
        first, second = collector.spans()
        assert first.name == "GET access"
        assert first.trace_id.hex() == TRACE
        assert attributes(first) == {
            "http.request.method": "GET",
            "http.response.status_code": 401,
            "sickbay.kind": "fhir_read",
            "sickbay.correlation_id": refused.headers["x-correlation-id"],
            "sickbay.stage": "access",
            "sickbay.tenant": "general",
            "sickbay.rule": "fhir-token-unknown",
        }
        assert 0 < first.end_time_unix_nano - first.start_time_unix_nano < 60e9
        assert (second.name, attributes(second)["http.response.status_code"]) == ("_OTHER page", page.status_code)
        resource = attributes(collector.traces[0].resource_spans[0].resource)
        assert (resource["service.name"], resource["deployment.environment"]) == ("sickbay", "ci")
        metrics = collector.last()
        refusals = [attributes(point) for point in metrics["sickbay_refusals"].sum.data_points]
        assert refusals == [{"stage": "access", "rule": "fhir-token-unknown"}]
        assert sum(point.count for point in metrics["http.server.request.duration"].histogram.data_points) == 2
        assert metrics["sickbay_database_bytes"].gauge.data_points[0].as_double > 0
        assert not any(b"secret-" in body for body in collector.bodies)


def test_a_server_ends_soon_although_its_collector_does_not_respond(tmp_path: Path) -> None:
    environment = {ENDPOINT: "http://127.0.0.1:9"}
    with serving("--data", str(tmp_path), "--patients", "0", environment=environment) as live:
        assert httpx2.get(f"{live.base}/healthz", trust_env=False).status_code == 200
        assert stop(live.process) == 0  # stop() kills it after 15 seconds, and the code would be -9


def test_without_the_extra_one_line_names_it(tmp_path: Path) -> None:
    """The packages are hidden from this process."""
    code = "import sys; sys.modules['opentelemetry'] = None\nfrom sickbay.cli import telemetry\nprint(telemetry.find_problem())"
    environment = os.environ | {ENDPOINT: "http://127.0.0.1:4318"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"{ENDPOINT} is set, but OpenTelemetry isn't installed. Install sickbay[otel] to export traces and metrics.\n"
    )
