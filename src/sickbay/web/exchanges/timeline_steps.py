"""The steps of a launch as arrows: requests, redirects to the app, pages that the user saw, and missing steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from sickbay.diagnosis.silence.trail import Event
from sickbay.diagnosis.silence.wording import PAGES
from sickbay.diagnosis.stages import FHIR_STAGES, find_stage
from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.protocol.parameters import parse
from sickbay.services.journal import outcomes
from sickbay.services.journal.events import real_time
from sickbay.services.journal.outcomes import determine_outcome, get_location, stage_of
from sickbay.web.exchanges import code_samples

LIFELINES: Final = ("app", "browser", "auth", "fhir")
EVIDENCE: Final = {
    "origin": "Its Origin header matches the app’s registered URLs.",
    "agent": "It came from the same address and the same client software as an earlier request of the app.",
    "address": "It came from the same address as an earlier request of the app.",
    "app": "It names the app, and came from the same address within a minute of the launch.",
    "fault": "It names the app, and an injected fault answered it. This is the launch that the app used last before.",
}
"""Reasons why an exchange that names no launch probably belongs to one."""
EXPECTED: Final = (
    ("authorize", "Next: request an authorization code", "an authorization request"),
    ("token", "Next: exchange the code for a token", "an authorization code"),
    ("access", "Then: request data", "an access token"),
)
EXPECTED_STAGES: Final = [stage for stage, _, _ in EXPECTED]
WIRE_CHARACTERS: Final = 200
"""Characters of a request or a redirect that a step shows; the page of the exchange has all of them."""
AHEAD: Final = ("waits", "stalled")
"""The kinds of arrows for steps that haven't come."""


class Arrow(Struct, frozen=True):
    """One step of a launch. origin, target: from LIFELINES.

    kind: passed | refused | warning, of a request; redirect, of its response; page, shown to the user; gap, for exchanges that
    aren't shown; waits | stalled, of a step that hasn't come. number: of a request, from 1. probably: why it probably belongs
    to the launch; "" if it names the launch. fault: the injected one.
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
    number: int = 0
    fault: str = ""

    @property
    def label(self) -> str:
        return f"{self.text} (probably)" if self.probably else self.text

    @property
    def key(self) -> str:
        """The same for the same step, so that a refreshed page recognises it."""
        return f"{self.kind} {self.at} {self.text[:30]}"


def describe_evidence(exchange: Mapping[str, Any]) -> str:
    return EVIDENCE.get(str(exchange.get("evidence") or ""), "")


def draw_steps(
    exchanges: Sequence[Mapping[str, Any]], events: Sequence[Event], root: str, left_out: int = 0, first: int = 0
) -> tuple[Arrow, ...]:
    """The arrows of all steps that happened. exchanges: in their order.

    events: of the launch; those of pages are drawn, unless an exchange lists the page. left_out: how many exchanges aren't
    shown after the first `first` ones that name the launch.
    """
    moments = [(shown, [_draw_page(shown, page)]) for shown, page in _list_pages(exchanges, events)]
    number = named = 0
    for exchange in exchanges:
        if left_out and named == first and not exchange.get("evidence"):
            moments.append((_moment_of_exchange(exchange), [_draw_gap(left_out, str(exchange.get("launch") or ""), root)]))
            number += left_out
        number, named = number + 1, named + (not exchange.get("evidence"))
        moments.append((_moment_of_exchange(exchange), [*_draw_request(exchange, number, root)]))
    moments.sort(key=lambda moment: moment[0])
    return tuple(arrow for _, arrows in moments for arrow in arrows)


def _moment_of_exchange(exchange: Mapping[str, Any]) -> float:
    return real_time(int(exchange.get("arrival") or 0))


def _list_pages(exchanges: Sequence[Mapping[str, Any]], events: Sequence[Event]) -> Iterator[tuple[float, str]]:
    """The pages that the user saw, with their real times: of answered authorizations and of one that waits."""
    for exchange in exchanges:
        for shown in exchange.get("pages") or ():
            yield float(shown["at"]), str(shown["page"])
    for event in events:
        if event.step == "page" and event.page:
            yield event.at, event.page


def _draw_page(at: float, page: str) -> Arrow:
    name = {str(key): text for key, text in PAGES.items()}.get(page, "page")
    return Arrow("auth", "browser", _clock_time(at), "shown", f"Sickbay shows the {name} to the user", "", "page")


def _draw_gap(left_out: int, launch: str, root: str) -> Arrow:
    text = f"{count(left_out, 'more request')} of this launch"
    return Arrow("app", "fhir", "", "not shown", text, "", "gap", f"{root}/exchanges?q=launch%3A{launch}")


def _draw_request(exchange: Mapping[str, Any], number: int, root: str) -> Iterator[Arrow]:
    stage, kind = str(exchange.get("stage")), determine_outcome(exchange)
    request = code_samples.read_request_parts(exchange.get("request") or {})
    origin, target, text = describe_arrow(stage, request.method, request.address)
    errors = sum(finding["severity"] == "error" for finding in exchange.get("findings") or ())
    goes_to_app = stage in ("launch", "authorize", "login", "logout") and outcomes.was_sent_to_app(exchange)
    is_launch = stage == "launch" and goes_to_app
    arrow = Arrow(
        origin,
        target,
        _clock_time(exchange.get("at") or 0),
        _describe_status(exchange, kind),
        f"{text}, {count(errors, 'problem')}" if errors else text,
        _shorten_wire_text(
            f"GET {get_location(exchange)}" if is_launch else f"{request.method} {_path_of_exchange(exchange, stage)}"
        ),
        kind,
        f"{root}/exchanges/{exchange['id']}",
        outcomes.describe_problem(exchange),
        describe_evidence(exchange),
        number,
        outcomes.describe_injected_fault(exchange),
    )
    yield arrow
    if goes_to_app and not is_launch:
        address, status = get_location(exchange), outcomes.get_status(exchange)
        text = f"Redirect to your app{_describe_answer(address)}"
        yield Arrow(
            "auth", "browser", arrow.at, str(status), text, _shorten_wire_text(f"Location: {address}"), "redirect", arrow.href
        )


def _shorten_wire_text(wire: str) -> str:
    return wire if len(wire) <= WIRE_CHARACTERS else f"{wire[: WIRE_CHARACTERS - 1]}…"


def _describe_answer(address: str) -> str:
    answer = parse(urlsplit(address).query)
    error = answer.get("error")
    return f" with the error {error}" if error else " with a code" if answer.get("code") else ""


def _describe_status(exchange: Mapping[str, Any], kind: str) -> str:
    status = "refused" if kind == "refused" else str((exchange.get("response") or {}).get("status", ""))
    milliseconds = exchange.get("milliseconds")
    return f"{status}, {_round_milliseconds(milliseconds)}" if milliseconds else status


def _round_milliseconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{max(1, round(milliseconds))} ms"


def _path_of_exchange(exchange: Mapping[str, Any], stage: str) -> str:
    """Returns the path, and the parameters of a FHIR request, which show what it searches for."""
    address, _, query = str((exchange.get("request") or {}).get("url") or "").partition("?")
    path = "/" + address.split("/", 3)[-1] if address.count("/") >= 3 else address
    return f"{path}?{query}" if query and stage in FHIR_STAGES else path


def _clock_time(at: float | str) -> str:
    when = english.parse_datetime(at)
    return when.strftime("%H:%M:%S.") + f"{when.microsecond // 1000:03d}"


def describe_arrow(stage: str, method: str, address: str) -> tuple[str, str, str]:
    """The two ends of an arrow, and its text."""
    if stage in ("access", "app_state"):
        verb = "reads" if method in ("GET", "HEAD") else "deletes" if method == "DELETE" else "sends"
        return "app", "fhir", f"Your app {verb} data"
    if stage == "browser":
        target = "auth" if "/oauth/" in address else "fhir"
        return "browser", target, "The browser asks whether your app may send a request"
    declared = find_stage(stage)
    return declared.sender, declared.receiver, declared.sentence or declared.title


def granted_stages(exchanges: Sequence[Mapping[str, Any]]) -> set[str]:
    return {
        stage_of(exchange) for exchange in exchanges if not exchange.get("evidence") and determine_outcome(exchange) == "passed"
    }


def list_remaining_steps(exchanges: Sequence[Mapping[str, Any]]) -> tuple[Arrow, ...]:
    """Returns the remaining steps after the last one that was tried. After a token, only the app's requests remain."""
    tried, granted = {stage_of(exchange) for exchange in exchanges}, granted_stages(exchanges)
    reached = max((number for number, stage in enumerate(EXPECTED_STAGES, 1) if stage in tried), default=0)
    replaced = {"access": "your app"} if "token" in granted else {}
    return tuple(
        Arrow(*describe_arrow(stage, "GET", "")[:2], "not yet", f"needs {replaced.get(stage, needed)}", text, "", "waits")
        for stage, text, needed in EXPECTED[reached:]
    )
