"""The strip below an app in the chart's frame: its newest requests, their outcomes, and the missing step of the launch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from sickbay.authorization.models import Client
from sickbay.diagnosis.silence.progress import find_status
from sickbay.diagnosis.silence.trail import Trail
from sickbay.diagnosis.silence.wording import choose_sentences
from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.services.journal import outcomes
from sickbay.services.journal.outcomes import determine_outcome
from sickbay.services.journal.read import Timeline
from sickbay.web.ehr.views import CountedProblem, RequestLine, RequestsView
from sickbay.web.exchanges.timeline_steps import describe_evidence

LINES: Final = 8
"""The number of newest requests that the strip shows."""
BLANK_FRAME: Final = (
    "If the frame is blank, or says that the app refused to connect, open the app in a tab. If it works there, its response "
    "may forbid frames (X-Frame-Options, or frame-ancestors in its Content-Security-Policy)."
)
SLOW_SECONDS: Final = 5
"""Seconds without the next request after which the strip says what the launch waits for. A user is watching it."""


def requests_view(timeline: Timeline, client: Client | None, href: str, now: float, exchanges: str = "") -> RequestsView:
    """now: real time in seconds. client: the app of the launch. exchanges: the list of its exchanges, for the administrator."""
    every = sorted((*timeline.exchanges, *timeline.probable), key=lambda exchange: int(exchange["arrival"]))
    refused, failed = (_count_problem(every, *words, exchanges) for words in (("refused", "refused"), ("warning", "failed")))
    address = urlsplit((client.launch_uri if client else "") or "")
    origin = f"{address.scheme}://{address.netloc}" if address.netloc else ""
    found = find_status(Trail(timeline.events, real_now=now, clock_now=now))
    words = choose_sentences(found, client.name if client else "", origin)
    stalled = CountedProblem("1 stalled", href, "stalled") if every and found.state == "stalled" else None
    is_slow = words is not None and found.awaited != "login" and found.state != "worked" and found.seconds > SLOW_SECONDS
    return RequestsView(
        requests=tuple(_request_line(exchange) for exchange in every[-LINES:]),
        heading=count(len(every) + timeline.left_out, "request") if every else "",
        problems=tuple(problem for problem in (refused, failed, stalled) if problem is not None),
        timeline=href if every else "",
        waits=_describe_wait(words.seen, found.awaited) if words is not None and is_slow and not refused else "",
    )


def _count_problem(
    exchanges: Sequence[Mapping[str, Any]], kind: Literal["refused", "warning"], word: str, all: str
) -> CountedProblem | None:
    """Returns how many exchanges had this outcome, with a link to the only one, all of them, or the newest."""
    ended = [exchange for exchange in exchanges if determine_outcome(exchange) == kind]
    if not ended:
        return None
    several = f"{all}+is%3A{word}" if all and len(ended) > 1 else ""
    return CountedProblem(f"{len(ended)} {word}", several or f"/exchanges/{ended[-1]['id']}", kind)


def _describe_wait(seen: str, awaited: str | None) -> str:
    return f"{seen} {BLANK_FRAME}" if awaited == "discovery" else seen


def _request_line(exchange: Mapping[str, Any]) -> RequestLine:
    request, answer = exchange["request"], exchange["response"]
    parts = urlsplit(request["url"])
    path = parts.path + (f"?{parts.query}" if parts.query and exchange["stage"] == "access" else "")
    at = english.format_clock(english.parse_datetime(float(exchange["at"])), seconds=True)
    return RequestLine(
        at,
        request["method"],
        path,
        answer["status"],
        f"/exchanges/{exchange['id']}",
        determine_outcome(exchange),
        outcomes.describe_problem(exchange) or _warning_of_exchange(exchange),
        describe_evidence(exchange),
    )


def _warning_of_exchange(exchange: Mapping[str, Any]) -> str:
    """The worst finding of a granted request, if it is a warning, such as why a search found nothing."""
    worst = next(iter(exchange.get("findings") or ()), None)
    return str(worst["title"]) if worst is not None and worst["severity"] == "warning" else ""
