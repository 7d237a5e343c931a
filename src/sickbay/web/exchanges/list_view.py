"""The list of exchanges: a row for each, grouped by launch, and the list of launches.

exchanges  GET {root}/exchanges?q= (filter_language), flat=1 (without groups), before= (older ones), part=list (only the table)
clear      GET and POST {root}/exchanges/clear?q=: csrf
launches   GET {root}/timelines
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from sickbay.diagnosis.stages import find_stage
from sickbay.kernel import english
from sickbay.services.journal.outcomes import describe_injected_fault, describe_problem, determine_outcome
from sickbay.services.kept_bodies import KeptExchange
from sickbay.services.launch_progress import LaunchProgress
from sickbay.web.exchanges.shown_bodies import describe_kept_bodies, describe_size
from sickbay.web.exchanges.timeline_steps import describe_evidence
from sickbay.web.portal.developer_views import LineKind

WORDS: Final[Mapping[LineKind, str]] = {"passed": "granted", "warning": "failed", "refused": "refused", "stalled": "stalled"}
"""Maps an outcome to its name, for readers who don't see the icon."""
ICONS: Final[Mapping[LineKind, str]] = {"passed": "check", "warning": "dash", "refused": "cross", "stalled": "dash"}
NAME_CHARACTERS: Final = 60
"""Maximum number of characters of an app's name in a list."""
URL_CHARACTERS: Final = 100
"""Characters of a path, and of its parameters, that a row shows; the page of the exchange has all of them."""
_ENCODED_MASK = re.compile(r"‹([0-9]{1,9})%20(characters?)›")


class ListedExchange(Struct, frozen=True):
    """An exchange. finding: the worst one, or the injected fault; "" if there is none. probably: why it probably belongs to
    the app of the filter, which it doesn't name.
    """

    id: str
    at: str
    kind: LineKind
    method: str
    path: str
    parameters: str
    status: str
    stage: str
    app: str
    hospital: str
    duration: str
    size: str
    finding: str
    is_warning: bool
    """The request passed, with a warning."""
    probably: str = ""
    is_resent: bool = False
    """Sickbay itself sent the request again."""
    bodies: str = ""
    """The kept bodies and their sizes; "" if none were kept."""

    @property
    def icon(self) -> str:
        return ICONS[self.kind]

    @property
    def outcome(self) -> str:
        return WORDS[self.kind]

    @property
    def details(self) -> str:
        """Returns the details that narrow screens show below the request instead of in columns."""
        return ", ".join(filter(None, (self.app, self.stage, self.duration, self.size)))


class Group(Struct, frozen=True):
    """The exchanges of a launch, newest first; launch "" for those that belong to none. text: what the launch waits for, or its
    worst finding.
    """

    launch: str
    rows: tuple[ListedExchange, ...]
    app: str = ""
    hospital: str = ""
    kind: LineKind = "passed"
    text: str = ""
    at: str = ""
    is_service: bool = False

    @property
    def title(self) -> str:
        return name_trail(self.app, self.is_service)

    @property
    def icon(self) -> str:
        return ICONS[self.kind]

    @property
    def outcome(self) -> str:
        return WORDS[self.kind]


class ExchangesView(Struct, frozen=True, kw_only=True):
    """filter: as it was typed. problems: what in it wasn't understood. missing: the id of a search without a result.

    counted: how many match; "" if all are shown. live: new exchanges are added to the page.
    """

    groups: tuple[Group, ...]
    day: str = ""
    """The day on which the rows show only the time."""
    filter: str = ""
    problems: tuple[str, ...] = ()
    missing: str = ""
    counted: str = ""
    older: str = ""
    flat: bool = False
    keeps_bodies: bool = False
    """Whether the pages of FHIR requests show their bodies."""
    live: bool = True

    @property
    def row_count(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def clear(self) -> str:
        return shorten_address("/exchanges/clear", q=self.filter)

    @property
    def launches(self) -> str:
        return "/timelines"

    @property
    def other_order(self) -> str:
        return shorten_address("/exchanges", q=self.filter, flat="" if self.flat else "1")

    @property
    def part(self) -> str:
        """The address of the table without the rest of the page."""
        return shorten_address("/exchanges", q=self.filter, flat="1" if self.flat else "", part="list")


class ClearView(Struct, frozen=True, kw_only=True):
    """filter: "" for all. counted: what would be deleted. action: where the form is sent."""

    filter: str
    counted: str
    action: str
    back: str
    problems: tuple[str, ...] = ()


class LaunchLine(Struct, frozen=True):
    id: str
    at: str
    app: str
    hospital: str
    kind: LineKind
    state: str
    text: str
    requests: int


class LaunchesView(Struct, frozen=True, kw_only=True):
    launches: tuple[LaunchLine, ...]


class DisplayNames:
    """Names instead of ids. apps: client_id -> name. hospitals: tenant -> title. services: client_ids of backend services."""

    def __init__(self, apps: Mapping[str, str], hospitals: Mapping[str, str], services: Collection[str] = ()) -> None:
        self.apps, self.hospitals, self.services = apps, hospitals, services

    def app(self, exchange: Mapping[str, Any]) -> str:
        id = exchange.get("app") or ""
        return shorten_name(self.apps.get(id, id))

    def hospital(self, exchange: Mapping[str, Any]) -> str:
        return self.hospitals.get(exchange.get("tenant") or "", "")


def name_trail(app: str, is_service: bool) -> str:
    """What a group of requests is called. A backend service isn't launched."""
    return " of ".join(filter(None, ("Requests" if is_service else "Launch", app)))


def shorten_address(path: str, **parameters: str) -> str:
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{path}?{query}" if query else path


def make_row(
    exchange: Mapping[str, Any], names: DisplayNames, day: str, app: str = "", kept: KeptExchange | None = None
) -> ListedExchange:
    """exchange: as `lines.read_lines` returns it. day: the day on which only the time is shown. app: the app that it probably
    came from. kept: its bodies, if they were kept.
    """
    at = exchange.get("at") or 0
    when = english.parse_datetime(at)
    path, mark, parameters = str(exchange["request"].get("url", "")).split("/", 3)[-1].partition("?")
    request, findings = exchange["request"], exchange.get("findings") or ()
    worst, kind = findings[0] if findings else None, determine_outcome(exchange)
    finding = describe_problem(exchange) if describe_injected_fault(exchange) else worst["title"] if worst else ""
    return ListedExchange(
        str(exchange["id"]),
        english.format_clock(when, seconds=True) if english.format_day(when) == day else english.format_time(at),
        kind,
        str(request.get("method", "GET")),
        _shorten_url(f"/{path}"),
        _shorten_url(_ENCODED_MASK.sub(r"‹\1 \2›", mark + parameters)),
        str((exchange.get("response") or {}).get("status", "")),
        find_stage(str(exchange.get("stage"))).title,
        names.app(exchange) or app,
        names.hospital(exchange),
        describe_duration(exchange.get("milliseconds")),
        describe_size(exchange.get("size")),
        finding,
        worst is not None and worst["severity"] == "warning" and kind == "passed",
        describe_evidence(exchange),
        bool(exchange.get("resent_from")),
        describe_kept_bodies(kept) if kept else "",
    )


def shorten_name(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else f"{name[:NAME_CHARACTERS]}…"


def _shorten_url(text: str) -> str:
    return text if len(text) <= URL_CHARACTERS else f"{text[:URL_CHARACTERS]}…"


def day_of(exchanges: Sequence[Mapping[str, Any]]) -> str:
    """The day of the newest exchange."""
    return english.format_day(english.parse_datetime(exchanges[0].get("at") or 0)) if exchanges else ""


def describe_duration(milliseconds: float | None) -> str:
    """'0.4 ms', '12 ms', '1.3 s'; "" if it isn't known."""
    if milliseconds is None:
        return ""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def group_by_launch(
    exchanges: Sequence[Mapping[str, Any]],
    rows: Sequence[ListedExchange],
    names: DisplayNames,
    stalled: Sequence[LaunchProgress],
    *,
    flat: bool,
) -> tuple[Group, ...]:
    """Group the rows of the exchanges by launch, in the order of the newest exchange of each. Launches that stalled without
    an exchange come first, because nothing else says that anything happened.
    """
    waiting = {launch.id: launch for launch in stalled}
    grouped: dict[str, list[tuple[Mapping[str, Any], ListedExchange]]] = {}
    last = ""
    for number, (exchange, row) in enumerate(zip(exchanges, rows, strict=True)):
        launch = "" if flat else str(exchange.get("launch") or "")
        last = launch or (last if last.startswith(RUN) else f"{RUN}{number}")
        grouped.setdefault(last, []).append((exchange, row))
    groups = [_make_group(key, pairs, names, waiting.pop(key, None)) for key, pairs in grouped.items()]
    return (*(_group_of_stalled(launch, names) for launch in waiting.values()), *groups)


RUN = " "
"""Begins the key of neighbouring exchanges that belong to no launch."""


def _make_group(
    key: str, pairs: Sequence[tuple[Mapping[str, Any], ListedExchange]], names: DisplayNames, stalled: LaunchProgress | None
) -> Group:
    rows = tuple(row for _, row in pairs)
    if key.startswith(RUN):
        return Group("", rows)
    app, hospital = next((row.app for row in rows if row.app), ""), next((row.hospital for row in rows if row.hospital), "")
    is_service = any(exchange.get("app") in names.services for exchange, _ in pairs)
    if stalled is not None:
        return Group(key, rows, app, hospital, "stalled", _describe_stall(stalled), is_service=is_service)
    worst = next((row for kind in ("refused", "warning") for row in rows if row.kind == kind), None)
    kind: LineKind = worst.kind if worst else "passed"
    return Group(key, rows, app, hospital, kind, worst.finding if worst else "", is_service=is_service)


def _group_of_stalled(launch: LaunchProgress, names: DisplayNames) -> Group:
    since = launch.status.since
    at = english.format_time(since.clock or since.at) if since else ""
    hospital = names.hospitals.get(launch.client.tenant, "") if launch.client else ""
    return Group(launch.id, (), shorten_name(launch.trail.app.name), hospital, "stalled", _describe_stall(launch), at)


def _describe_stall(launch: LaunchProgress) -> str:
    words, causes = launch.sentences, launch.causes
    likely = f" Likely: {causes[0].title}." if causes else ""
    return f"{words.missing if words else ''}{likely}".strip()


STATES: Mapping[str, tuple[LineKind, str]] = {
    "running": ("passed", "Running"),
    "stalled": ("stalled", "Stalled"),
    "worked": ("passed", "Worked"),
    "refused": ("refused", "Refused"),
}


def make_launch_line(launch: LaunchProgress, hospitals: Mapping[str, str]) -> LaunchLine:
    found, exchanges = launch.status, launch.timeline.exchanges
    first = exchanges[0] if exchanges else None
    at = float(first["at"]) if first else float(launch.launch.created_at) if launch.launch else 0.0
    tenant = str(first["tenant"]) if first else launch.client.tenant if launch.client else ""
    kind, state = STATES[found.state]
    refused = next((exchange for exchange in reversed(exchanges) if determine_outcome(exchange) == "refused"), None)
    text = _describe_stall(launch) if kind == "stalled" else describe_problem(refused) if kind == "refused" and refused else ""
    requests = len(exchanges) + launch.timeline.left_out
    return LaunchLine(
        launch.id,
        english.format_time(at),
        shorten_name(launch.trail.app.name),
        hospitals.get(tenant, ""),
        kind,
        state,
        text,
        requests,
    )
