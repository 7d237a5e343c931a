"""The other pages for developers: home, the list of exchanges, a timeline, the doctor, the rules.

home      the paste box: POST {root}/doctor (below);
          "Register your own app": GET {root}/developer/register?launch_uri=&redirect_uris=
exchanges GET {root}/exchanges?id= (the search in the bar: an exact id redirects to its page)
doctor    POST {root}/doctor: csrf, input (a text area). The response is the same page.
theme     POST {root}/theme: csrf, theme = light | dark, back (one of our own paths).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.web.exchanges import code_samples, scope_table
from sickbay.web.exchanges.views import STAGES


@dataclass(frozen=True, slots=True)
class Address:
    """A FHIR base URL to copy, and the name of its version."""

    version: str
    base: str


@dataclass(frozen=True, slots=True)
class Hospital:
    name: str
    text: str
    addresses: tuple[Address, ...]
    clinician: str
    patient: str


@dataclass(frozen=True, slots=True)
class FirstLaunch:
    """The three steps of a first launch: patient, app, and the links of the buttons."""

    patient: str
    text: str
    chart: str
    app: str
    launch: str
    timeline: str = ""
    """The timeline of the last launch; "" before the first one."""
    is_quick: bool = True
    """Creating the patients takes only seconds."""


@dataclass(frozen=True, slots=True)
class RecentEvent:
    """One recent event: kind (passed | refused | warning), what happened, and where and when."""

    kind: str
    text: str
    detail: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    hospitals: tuple[Hospital, ...]
    people: str
    first: FirstLaunch | None = None
    recent: tuple[RecentEvent, ...] = ()
    launch_uri: str = "http://localhost:8100/launch"
    redirect_uri: str = "http://localhost:8100/callback"


@dataclass(frozen=True, slots=True)
class ExchangeLine:
    id: str
    href: str
    at: str
    kind: str
    stage: str
    app: str
    text: str
    status: str = ""
    hospital: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangesView:
    """missing: the id of a search without a result."""

    lines: tuple[ExchangeLine, ...]
    more: str = ""
    missing: str = ""
    about: str = ""


def exchange_line(exchange: Mapping[str, Any], *, app: str = "", hospital: str = "", root: str = "") -> ExchangeLine:
    """One line of the list, from the JSON of an exchange."""
    findings = exchange.get("findings") or ()
    worst = findings[0] if findings else None
    refused = bool(worst and worst["severity"] == "error")
    status = (exchange.get("response") or {}).get("status", "")
    stage = STAGES.get(str(exchange.get("stage")), "Request")
    return ExchangeLine(
        str(exchange["id"]),
        f"{root}/exchanges/{exchange['id']}",
        english.moment(exchange.get("at") or 0),
        "refused" if refused else "passed",
        stage,
        app,
        worst["title"] if worst and refused else _granted(exchange, worst),
        str(status),
        hospital,
    )


def _granted(exchange: Mapping[str, Any], worst: Mapping[str, Any] | None) -> str:
    request = exchange.get("request") or {}
    path = str(request.get("url", "")).split("?")[0]
    line = f"{request.get('method', 'GET')} /{path.split('/', 3)[-1]}" if path.count("/") >= 3 else "Granted"
    return f"{line}, with advice" if worst else line


LIFELINES = ("app", "browser", "auth", "fhir")


@dataclass(frozen=True, slots=True)
class Arrow:
    """One step of a launch. origin, target: of LIFELINES. kind: passed | refused | waits."""

    origin: str
    target: str
    at: str
    status: str
    text: str
    wire: str
    kind: str = "passed"
    href: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
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
    """A sentence that says how many exchanges aren't shown."""


_SAID = {
    "launch": ("browser", "app", "The chart opens your app"),
    "discovery": ("app", "fhir", "Your app looks up the endpoints"),
    "authorize": ("browser", "auth", "Your app requests an authorization code"),
    "login": ("browser", "auth", "The user signs in and allows access"),
    "redirect": ("auth", "browser", "The response goes to your app"),
    "token": ("app", "auth", "Your app exchanges the code for a token"),
    "refresh": ("app", "auth", "Your app refreshes its token"),
    "access": ("app", "fhir", "Your app reads data"),
    "search": ("app", "fhir", "Your app searches data"),
}
_TRIED = {"client_authentication": "token", "pkce": "token", "refresh": "token", "backend": "token", "search": "access"}
_EXPECTED = (
    ("authorize", "Next: request an authorization code", "an authorization request"),
    ("token", "Next: exchange the code for a token", "an authorization code"),
    ("access", "Then: read the patient", "an access token"),
)
_EXPECTED_STAGES = {stage for stage, _, _ in _EXPECTED}


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
) -> TimelineView:
    """Build the timeline from the exchanges of one launch (JSON), oldest first."""
    done = [_arrow(exchange, root) for exchange in exchanges]
    tried = {_stage(exchange) for exchange in exchanges}
    granted = _granted_stages(exchanges, done)
    waiting = _waiting(tried, granted)
    stopped = _last_refusal(done)
    complete = bool(stopped) and _had_worked(exchanges[:stopped], done)
    last = next((exchange for exchange in reversed(exchanges) if "scopes" in exchange), None)
    servers = (("Authorization server", hospital), ("FHIR server", hospital))
    title, lede, verdict = _outcome(done, stopped, waiting, complete)
    date = f"{english.day(english.instant(exchanges[0].get('at') or 0))} (UTC)" if exchanges else ""
    return TimelineView(
        id=id,
        title=title,
        lede=lede,
        kind="refused" if stopped and not complete else "passed",
        verdict=verdict,
        arrows=(*done, *waiting),
        left_out=_not_shown(left_out),
        names=((app or "Your app", origin), ("Browser", "of the user"), *servers),
        facts=tuple(fact for fact in (app, patient, user, hospital, date) if fact),
        worked=_sentences([arrow.text for arrow in done if arrow.kind == "passed"]),
        refused=_sentences([arrow.detail for arrow in done if arrow.kind == "refused"]),
        missing=_sentences([arrow.text.split(": ")[-1] for arrow in waiting]),
        refused_href=next((arrow.href for arrow in done if arrow.kind == "refused"), ""),
        negotiation=scope_table.read(last) if last else None,
        negotiation_href=f"{root}/exchanges/{last['id']}" if last else "",
    )


def _stage(exchange: Mapping[str, Any]) -> str:
    stage = str(exchange.get("stage"))
    return _TRIED.get(stage, stage)


def _granted_stages(exchanges: Sequence[Mapping[str, Any]], arrows: Sequence[Arrow]) -> set[str]:
    """The stages of the granted exchanges. arrows: of at least these exchanges."""
    return {_stage(exchange) for exchange, arrow in zip(exchanges, arrows, strict=False) if arrow.kind == "passed"}


def _had_worked(exchanges: Sequence[Mapping[str, Any]], arrows: Sequence[Arrow]) -> bool:
    """Whether the launch was complete before its last exchange: the app had read data, or its token has expired since."""
    *before, last = exchanges
    expired = any(finding["id"] == "fhir-token-expired" for finding in last.get("findings") or ())
    return expired or _granted_stages(before, arrows) >= _EXPECTED_STAGES


def _last_refusal(arrows: Sequence[Arrow]) -> int:
    """The number of the refused step after which nothing was granted; 0 if there is none."""
    last = max((number for number, arrow in enumerate(arrows, 1) if arrow.kind == "refused"), default=0)
    return 0 if any(arrow.kind == "passed" for arrow in arrows[last:]) else last


def _outcome(arrows: Sequence[Arrow], stopped: int, waiting: Sequence[Arrow], complete: bool) -> tuple[str, str, str]:
    """Title, second sentence, and verdict. complete: the launch had worked before the step that was refused."""
    detail = _lower(arrows[stopped - 1].detail) if stopped else ""
    if stopped and complete:
        return "The launch worked.", f"Later, step {stopped} was refused: {detail}.", "Launched"
    if stopped:
        lede = "Earlier steps succeeded; later steps didn’t run." if stopped > 1 else "Later steps didn’t run."
        return f"The launch stopped at step {stopped}: {detail}.", lede, f"Stopped at step {stopped}"
    refused = any(arrow.kind == "refused" for arrow in arrows)
    if waiting:
        return "The launch is in progress.", _progress(refused, "Every step so far succeeded."), "In progress"
    return "The launch worked.", _progress(refused, "Every step succeeded."), "Launched"


def _progress(refused: bool, otherwise: str) -> str:
    return "A step was refused, but a later step succeeded." if refused else otherwise


def _not_shown(number: int) -> str:
    if not number:
        return ""
    return f"{count(number, 'exchange')} between the first and the newest {'is' if number == 1 else 'are'} not shown."


def _arrow(exchange: Mapping[str, Any], root: str) -> Arrow:
    stage = str(exchange.get("stage"))
    origin, target, text = _SAID.get(stage, ("app", "auth", STAGES.get(stage, "Request")))
    request = code_samples.read(exchange.get("request") or {})
    errors = [finding for finding in exchange.get("findings") or () if finding["severity"] == "error"]
    path = "/" + request.address.split("/", 3)[-1] if request.address.count("/") >= 3 else request.address
    if errors:
        text = f"{text}, {count(len(errors), 'problem')}"
    status = "refused" if errors else str((exchange.get("response") or {}).get("status", ""))
    when = english.instant(exchange.get("at") or 0)
    return Arrow(
        origin,
        target,
        when.strftime("%H:%M:%S.") + f"{when.microsecond // 1000:03d}",
        status,
        text,
        f"{request.method} {path}",
        "refused" if errors else "passed",
        f"{root}/exchanges/{exchange['id']}",
        str(errors[0]["title"]) if errors else "",
    )


def _waiting(tried: set[str], granted: set[str]) -> tuple[Arrow, ...]:
    """The steps that are still to come. Once a token was issued, only the app is awaited."""
    missing = [step for step in _EXPECTED if step[0] not in tried]
    replaced = {"access": "your app"} if "token" in granted else {}
    return tuple(
        Arrow(_SAID[stage][0], _SAID[stage][1], "not yet", f"needs {replaced.get(stage, needed)}", text, "", "waits")
        for stage, text, needed in missing
    )


def _sentences(texts: Sequence[str]) -> str:
    """The texts as sentences, without duplicates."""
    return ". ".join(dict.fromkeys(text[:1].upper() + text[1:] for text in texts)) + "." if texts else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
