"""Tells how an exchange ended, and what a launch waits for: only what its exchanges prove, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from sickbay.diagnosis.stages import find_stage
from sickbay.kernel import english
from sickbay.protocol.parameters import parse

Outcome: TypeAlias = Literal["refused", "warning", "passed"]
"""warning: it failed, but no check refused it, such as a record that doesn't exist."""
Awaited: TypeAlias = Literal["authorize", "user", "token", "access"]
QUIET_SECONDS: Final = 10
"""After this time without the next request, the page says that it is missing, and what to check."""


class Wait(NamedTuple):
    """What a launch waits for. since: when its last step was granted, in epoch seconds.

    title: the headline at first. missing: the headline after QUIET_SECONDS. text: what happened last, and what didn't.
    """

    awaited: Awaited
    since: float
    title: str
    missing: str
    text: str
    advice: str


def status(exchange: Mapping[str, Any]) -> int:
    """The HTTP status of the response; 200 if the exchange has none."""
    return int((exchange.get("response") or {}).get("status") or 200)


def location(exchange: Mapping[str, Any]) -> str:
    """Where the response redirects to; "" if it doesn't."""
    headers = (exchange.get("response") or {}).get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == "location"), "")


def outcome(exchange: Mapping[str, Any]) -> Outcome:
    """A redirect with an error is a refusal too, although its status is 302, and a preflight alone is a failure."""
    if exchange.get("decided") or any(finding["severity"] == "error" for finding in exchange.get("findings") or ()):
        return "refused"
    is_error = status(exchange) >= 400 or "error" in parse(urlsplit(location(exchange)).query)
    return "warning" if is_error or is_lonely_preflight(exchange) else "passed"


def is_lonely_preflight(exchange: Mapping[str, Any]) -> bool:
    """Whether it is a preflight that probably belongs to a launch. One whose request arrived isn't shown there."""
    return exchange.get("stage") == "browser" and bool(exchange.get("evidence"))


def problem(exchange: Mapping[str, Any]) -> str:
    """Why an exchange was refused or failed, without a full stop; "" if it passed."""
    errors = [str(finding["title"]) for finding in exchange.get("findings") or () if finding["severity"] == "error"]
    if errors:
        return errors[0]
    if is_lonely_preflight(exchange):
        return "The browser asked whether it may send a request; the request itself isn’t recorded"
    return "" if outcome(exchange) == "passed" else f"Status {status(exchange)}"


def stage_of(exchange: Mapping[str, Any]) -> str:
    """The stage of the launch's step: a refresh or a request with a wrong secret is a token request."""
    name = str(exchange.get("stage"))
    return find_stage(name).part_of or name


def went_to_the_app(exchange: Mapping[str, Any]) -> bool:
    """Whether the response redirected the browser to another server, not to a page of ours."""
    own = urlsplit(str((exchange.get("request") or {}).get("url", ""))).netloc
    return urlsplit(location(exchange)).netloc not in ("", own)


def wait(exchanges: Sequence[Mapping[str, Any]], app: str, origin: str) -> Wait | None:
    """What the launch waits for; None if the app has read data. exchanges: oldest first. app, origin: "" if unknown."""
    granted = [exchange for exchange in exchanges if outcome(exchange) == "passed"]
    last = {step: exchange for exchange in granted if (step := _step(exchange))}
    for step in ("access", "token", "code", "authorize", "launch"):
        if step in last:
            return None if step == "access" else _waits(step, float(last[step].get("at") or 0), app or "your app", origin)
    return None


def _step(exchange: Mapping[str, Any]) -> str:
    """The step of the launch that this exchange completes. "code": the code was sent to the app."""
    stage = stage_of(exchange)
    if stage in ("authorize", "login", "redirect"):
        return "code" if went_to_the_app(exchange) else "authorize"
    return stage if stage in ("access", "token", "launch") else ""


def _waits(step: str, since: float, app: str, origin: str) -> Wait:
    at, name = english.clock(english.instant(since), seconds=True), app[:1].upper() + app[1:]
    where = f"to {origin} " if origin else "to the app "
    if step == "launch":
        return Wait(
            "authorize",
            since,
            "Waiting for an authorization request.",
            f"{name} hasn’t requested authorization.",
            f"The browser was sent {where}at {at} (UTC). No authorization request of this launch is recorded since.",
            "Check that the app runs there and that its launch page shows no error.",
        )
    if step == "authorize":
        return Wait(
            "user",
            since,
            "Waiting for the user.",
            "The user hasn’t finished signing in or allowing access.",
            f"The authorization request was accepted at {at} (UTC). The next step is the user’s.",
            "",
        )
    if step == "code":
        return Wait(
            "token",
            since,
            "Waiting for the token request.",
            f"{name} hasn’t exchanged its authorization code.",
            f"The browser was sent {where}with a code at {at} (UTC). No token request with it is recorded since.",
            "Check the app’s own log and the browser’s console. The app may have stopped at an error of its own, such as a "
            "state that it didn’t recognise.",
        )
    return Wait(
        "access",
        since,
        "Waiting for the first FHIR request.",
        f"{name} hasn’t used its access token.",
        f"The token was issued at {at} (UTC). No FHIR request with it is recorded since.",
        "Check the app’s own log. Requests with another token aren’t part of this launch.",
    )
