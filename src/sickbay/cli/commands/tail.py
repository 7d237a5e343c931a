"""`sickbay tail`: prints the exchanges of a running server as they are recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import orjson
from cyclopts import Parameter

from sickbay.cli import signals, streams, terminal
from sickbay.cli.argument_types import Count, Data
from sickbay.cli.event_stream import StreamEvent, follow
from sickbay.cli.output import print_note
from sickbay.kernel.english import count
from sickbay.services.journal.filter_language import format_word

MAXIMUM_PATH_CHARACTERS = 100
"""Maximum number of characters of a path in a line. --json shows all of them."""
FILTERS = ("app", "hospital", "stage", "status", "rule")


def tail(
    *filter: Annotated[str, Parameter(name="FILTER", help="As in the search field of /exchanges: status:4xx -stage:access.")],
    app: str | None = None,
    hospital: str | None = None,
    stage: str | None = None,
    status: str | None = None,
    rule: str | None = None,
    last: Count = 0,
    json: bool = False,
    data: Data = None,
) -> None:
    """Print exchanges as they are recorded.

    Parameters
    ----------
    app
        Only of this app: its name, app_id or client_id.
    hospital
        Only of this hospital, such as general.
    stage
        Only of this stage, such as authorize, token, refresh, access (FHIR) or search.
    status
        Only with this status, such as 404 or 4xx.
    rule
        Only with a finding of this rule. An asterisk stands for any characters: pkce*.
    last
        Start with this many exchanges that were recorded before.
    json
        Print each exchange as JSON, one object per line, with the members of GET /exchanges.
    """
    named = zip(FILTERS, (app, hospital, stage, status, rule), strict=True)
    words = [*filter, *(format_word(name, value) for name, value in named if value is not None)]
    streams.watch_reader(partial(signals.exit_process, 1))
    for event in follow(data, {"q": " ".join(words), "last": str(last)}):
        for line in _lines_of_event(event, json):
            terminal.write_line(line)


def _lines_of_event(event: StreamEvent, json: bool) -> Iterator[str]:
    """The lines to print for an event. Counts are notes, so that standard output has only exchanges."""
    match event.name:
        case "exchange":
            yield orjson.dumps(event.data).decode() if json else describe(event.data, event.base)
        case "more" if event.data["count"]:
            print_note(f"… {count(event.data['count'], 'more exchange')}. Use a filter, or open {event.base}/exchanges.")
        case "ready":
            print_note(f"Waiting for exchanges of {event.base}. Stop with Ctrl-C.")
        case "missed":
            several = "exchanges" if event.data["exact"] else "exchanges or more"
            print_note(f"… {event.data['count']} {several} while there was no connection.")
    if event.name == "more" and event.data["not_recorded"]:
        print_note(f"… {count(event.data['not_recorded'], 'exchange')} of all apps not recorded, because there were too many.")


def describe(exchange: dict[str, Any], base: str) -> str:
    """Returns an exchange as one line: time, hospital, app, outcome, request, worst finding, and its page."""
    request, status, findings = exchange["request"], exchange["response"]["status"], exchange["findings"]
    path = "/" + request["url"].split("/", 3)[-1]
    path = path if len(path) <= MAXIMUM_PATH_CHARACTERS else f"{path[:MAXIMUM_PATH_CHARACTERS]}…"
    spent = f"{exchange['milliseconds']:.0f} ms" if exchange["milliseconds"] is not None else ""
    finding = findings[0]["id"] if findings and findings[0]["severity"] != "info" else ""
    if exchange["injected"]:
        finding = f"injected fault: {exchange['injected']['kind']}"
    words = [exchange["tenant"], f"{exchange['stage']:<13}", exchange["app"] or "-", str(status)]
    words += [f"{request['method']} {path}", spent, finding, f"{base}/exchanges/{exchange['id']}"]
    texts = [streams.escape_text(word, "") for word in words if word]
    at = time.strftime("%H:%M:%S", time.localtime(exchange["at"]))
    return "  ".join([at, *_colour_fields(texts, exchange["outcome"], str(status), finding)])


def _colour_fields(texts: list[str], outcome: str, status: str, finding: str) -> list[str]:
    if not terminal.is_coloured():
        return texts
    colour = {"refused": terminal.RED, "failed": terminal.YELLOW}.get(outcome, terminal.GREEN)
    return [f"{colour}{text}{terminal.PLAIN}" if text in (status, finding) else text for text in texts]
