"""Declares the rules of launches that stopped: each advises on one awaited step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sickbay.diagnosis.silence.progress import Awaited, Silence
from sickbay.diagnosis.silence.trail import Event
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls


def advise_on(awaited: Awaited, recognise: Callable[[Silence], Facts | None]) -> Callable[[Silence | None, Any], Facts | None]:
    """Advice on a launch that waits for this step. recognise: what in the launch points to the cause; None if nothing does."""

    def advise(silence: Silence | None, context: Any) -> Facts | None:
        return recognise(silence) if silence is not None and silence.awaited == awaited else None

    return advise


def no_facts(silence: Silence) -> Facts:
    return {}


def events_after(silence: Silence) -> tuple[Event, ...]:
    """The events since the last one that named the launch, such as preflights and requests of other launches."""
    events = silence.trail.events
    named = [place for place, event in enumerate(events) if not event.probable and event.step not in ("preflight", "restart")]
    return events[named[-1] + 1 :] if named else events


def find_last_granted_event(silence: Silence, step: str) -> Event | None:
    """The last granted event of this kind."""
    found = (event for event in reversed(silence.trail.events) if event.step == step and event.result == "granted")
    return next(found, None)


def find_unreachable_host(base: str, uri: str) -> Facts | None:
    """The app's host, if the app runs on a different machine than Sickbay, whose address is a loopback address there."""
    is_elsewhere = urls.is_loopback(base) and urls.is_web(uri) and not urls.is_loopback(uri)
    return {"base": base, "host": urls.host_of(uri)} if is_elsewhere else None


NOTHING: Final = "nothing: "
"""How the answer of an address begins if nothing could be read from it. The reason follows."""
CREDENTIALS: Final = "cors-credentials-not-allowed"
"""The advice that a preflight gets if its request may not have credentials."""


def failure_of(answer: str) -> str:
    """Why the answer of an address is a failure; "" if it isn't one, or if the address wasn't asked."""
    if answer.startswith(NOTHING):
        return answer.removeprefix(NOTHING)
    return answer if answer.startswith(("status 4", "status 5")) else ""


def recognise_preflight(silence: Silence) -> Facts | None:
    """If a preflight was the last thing that arrived: what it asked for, and why the browser probably sent nothing else."""
    event = silence.since
    if event.step != "preflight":
        return None
    likely = (
        "The usual reason: the page sends it with `credentials: 'include'`, and Sickbay allows no credentials to this origin."
        if CREDENTIALS in event.findings
        else "Sickbay's response allows the request, so something in the browser stopped it, such as an extension or the "
        "permission to reach the local network."
    )
    asked = f" The preflight asked for the headers `{event.headers}`, and Sickbay allows them." if event.headers else ""
    return {"likely": likely, "asked": asked}
