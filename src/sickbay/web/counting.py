"""Prometheus metrics of limits and of the database: connections, responses, request bodies, memory and queues."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

CONNECTIONS: Final = Gauge("sickbay_connections", "Open connections.", multiprocess_mode="livesum")
CONNECTIONS_CLOSED: Final = Counter(
    "sickbay_connections_closed_total", "Connections that the server closed because of a limit.", ["reason"]
)
UNSENT: Final = Gauge(
    "sickbay_unsent_answer_bytes", "Bytes of responses that clients have not read yet.", multiprocess_mode="livesum"
)
RECEIVED: Final = Gauge("sickbay_request_body_bytes", "Bytes of request bodies in memory.", multiprocess_mode="livesum")
REQUESTS_REFUSED: Final = Counter(
    "sickbay_requests_refused_total", "Requests that got a 503 response because of a limit.", ["reason"]
)
BODIES_REFUSED: Final = Counter(
    "sickbay_request_bodies_refused_total", "Request bodies that were larger than the limit of their address."
)
ANSWERS_CUT: Final = Counter(
    "sickbay_answers_cut_total", "Responses that were shortened because of a limit in bytes.", ["bound"]
)
STREAMS: Final = Gauge("sickbay_streams", "Open streams of exchanges.", multiprocess_mode="livesum")
MEMORY: Final = Gauge("sickbay_resident_memory_bytes", "Resident memory of the worker processes.", multiprocess_mode="livesum")
DATABASE: Final = Gauge("sickbay_database_bytes", "Size of the database.", multiprocess_mode="mostrecent")
WRITES_WAITING: Final = Gauge(
    "sickbay_database_writes_waiting",
    "Writes that wait for SQLite's writer, or requests that wait for a connection to PostgreSQL.",
    multiprocess_mode="livesum",
)
LOG: Final = Gauge("sickbay_wal_bytes", "Size of SQLite's write-ahead log.", multiprocess_mode="livemax")

REASONS: Final = (
    "head_timeout",
    "body_timeout",
    "idle_timeout",
    "write_timeout",
    "connection_limit",
    "address_limit",
    "unsent_limit",
    "body_limit",
    "pipeline_limit",
)
"""Reasons for closing a connection."""

for _reason in REASONS:
    CONNECTIONS_CLOSED.labels(_reason)
for _bound in ("page", "batch", "include", "history", "everything"):
    ANSWERS_CUT.labels(_bound)
for _limit in ("connections", "unsent"):
    REQUESTS_REFUSED.labels(_limit)
