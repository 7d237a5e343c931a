"""The start page, the doctor and the theme.

home      the paste box: POST {root}/doctor (below);
          "Register your own app": GET {root}/developer/register?launch_uri=&redirect_uris=
doctor    POST {root}/doctor: csrf, input (a text area). The response is the same page.
theme     POST {root}/theme: csrf, theme = light | dark, back (one of our own paths).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from sickbay.diagnosis.stages import find_stage
from sickbay.kernel import english
from sickbay.services.journal.outcomes import Outcome, describe_injected_fault, describe_problem, determine_outcome
from sickbay.web.pages.parts import VERDICTS, Verdict

LineKind: TypeAlias = Outcome | Literal["stalled"]


class Address(Struct, frozen=True):
    """A FHIR base URL to copy, and the name of its version."""

    version: str
    base: str


class Hospital(Struct, frozen=True):
    name: str
    text: str
    addresses: tuple[Address, ...]
    clinician: str
    patient: str


class FirstLaunch(Struct, frozen=True):
    """The three steps of a first launch: patient, app, and the links of the buttons. one_click: to sign in."""

    patient: str
    text: str
    chart: str
    app: str
    launch: str
    timeline: str = ""
    """The timeline of the last launch; "" before the first one."""
    one_click: bool = True
    is_quick: bool = True
    """Creating the patients takes only seconds."""

    @property
    def sign_in(self) -> str:
        return "Sign in with one click." if self.one_click else "Sign in as okafor, with the password sickbay."


class RecentEvent(Struct, frozen=True):
    """One recent event, with its place and time."""

    kind: LineKind
    text: str
    detail: str
    href: str


class HomeView(Struct, frozen=True, kw_only=True):
    hospitals: tuple[Hospital, ...]
    people: str
    first: FirstLaunch | None = None
    recent: tuple[RecentEvent, ...] = ()
    shows_recent: bool = True
    """Whether the reader may see the requests of apps."""
    launch_uri: str = "http://localhost:8100/launch"
    redirect_uri: str = "http://localhost:8100/callback"


class ExchangeLine(Struct, frozen=True):
    """probably: why the exchange probably came from the app; "" if it names the app. finding: the worst one, and its kind; ""
    if the text says it.
    """

    id: str
    href: str
    at: str
    kind: LineKind
    stage: str
    text: str
    status: str = ""
    probably: str = ""
    finding: str = ""
    finding_kind: Verdict = "advice"


def exchange_line(exchange: Mapping[str, Any], *, probably: str = "") -> ExchangeLine:
    """One line of the list, from the JSON of an exchange."""
    findings = exchange.get("findings") or ()
    worst = findings[0] if findings else None
    kind = determine_outcome(exchange)
    is_refused = worst is not None and kind == "refused"
    return ExchangeLine(
        str(exchange["id"]),
        f"/exchanges/{exchange['id']}",
        english.format_time(exchange.get("at") or 0),
        kind,
        find_stage(str(exchange.get("stage"))).title,
        _exchange_text(exchange, worst if is_refused else None),
        str((exchange.get("response") or {}).get("status", "")),
        probably,
        "" if worst is None or is_refused else worst["title"],
        VERDICTS.get(worst["severity"], "advice") if worst is not None else "advice",
    )


def _exchange_text(exchange: Mapping[str, Any], refusal: Mapping[str, Any] | None) -> str:
    """The problem, or the request. "Resent" if Sickbay itself sent it again."""
    if exchange.get("resent_from"):
        return f"Resent: {_exchange_text({**exchange, 'resent_from': None}, refusal)}"
    if describe_injected_fault(exchange):
        return describe_problem(exchange)
    return str(refusal["title"]) if refusal is not None else _request_line(exchange)


def _request_line(exchange: Mapping[str, Any]) -> str:
    request = exchange.get("request") or {}
    path = str(request.get("url", "")).split("?")[0]
    return f"{request.get('method', 'GET')} /{path.split('/', 3)[-1]}" if path.count("/") >= 3 else "Request"
