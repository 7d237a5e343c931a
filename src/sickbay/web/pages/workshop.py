"""The workshop's other pages: home, the list of exchanges, a timeline, the doctor, the rules.

home      the paste box: POST {root}/doctor (below);
          "Bring your own app": GET {root}/developer/register?launch_uri=&redirect_uris=
exchanges GET {root}/exchanges?id= (the search in the bar: an exact id leads to its page)
doctor    POST {root}/doctor: csrf, input (a text area). The result is the same page.
theme     POST {root}/theme: csrf, theme = light | dark, back (a path of ours).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sickbay.web.pages import code, negotiation, times
from sickbay.web.pages.exchange import STAGES, Step, folded
from sickbay.web.pages.frame import Link
from sickbay.web.pages.parts import FindingView, Verdict, count
from sickbay.web.pages.rows import Row


@dataclass(frozen=True, slots=True)
class Address:
    """A FHIR base to copy, and its version's name."""

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
    """The three steps: whose chart, by whom, and where each button leads."""

    patient: str
    text: str
    chart: str
    app: str
    launch: str
    timeline: str = ""
    """Of the last launch; "" before any."""


@dataclass(frozen=True, slots=True)
class Lately:
    """One line of what happened: kind passed | refused | warning, what, and where and when."""

    kind: str
    text: str
    detail: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    hospitals: tuple[Hospital, ...]
    people: str
    first: FirstLaunch | None = None
    lately: tuple[Lately, ...] = ()
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
    """missing: an id that was searched for and is not kept."""

    lines: tuple[ExchangeLine, ...]
    more: str = ""
    missing: str = ""
    about: str = ""


def exchange_line(given: Mapping[str, Any], *, app: str = "", hospital: str = "", root: str = "") -> ExchangeLine:
    """One line from the JSON of an exchange (outside contract)."""
    found = given.get("findings") or ()
    worst = found[0] if found else None
    refused = bool(worst and worst["severity"] == "error")
    status = (given.get("response") or {}).get("status", "")
    stage = STAGES.get(str(given.get("stage")), "Request")
    return ExchangeLine(
        str(given["id"]),
        f"{root}/exchanges/{given['id']}",
        times.moment(given.get("at") or 0),
        "refused" if refused else "passed",
        stage,
        app,
        worst["title"] if worst and refused else _granted(given, worst),
        str(status),
        hospital,
    )


def _granted(given: Mapping[str, Any], worst: Mapping[str, Any] | None) -> str:
    request = given.get("request") or {}
    path = str(request.get("url", "")).split("?")[0]
    said = f"{request.get('method', 'GET')} /{path.split('/', 3)[-1]}" if path.count("/") >= 3 else "Granted"
    return f"{said}, with advice" if worst else said


LIFELINES = ("app", "browser", "auth", "fhir")


@dataclass(frozen=True, slots=True)
class Arrow:
    """One step of a launch: from and to are of LIFELINES; kind passed | refused | waits."""

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
    negotiation: negotiation.Negotiation | None = None
    """Of the last token response."""
    negotiation_href: str = ""
    left_out: str = ""
    """How many exchanges are not shown, in one sentence."""


_SAID = {
    "launch": ("browser", "app", "The chart opens your app"),
    "discovery": ("app", "fhir", "Your app asks where to authorize"),
    "authorize": ("browser", "auth", "Your app asks for a code"),
    "login": ("browser", "auth", "The person signs in and agrees"),
    "redirect": ("auth", "browser", "The answer goes to your app"),
    "token": ("app", "auth", "Your app changes the code for a token"),
    "refresh": ("app", "auth", "Your app refreshes its token"),
    "access": ("app", "fhir", "Your app reads"),
    "search": ("app", "fhir", "Your app searches"),
}
_TRIED = {"client_authentication": "token", "pkce": "token", "refresh": "token", "backend": "token", "search": "access"}
_EXPECTED = (
    ("authorize", "Next: ask for a code", "an authorize request"),
    ("token", "Next: change the code for a token", "a code"),
    ("access", "Then: read the patient", "a token"),
)


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
    """From the exchanges of one launch, oldest first (JSON of the outside contract)."""
    done = [_arrow(one, root) for one in exchanges]
    tried = {_TRIED.get(str(one.get("stage")), str(one.get("stage"))) for one in exchanges}
    granted = {str(one.get("stage")) for one, arrow in zip(exchanges, done, strict=True) if arrow.kind == "passed"}
    waiting = _waiting(tried, granted)
    stopped = max((number for number, one in enumerate(done, 1) if one.kind == "refused"), default=0)
    still = bool(stopped) and not any(one.kind == "passed" for one in done[stopped:])
    last = next((one for one in reversed(exchanges) if "scopes" in one), None)
    servers = (("Authorization server", hospital), ("FHIR server", hospital))
    return TimelineView(
        id=id,
        title=f"The launch stopped at step {stopped}: {_lower(done[stopped - 1].detail)}."
        if still
        else "The launch went through."
        if not waiting
        else "The launch is under way.",
        lede=_lede(stopped, waiting, still),
        kind="refused" if still else "passed",
        verdict=f"Stopped at step {stopped}" if still else "Launched" if not waiting else "Under way",
        arrows=(*done, *waiting),
        left_out=f"{count(left_out, 'exchange', 'exchanges')} between the first and the newest "
        f"{'is' if left_out == 1 else 'are'} not shown."
        if left_out
        else "",
        names=((app or "Your app", origin), ("Browser", "of the person"), *servers),
        facts=tuple(one for one in (app, patient, user, hospital) if one),
        worked=_listed([one.text for one in done if one.kind == "passed"]),
        refused=_listed([one.detail for one in done if one.kind == "refused"]),
        missing=_listed([one.text.split(": ")[-1] for one in waiting]),
        refused_href=next((one.href for one in done if one.kind == "refused"), ""),
        negotiation=negotiation.read(last) if last else None,
        negotiation_href=f"{root}/exchanges/{last['id']}" if last else "",
    )


def _arrow(given: Mapping[str, Any], root: str) -> Arrow:
    stage = str(given.get("stage"))
    origin, target, text = _SAID.get(stage, ("app", "auth", STAGES.get(stage, "Request")))
    request = code.read(given.get("request") or {})
    worst = next((one for one in given.get("findings") or () if one["severity"] == "error"), None)
    path = "/" + request.address.split("/", 3)[-1] if request.address.count("/") >= 3 else request.address
    faults = sum(one["severity"] == "error" for one in given.get("findings") or ())
    if worst:
        text = f"{text}, {count(faults, 'fault', 'faults')}"
    status = "refused" if worst else str((given.get("response") or {}).get("status", ""))
    when = times.instant(given.get("at") or 0)
    return Arrow(
        origin,
        target,
        when.strftime("%H:%M:%S.") + f"{when.microsecond // 1000:03d}",
        status,
        text,
        f"{request.method} {path}",
        "refused" if worst else "passed",
        f"{root}/exchanges/{given['id']}",
        str(worst["title"]) if worst else "",
    )


def _waiting(tried: set[str], granted: set[str]) -> tuple[Arrow, ...]:
    """A token that was given is there to be used: then it is the app that is waited for."""
    missing = [one for one in _EXPECTED if one[0] not in tried]
    held = {"access": "your app"} if "token" in granted else {}
    return tuple(
        Arrow(_SAID[stage][0], _SAID[stage][1], "not yet", f"waits for {held.get(stage, what)}", text, "", "waits")
        for stage, text, what in missing
    )


def _lede(stopped: int, waiting: Sequence[Arrow], still: bool) -> str:
    if still:
        return "What came before it worked; what would have followed has not happened."
    if stopped:
        return "One step was refused on the way, and a later one was granted."
    return "Every step so far was granted." if waiting else "Every step was granted."


def _listed(texts: Sequence[str]) -> str:
    return ". ".join(dict.fromkeys(text[:1].upper() + text[1:] for text in texts)) + "." if texts else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorView:
    """fault: why the input can't be read, one sentence. result: None before something was pasted."""

    input: str = ""
    fault: str = ""
    kind: str = ""
    headline: str = ""
    verdict: str = ""
    verdict_kind: Verdict | str = ""
    findings: tuple[FindingView, ...] = ()
    rows: tuple[Row, ...] = ()
    tabs: tuple[code.Tab, ...] = ()
    corrected: bool = False
    filled: str = ""
    walk: tuple[Step, ...] = ()
    sum: str = ""

    @property
    def stretches(self) -> tuple[tuple[Step, ...], ...]:
        return folded(self.walk)

    @property
    def examined(self) -> bool:
        return bool(self.headline)


@dataclass(frozen=True, slots=True)
class RuleRow:
    id: str
    href: str
    title: str
    kind: Verdict
    outcome: str


@dataclass(frozen=True, slots=True)
class RulesView:
    """groups: the stage's words and its rules."""

    groups: tuple[tuple[str, tuple[RuleRow, ...]], ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """prose: the paragraphs of the case. refused, corrected: the requests of the case as code, "" where there is none."""

    id: str
    title: str
    kind: Verdict
    why: str
    fix: str
    outcome: str
    stage: str
    degree: str
    spec: Link
    prose: str = ""
    tab: str = "Refused"
    """What the request of the case is called: one that is only advised on was granted."""
    refused: code.Tab | None = None
    corrected: code.Tab | None = None
    rows: tuple[Row, ...] = ()
