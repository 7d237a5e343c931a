"""The strip below an app in the chart's frame: its newest requests, how they ended, and what the launch waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from sickbay.authorization.models import Client
from sickbay.diagnosis.silence.progress import progress
from sickbay.diagnosis.silence.trail import Trail
from sickbay.diagnosis.silence.wording import sentences
from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.services.journal import outcomes
from sickbay.services.journal.outcomes import outcome
from sickbay.services.journal.read import Timeline
from sickbay.web.ehr.views import RequestLine, RequestsView
from sickbay.web.exchanges.timeline_views import evidence

LINES: Final = 8
"""The newest requests that the strip shows."""
SLOW_SECONDS: Final = 5
"""After this time without the next request, the strip says what the launch waits for. A person watches it."""


def requests_view(timeline: Timeline, client: Client | None, href: str, now: float) -> RequestsView:
    """now: real time in seconds. client: the app of the launch."""
    every = sorted((*timeline.exchanges, *timeline.probable), key=lambda exchange: int(exchange["arrival"]))
    ended = [outcome(exchange) for exchange in every]
    counts = {"refused": ended.count("refused"), "failed": ended.count("warning")}
    address = urlsplit((client.launch_uri if client else "") or "")
    origin = f"{address.scheme}://{address.netloc}" if address.netloc else ""
    found = progress(Trail(timeline.events, real_now=now, clock_now=now))
    words = sentences(found, client.name if client else "", origin)
    is_slow = words is not None and found.awaited != "login" and found.state != "worked" and found.seconds > SLOW_SECONDS
    return RequestsView(
        requests=tuple(_line(exchange) for exchange in every[-LINES:]),
        heading=count(len(every) + timeline.left_out, "request") if every else "",
        summary=english.join([f"{number} {word}" for word, number in counts.items() if number]),
        timeline=href,
        waits=words.seen if words is not None and is_slow and not counts["refused"] else "",
    )


def _line(exchange: Mapping[str, Any]) -> RequestLine:
    request, answer = exchange["request"], exchange["response"]
    parts = urlsplit(request["url"])
    path = parts.path + (f"?{parts.query}" if parts.query and exchange["stage"] == "access" else "")
    at = english.clock(english.instant(float(exchange["at"])), seconds=True)
    return RequestLine(
        at,
        request["method"],
        path,
        answer["status"],
        f"/exchanges/{exchange['id']}",
        outcome(exchange),
        outcomes.problem(exchange) or _warning(exchange),
        evidence(exchange),
    )


def _warning(exchange: Mapping[str, Any]) -> str:
    """The worst finding of a granted request, if it is a warning, such as why a search found nothing."""
    worst = next(iter(exchange.get("findings") or ()), None)
    return str(worst["title"]) if worst is not None and worst["severity"] == "warning" else ""
