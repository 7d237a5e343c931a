"""Follows the server-sent events of /exchanges of the server that runs on a data folder."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import httpx2
import orjson

from sickbay.cli import admin_client
from sickbay.cli.output import CommandError, reject_argument

SILENCE_SECONDS: Final = 45
"""Seconds without data (more than three heartbeats) after which the server is considered gone."""
ATTEMPTS: Final = 3
"""Number of attempts to reconnect after a connection was lost."""
PAUSE_SECONDS: Final = 1.0


class StreamEvent(NamedTuple):
    """base: that of the server."""

    name: str
    data: dict[str, Any]
    id: str
    base: str


def follow(data: str | None, query: dict[str, str]) -> Iterator[StreamEvent]:
    """The events until the server stops, which raises CommandError. Continues after the last event if the connection breaks."""
    client, base = admin_client.open_connection(data, SILENCE_SECONDS)
    position, failures = "", 0
    with client:
        while True:
            try:
                for event in _receive_events(client, base, query, position):
                    position, failures = event.id or position, 0
                    if event.name == "end" and event.data["reason"] == "stopping":
                        raise CommandError(f"Sickbay at {base} stopped.")
                    yield event
            except httpx2.TransportError as error:
                failures += 1
                if failures > ATTEMPTS or not admin_client.is_running(data):
                    raise CommandError(f"Sickbay at {base} stopped or doesn't respond.") from error
            query = query | {"last": "0"}
            time.sleep(PAUSE_SECONDS)


def _receive_events(client: httpx2.Client, base: str, query: dict[str, str], position: str) -> Iterator[StreamEvent]:
    headers = {"accept": "text/event-stream"} | ({"last-event-id": position} if position else {})
    with client.stream("GET", "/exchanges", params=query, headers=headers) as response:
        if not response.is_success:
            response.read()
            sentence = admin_client.describe_problem(response)
            if response.status_code == 400:
                reject_argument(sentence)
            raise CommandError(sentence)
        for lines in _split_events(response.iter_lines()):
            yield _read_event(lines, base)


def _split_events(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The fields of each event. Comments are skipped (HTML Living Standard 9.2.6)."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif not line:
            if "data" in fields:
                yield fields
            fields = {}


def _read_event(fields: dict[str, str], base: str) -> StreamEvent:
    return StreamEvent(fields.get("event", "message"), orjson.loads(fields["data"]), fields.get("id", ""), base)
