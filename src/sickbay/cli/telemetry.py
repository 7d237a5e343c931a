"""OpenTelemetry, if the environment names an OTLP endpoint: a span for each request, and Sickbay's metrics.

The SDK itself reads its standard variables, such as OTEL_SERVICE_NAME and OTEL_EXPORTER_OTLP_HEADERS. It is imported only if an
endpoint is set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
SIGNALS: Final = ("traces", "metrics")


def list_signals(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The signals to export: those with an endpoint, unless their exporter isn't "otlp" or the SDK is disabled."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return frozenset()
    return frozenset(
        signal
        for signal in SIGNALS
        if (environment.get(ENDPOINT) or environment.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"))
        and environment.get(f"OTEL_{signal.upper()}_EXPORTER", "otlp") == "otlp"
    )


def is_installed() -> bool:
    try:
        return find_spec("opentelemetry.sdk") is not None and find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # the package above it is missing
        return False


def find_problem(environment: Mapping[str, str] = os.environ) -> str:
    """Says in one sentence why the export is off or limited; "" if there is no problem."""
    if not list_signals(environment):
        return ""
    if not is_installed():
        return f"{ENDPOINT} is set, but OpenTelemetry isn't installed. Install sickbay[otel] to export traces and metrics."
    protocol = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    if protocol != "http/protobuf":
        return f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}, but Sickbay exports only http/protobuf, usually to port 4318."
    return ""
