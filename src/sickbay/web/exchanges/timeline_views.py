"""The page of one launch: its requests as a diagram, what worked, what was refused, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from sickbay.diagnosis.silence.causes import find_causes
from sickbay.diagnosis.silence.progress import LaunchStatus, find_status
from sickbay.diagnosis.silence.trail import AppDetails, Trail
from sickbay.diagnosis.silence.wording import Sentences, choose_sentences
from sickbay.kernel import english
from sickbay.kernel.english import join
from sickbay.services.journal.events import make_event, real_time
from sickbay.services.journal.outcomes import stage_of
from sickbay.services.journal.read import FIRST
from sickbay.web.exchanges import scope_table
from sickbay.web.exchanges.list_view import name_trail
from sickbay.web.exchanges.timeline_steps import (
    EXPECTED_STAGES,
    Arrow,
    describe_arrow,
    draw_steps,
    granted_stages,
    list_remaining_steps,
)
from sickbay.web.pages.parts import FindingView, make_finding_views


class TimelineView(Struct, frozen=True, kw_only=True):
    """causes: why the launch may have stopped.

    ask: the address of the app that the button asks; "" for no button. answer: what it answered just now. live: the page
    follows the launch. due: milliseconds until the page would change even without a request; 0 for never. compares: whether
    the reader may compare the launch with others.
    """

    id: str
    title: str
    lede: str
    kind: str
    verdict: str
    arrows: tuple[Arrow, ...]
    names: tuple[tuple[str, str], ...]
    facts: tuple[str, ...] = ()
    worked: str = ""
    refused: str = ""
    missing: str = ""
    refused_href: str = ""
    negotiation: scope_table.Negotiation | None = None
    """The scopes of the last token response."""
    negotiation_href: str = ""
    guesses: tuple[tuple[str, str], ...] = ()
    """Steps that probably belong to the launch, each with the reason."""
    causes: tuple[FindingView, ...] = ()
    ask: str = ""
    answer: str = ""
    live: bool = False
    due: int = 0
    compares: bool = False
    is_service: bool = False
    """Whether the app is a backend service, which isn't launched."""

    @property
    def crumb(self) -> str:
        return name_trail(self.names[0][0], self.is_service)

    @property
    def is_probable(self) -> bool:
        """Whether the launch only probably stopped, at a request that doesn't name it."""
        return self.verdict.startswith("Probably")


class Outcome(NamedTuple):
    """The outcome of a launch: the headline, the sentence below it, the tag and its colour."""

    title: str
    lede: str
    verdict: str
    kind: str


def timeline_view(
    id: str,
    exchanges: Sequence[Mapping[str, Any]],
    *,
    app: str,
    hospital: str,
    origin: str = "",
    root: str = "",
    patient: str = "",
    user: str = "",
    left_out: int = 0,
    probable: Sequence[Mapping[str, Any]] = (),
    now: float = 0,
    trail: Trail | None = None,
) -> TimelineView:
    """Build the timeline from the exchanges of one launch (JSON), oldest first.

    probable: exchanges that name no launch and probably belong to this one. trail: its events; by default only those of these
    exchanges, at `now`, which is 0 if it doesn't matter how long ago the last one was.
    """
    trail = trail or trail_of((*exchanges, *probable), app, now)
    every = sorted((*exchanges, *probable), key=lambda exchange: int(exchange.get("arrival") or 0))
    first = FIRST if left_out else len(exchanges)
    done = draw_steps(every, trail.events, root, left_out, first)
    found = find_status(trail)
    words = choose_sentences(found, app, origin)
    waiting = list_remaining_steps(exchanges)
    last = next((exchange for exchange in reversed(exchanges) if "scopes" in exchange), None)
    servers = (("Authorization server", hospital), ("FHIR server", hospital))
    ended = _launch_outcome(every, done, found, words)
    failed = [arrow for arrow in done if arrow.kind in ("refused", "warning") and arrow.detail]
    return TimelineView(
        id=id,
        title=ended.title,
        lede=ended.lede,
        kind=ended.kind,
        verdict=ended.verdict,
        arrows=(*done, *_mark_stalled_step(waiting, found, words)),
        guesses=_list_guesses(done),
        names=((app or "Your app", origin), ("Browser", "of the user"), *servers),
        facts=tuple(fact for fact in (app, patient, user, hospital, *_describe_time(exchanges)) if fact),
        worked=_join_sentences([arrow.label for arrow in done if arrow.kind == "passed"]),
        refused=_join_sentences([arrow.detail for arrow in failed]),
        missing=_join_sentences([arrow.text.split(": ")[-1] for arrow in waiting]) or _next_step_text(ended),
        refused_href=next((arrow.href for arrow in failed if arrow.kind == "refused"), ""),
        negotiation=scope_table.read_negotiation(last) if last else None,
        negotiation_href=f"{root}/exchanges/{last['id']}" if last else "",
        causes=make_finding_views([cause.to_json() for cause in find_causes(trail)]),
    )


def _describe_time(exchanges: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The day, and the time from the first to the last request that names the launch."""
    if not exchanges:
        return ()
    day = f"{english.format_day(english.parse_datetime(exchanges[0].get('at') or 0))} (UTC)"
    first, last = (real_time(int(exchange.get("arrival") or 0)) for exchange in (exchanges[0], exchanges[-1]))
    return (day, f"Took {last - first:,.1f} s") if last > first else (day,)


def trail_of(exchanges: Sequence[Mapping[str, Any]], app: str, now: float) -> Trail:
    """The events of these exchanges, at this time."""
    events = sorted(map(make_event, exchanges), key=lambda made: made.at)
    return Trail(tuple(events), AppDetails(app), now, now)


def _mark_stalled_step(waiting: tuple[Arrow, ...], found: LaunchStatus, words: Sentences | None) -> tuple[Arrow, ...]:
    """The remaining steps. The first one is marked if the launch stalled there."""
    if found.state != "stalled" or words is None or found.awaited in (None, "launch"):
        return waiting
    origin, target, _ = describe_arrow(_STAGE_OF.get(found.awaited or "", found.awaited or ""), "GET", "")
    mark = Arrow(
        origin, target, "nothing", f"for {english.describe_duration(int(found.seconds))}", words.missing, "", "stalled"
    )
    return (mark, *waiting[1:])


_STAGE_OF: Final = {"again": "launch", "poll": "access", "file": "access"}
"""Maps an awaited step to the stage of its request, if they differ."""


def _has_worked(exchanges: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the launch was complete before its last exchange: the app had read data, or its token has expired since."""
    *before, last = exchanges
    expired = any(finding["id"] == "fhir-token-expired" for finding in last.get("findings") or ())
    return expired or granted_stages(before) >= {*EXPECTED_STAGES}


def _find_last_failure(arrows: Sequence[Arrow]) -> int:
    """The number of the failed step after which nothing was granted; 0 if there is none. A refusal before a mere failure."""
    last = max((arrow.number for arrow in arrows if arrow.kind == "passed" and not arrow.probably), default=0)
    later = {arrow.kind: arrow.number for arrow in arrows if arrow.number > last}
    return later.get("refused") or later.get("warning") or 0


def _launch_outcome(
    exchanges: Sequence[Mapping[str, Any]], arrows: Sequence[Arrow], found: LaunchStatus, words: Sentences | None
) -> Outcome:
    subject = "The launch" if {"launch", "authorize"} & {stage_of(exchange) for exchange in exchanges} else "The app"
    stopped = _find_last_failure(arrows)
    if not stopped or _is_waiting_for_more(found):
        return _describe_so_far(subject, arrows, found, words)
    arrow = next(arrow for arrow in arrows if arrow.number == stopped)
    detail, verb = _lower_first_letter(arrow.detail), "was refused" if arrow.kind == "refused" else "failed"
    place = [step.number for step in arrows if step.number].index(stopped)
    if _has_worked(exchanges[: place + 1]):
        which = f"step {stopped}, which probably belongs to it," if arrow.probably else f"step {stopped}"
        return Outcome(f"{subject} worked.", f"Later, {which} {verb}: {detail}.", "Launched", "passed")
    if arrow.probably:
        title = f"{subject} probably stopped at step {stopped}: {detail}."
        lede = f"The request doesn’t name the launch. {arrow.probably}"
        return Outcome(title, lede, f"Probably stopped at step {stopped}", arrow.kind)
    lede = "No later request of this launch was granted."
    return Outcome(f"{subject} stopped at step {stopped}: {detail}.", lede, f"Stopped at step {stopped}", "refused")


def _is_waiting_for_more(found: LaunchStatus) -> bool:
    """Whether the missing step after the last failure explains more than the failure itself."""
    return found.state == "stalled" and found.since is not None and found.since.step in ("preflight", "access", "refresh")


def _describe_so_far(subject: str, arrows: Sequence[Arrow], found: LaunchStatus, words: Sentences | None) -> Outcome:
    refused = any(arrow.kind == "refused" for arrow in arrows)
    before = "A step was refused, but a later step succeeded." if refused else "No step was refused."
    if found.state == "worked" or words is None:
        after = f" {words.seen}" if words is not None else ""
        return Outcome(f"{subject} worked.", f"{before}{after}", "Launched", "passed")
    if found.state == "stalled":
        worked = f"{subject} worked at first. " if found.worked else ""
        return Outcome(f"{worked}{words.missing}", words.seen, "Stalled", "warning")
    return Outcome(words.waiting, words.seen, "Waiting", "waits")


def _next_step_text(ended: Outcome) -> str:
    return "Nothing is missing." if ended.kind == "passed" else "The failed request again, corrected."


def _list_guesses(arrows: Sequence[Arrow]) -> tuple[tuple[str, str], ...]:
    """The steps that only probably belong to the launch, by the reason."""
    numbers: dict[str, list[str]] = {}
    for arrow in arrows:
        if arrow.probably:
            numbers.setdefault(arrow.probably, []).append(str(arrow.number))
    return tuple((f"Step{'s' if len(steps) > 1 else ''} {join(steps)}", why) for why, steps in numbers.items())


def _join_sentences(texts: Sequence[str]) -> str:
    """The texts as sentences, without duplicates."""
    return ". ".join(dict.fromkeys(text[:1].upper() + text[1:] for text in texts)) + "." if texts else ""


def _lower_first_letter(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
