"""The state machine of a launch: what it waits for after each event, and whether it has waited too long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from msgspec import Struct

from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.silence.trail import Event, Trail
from sickbay.protocol import scopes

State: TypeAlias = Literal["running", "stalled", "worked", "refused"]
Awaited: TypeAlias = Literal["launch", "discovery", "authorize", "login", "token", "access", "refresh", "again", "poll", "file"]
"""launch: the first one of an app. again: a new launch after a refused refresh. poll, file: requests of an export."""
_SECONDS = (each.split(":") for each in LISTS["awaited_seconds"])
AWAITED_SECONDS = cast(Mapping[Awaited, float], {name: float(number) for name, number in _SECONDS})
"""Seconds of real time that a step may take."""
PAGE_SECONDS: Final = 600
"""Seconds that a person may look at a page of Sickbay."""
PREFLIGHT_SECONDS: Final = 5
"""Seconds that the request after a preflight may take. Browsers send it at once."""
ACCEPTED: Final = 202
NOT_FOUND: Final = 404
"""Of a token request: it was sent to an address that doesn't exist."""
UNAUTHORIZED: Final = 401


class LaunchPosition(NamedTuple):
    """awaited: None if nothing has to come. since: the event after which it is awaited. worked: the app has used its token."""

    awaited: Awaited | None = None
    since: Event | None = None
    worked: bool = False
    refused: bool = False


class LaunchStatus(Struct, frozen=True):
    """Where a launch is. awaited: also of a launch that worked, if its token has expired since and nothing followed.

    since: the last event that says something about it. seconds: how long it has been awaited, in real time. worked: the app had
    used its token before.
    """

    state: State
    awaited: Awaited | None
    since: Event | None
    seconds: float
    worked: bool = False

    @property
    def is_late(self) -> bool:
        return self.awaited is not None and self.state in ("stalled", "worked")


class Silence(Struct, frozen=True):
    """What the rules examine: a step that didn't come."""

    awaited: Awaited
    since: Event
    trail: Trail
    worked: bool = False


def find_status(trail: Trail) -> LaunchStatus:
    """Where the launch is after its events, at the current time."""
    position = LaunchPosition()
    for event in trail.events:
        position = follow_event(position, event)
    if position.awaited is None or position.since is None:
        return _conclude_status(trail, position)
    seconds = max(0.0, trail.real_now - position.since.at)
    is_late = trail.is_complete or seconds > seconds_for(position.awaited, position.since)
    return LaunchStatus("stalled" if is_late else "running", position.awaited, position.since, seconds, position.worked)


def seconds_for(awaited: Awaited, since: Event) -> float:
    """How long the step may take, in real time."""
    if since.step == "preflight":
        return PREFLIGHT_SECONDS
    return PAGE_SECONDS if since.step == "page" else AWAITED_SECONDS[awaited]


def find_silence(trail: Trail) -> Silence | None:
    """The missing step; None if the launch still has time, or needs nothing."""
    found = find_status(trail)
    if not found.is_late or found.awaited is None or found.since is None:
        return None
    return Silence(found.awaited, found.since, trail, found.worked)


def follow_event(position: LaunchPosition, event: Event) -> LaunchPosition:
    """The position after one more event. A fault that answered in place of Sickbay moves nothing."""
    if event.injected and (event.probable or event.step == "other"):
        return position
    if event.step in ("preflight", "discovery") or event.probable:
        return _note_hint(position, event)
    if event.step == "token" and event.result == "failed" and event.status == NOT_FOUND:
        return position
    if event.step in ("restart", "other"):
        return _restart_position(position) if event.step == "restart" else position
    if event.result == "granted":
        return _follow_grant(position, event)
    return _follow_failure(position, event)


_AFTER: Final[Mapping[str, Awaited]] = {
    "launch": "discovery",
    "authorize": "login",
    "page": "login",
    "code": "token",
    "export": "poll",
}
"""The next step after a granted one."""
_ANSWERS: Final[Mapping[str, frozenset[str]]] = {
    "preflight": frozenset(("token", "access")),
    "discovery": frozenset(("discovery", "authorize")),
}
"""The steps that a later hint can say more about."""


def _note_hint(position: LaunchPosition, event: Event) -> LaunchPosition:
    """After a request that doesn't name the launch. It proves no step, but a refused one says why the launch stopped."""
    if event.step in _ANSWERS:
        if position.awaited not in _ANSWERS[event.step]:
            return position
        if event.result != "granted":
            is_first = event.step == "discovery" and position.awaited == "discovery"
            return position._replace(since=event) if is_first and not event.injected else position
        return position._replace(awaited="authorize" if event.step == "discovery" else position.awaited, since=event)
    if event.result == "granted" or position.awaited is None:
        return position
    return LaunchPosition(None, event, position.worked, True)


def _restart_position(position: LaunchPosition) -> LaunchPosition:
    """The app was launched again: a refused refresh needs nothing more, and after a code it says why that wasn't redeemed."""
    return position._replace(awaited=None) if position.awaited in ("again", "refresh") else position


def _follow_grant(position: LaunchPosition, event: Event) -> LaunchPosition:
    if event.step in _AFTER:
        return LaunchPosition(_AFTER[event.step], event, position.worked)
    if event.step == "token":
        return (
            LaunchPosition("access", event, position.worked) if gives_data(event.scope) else LaunchPosition(None, event, True)
        )
    if event.step == "refresh":
        return LaunchPosition(None if position.worked else "access", event, position.worked)
    if event.step == "poll":
        return LaunchPosition("poll" if event.status == ACCEPTED else "file", event, True)
    return LaunchPosition(None, event, True)


def _follow_failure(position: LaunchPosition, event: Event) -> LaunchPosition:
    if event.step == "access" and event.status == UNAUTHORIZED:
        return LaunchPosition("refresh", event, position.worked, True)
    if event.step == "refresh" and event.result == "refused":
        return LaunchPosition("again", event, position.worked, True)
    return LaunchPosition(None, event, position.worked, True)


def gives_data(scope: str) -> bool:
    """Whether a token with this scope is for FHIR requests. If the scopes aren't known, it is."""
    return not scope or bool(scopes.list_resources(scope))


def _conclude_status(trail: Trail, position: LaunchPosition) -> LaunchStatus:
    if not trail.events:
        return LaunchStatus("stalled", "launch", Event("other"), 0)
    if position.worked:
        return _conclude_success(trail, position)
    return LaunchStatus("refused" if position.refused else "running", None, position.since, 0)


def _conclude_success(trail: Trail, position: LaunchPosition) -> LaunchStatus:
    """A launch that worked needs nothing more. If its token has expired since, that is said, without calling it stalled."""
    last = next((event for event in reversed(trail.events) if event.expires), None)
    has_ended = position.since is not None and position.since.step == "end"
    if last is None or last.is_service or has_ended or position.refused:
        return LaunchStatus("worked", None, position.since, 0, True)
    if trail.clock_now <= last.expires or trail.is_complete:
        return LaunchStatus("worked", None, position.since, 0, True)
    return LaunchStatus("worked", "refresh", last, 0, True)
