"""The page of one launch: its requests as a diagram, what worked, what was refused, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sickbay.diagnosis.silence.causes import causes
from sickbay.diagnosis.silence.progress import LaunchStatus, progress
from sickbay.diagnosis.silence.trail import AppDetails, Trail
from sickbay.diagnosis.silence.wording import Sentences, sentences
from sickbay.diagnosis.stages import find_stage
from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.services.journal import outcomes
from sickbay.services.journal.events import event
from sickbay.services.journal.outcomes import outcome, stage_of
from sickbay.web.exchanges import code_samples, scope_table
from sickbay.web.pages.parts import FindingView, findings

LIFELINES = ("app", "browser", "auth", "fhir")


@dataclass(frozen=True, slots=True)
class Arrow:
    """One step of a launch. origin, target: of LIFELINES. kind: passed | refused | warning | waits | stalled.

    probably: why the request probably belongs to the launch; "" if it names the launch.
    """

    origin: str
    target: str
    at: str
    status: str
    text: str
    wire: str
    kind: str = "passed"
    href: str = ""
    detail: str = ""
    probably: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """left_out: a sentence that says how many exchanges aren't shown. causes: why the launch may have stopped.

    ask: the address of the app that the button asks; "" for no button. answer: what it answered just now.
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
    left_out: str = ""
    causes: tuple[FindingView, ...] = ()
    ask: str = ""
    answer: str = ""

    @property
    def is_probable(self) -> bool:
        """Whether the launch only probably stopped, at a request that doesn't name it."""
        return self.verdict.startswith("Probably")


class Outcome(NamedTuple):
    """What a launch came to: the headline, the sentence below it, the tag and its colour."""

    title: str
    lede: str
    verdict: str
    kind: str


_EXPECTED: Final = (
    ("authorize", "Next: request an authorization code", "an authorization request"),
    ("token", "Next: exchange the code for a token", "an authorization code"),
    ("access", "Then: request data", "an access token"),
)
_EXPECTED_STAGES: Final = [stage for stage, _, _ in _EXPECTED]
EVIDENCE: Final = {
    "origin": "Its Origin header is that of the app’s registered URLs.",
    "agent": "It came from the same address and the same client software as an earlier request of the app.",
    "address": "It came from the same address as an earlier request of the app.",
    "app": "It names the app, and came from the same address within a minute of the launch.",
}
"""Why an exchange that names no launch probably belongs to one."""


def evidence(exchange: Mapping[str, Any]) -> str:
    return EVIDENCE.get(str(exchange.get("evidence") or ""), "")


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
    done = [_arrow(exchange, root) for exchange in every]
    found = progress(trail)
    words = sentences(found, app, origin)
    waiting = _waiting(exchanges)
    last = next((exchange for exchange in reversed(exchanges) if "scopes" in exchange), None)
    servers = (("Authorization server", hospital), ("FHIR server", hospital))
    ended = _outcome(every, done, found, words)
    date = f"{english.day(english.instant(exchanges[0].get('at') or 0))} (UTC)" if exchanges else ""
    failed = [arrow for arrow in done if arrow.kind in ("refused", "warning") and arrow.detail]
    return TimelineView(
        id=id,
        title=ended.title,
        lede=ended.lede,
        kind=ended.kind,
        verdict=ended.verdict,
        arrows=(*done, *_mark(waiting, found, words)),
        left_out=_not_shown(left_out),
        names=((app or "Your app", origin), ("Browser", "of the user"), *servers),
        facts=tuple(fact for fact in (app, patient, user, hospital, date) if fact),
        worked=_sentences([arrow.text for arrow in done if arrow.kind == "passed"]),
        refused=_sentences([arrow.detail for arrow in failed]),
        missing=_sentences([arrow.text.split(": ")[-1] for arrow in waiting]) or _next(ended),
        refused_href=next((arrow.href for arrow in failed if arrow.kind == "refused"), ""),
        negotiation=scope_table.read(last) if last else None,
        negotiation_href=f"{root}/exchanges/{last['id']}" if last else "",
        causes=findings([cause.to_json() for cause in causes(trail)]),
    )


def trail_of(exchanges: Sequence[Mapping[str, Any]], app: str, now: float) -> Trail:
    """The events of these exchanges, at this time."""
    events = sorted(map(event, exchanges), key=lambda made: made.at)
    return Trail(tuple(events), AppDetails(app), now, now)


def _mark(waiting: tuple[Arrow, ...], found: LaunchStatus, words: Sentences | None) -> tuple[Arrow, ...]:
    """The steps that are still to come; the first one is marked if the launch stalled there."""
    if found.state != "stalled" or words is None or found.awaited in (None, "launch"):
        return waiting
    origin, target, _ = _describe_arrow(_STAGE_OF.get(found.awaited or "", found.awaited or ""), "GET", "")
    mark = Arrow(origin, target, "nothing", f"for {english.duration(int(found.seconds))}", words.missing, "", "stalled")
    return (mark, *waiting[1:])


_STAGE_OF: Final = {"again": "launch", "poll": "access", "file": "access"}
"""What a launch waits for -> the stage of that request, where they differ."""


def _granted_stages(exchanges: Sequence[Mapping[str, Any]]) -> set[str]:
    return {stage_of(exchange) for exchange in exchanges if not exchange.get("evidence") and outcome(exchange) == "passed"}


def _has_worked(exchanges: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the launch was complete before its last exchange: the app had read data, or its token has expired since."""
    *before, last = exchanges
    expired = any(finding["id"] == "fhir-token-expired" for finding in last.get("findings") or ())
    return expired or _granted_stages(before) >= {*_EXPECTED_STAGES}


def _last_failure(arrows: Sequence[Arrow]) -> int:
    """The number of the failed step after which nothing was granted; 0 if there is none. A refusal before a mere failure."""
    granted = [number for number, arrow in enumerate(arrows, 1) if arrow.kind == "passed" and not arrow.probably]
    last = max(granted, default=0)
    later = {arrow.kind: number for number, arrow in enumerate(arrows, 1) if number > last}
    return later.get("refused") or later.get("warning") or 0


def _outcome(
    exchanges: Sequence[Mapping[str, Any]], arrows: Sequence[Arrow], found: LaunchStatus, words: Sentences | None
) -> Outcome:
    subject = "The launch" if {"launch", "authorize"} & {stage_of(exchange) for exchange in exchanges} else "The app"
    stopped = _last_failure(arrows)
    if not stopped or _is_waiting_for_more(found):
        return _so_far(subject, arrows, found, words)
    arrow = arrows[stopped - 1]
    detail, verb = _lower(arrow.detail), "was refused" if arrow.kind == "refused" else "failed"
    if _has_worked(exchanges[:stopped]):
        which = f"step {stopped}, which probably belongs to it," if arrow.probably else f"step {stopped}"
        return Outcome(f"{subject} worked.", f"Later, {which} {verb}: {detail}.", "Launched", "passed")
    if arrow.probably:
        title = f"{subject} probably stopped at step {stopped}: {detail}."
        lede = f"The request doesn’t name the launch. {arrow.probably}"
        return Outcome(title, lede, f"Probably stopped at step {stopped}", arrow.kind)
    lede = "No later request of this launch was granted."
    return Outcome(f"{subject} stopped at step {stopped}: {detail}.", lede, f"Stopped at step {stopped}", "refused")


def _is_waiting_for_more(found: LaunchStatus) -> bool:
    """Whether the silence after the last failure says more than the failure."""
    return found.state == "stalled" and found.since is not None and found.since.step in ("preflight", "access", "refresh")


def _so_far(subject: str, arrows: Sequence[Arrow], found: LaunchStatus, words: Sentences | None) -> Outcome:
    refused = any(arrow.kind == "refused" for arrow in arrows)
    before = "A step was refused, but a later step succeeded." if refused else "No step was refused."
    if found.state == "worked" or words is None:
        after = f" {words.seen}" if words is not None else ""
        return Outcome(f"{subject} worked.", f"{before}{after}", "Launched", "passed")
    if found.state == "stalled":
        worked = f"{subject} worked at first. " if found.worked else ""
        return Outcome(f"{worked}{words.missing}", words.seen, "Stalled", "warning")
    return Outcome(words.waiting, words.seen, "Waiting", "waits")


def _next(ended: Outcome) -> str:
    return "Nothing is missing." if ended.kind == "passed" else "The failed request again, corrected."


def _not_shown(number: int) -> str:
    if not number:
        return ""
    return f"{count(number, 'exchange')} between the first and the newest {'is' if number == 1 else 'are'} not shown."


def _arrow(exchange: Mapping[str, Any], root: str) -> Arrow:
    stage = str(exchange.get("stage"))
    request = code_samples.read(exchange.get("request") or {})
    origin, target, text = _describe_arrow(stage, request.method, request.address)
    kind, errors = outcome(exchange), sum(finding["severity"] == "error" for finding in exchange.get("findings") or ())
    path = "/" + request.address.split("/", 3)[-1] if request.address.count("/") >= 3 else request.address
    if errors:
        text = f"{text}, {count(errors, 'problem')}"
    when = english.instant(exchange.get("at") or 0)
    return Arrow(
        origin,
        target,
        when.strftime("%H:%M:%S.") + f"{when.microsecond // 1000:03d}",
        "refused" if kind == "refused" else str((exchange.get("response") or {}).get("status", "")),
        f"{text} (probably)" if exchange.get("evidence") else text,
        f"{request.method} {path}",
        kind,
        f"{root}/exchanges/{exchange['id']}",
        outcomes.problem(exchange),
        evidence(exchange),
    )


def _describe_arrow(stage: str, method: str, address: str) -> tuple[str, str, str]:
    """The two ends of an arrow, and its text."""
    if stage in ("access", "app_state"):
        verb = "reads" if method in ("GET", "HEAD") else "deletes" if method == "DELETE" else "sends"
        return "app", "fhir", f"Your app {verb} data"
    if stage == "browser":
        target = "auth" if "/oauth/" in address else "fhir"
        return "browser", target, "The browser asks whether your app may send a request"
    declared = find_stage(stage)
    return declared.sender, declared.receiver, declared.sentence or declared.title


def _waiting(exchanges: Sequence[Mapping[str, Any]]) -> tuple[Arrow, ...]:
    """The steps that are still to come: those after the last one that was tried. After a token, only the app is awaited."""
    tried, granted = {stage_of(exchange) for exchange in exchanges}, _granted_stages(exchanges)
    reached = max((number for number, stage in enumerate(_EXPECTED_STAGES, 1) if stage in tried), default=0)
    replaced = {"access": "your app"} if "token" in granted else {}
    return tuple(
        Arrow(*_describe_arrow(stage, "GET", "")[:2], "not yet", f"needs {replaced.get(stage, needed)}", text, "", "waits")
        for stage, text, needed in _EXPECTED[reached:]
    )


def _sentences(texts: Sequence[str]) -> str:
    """The texts as sentences, without duplicates."""
    return ". ".join(dict.fromkeys(text[:1].upper() + text[1:] for text in texts)) + "." if texts else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
