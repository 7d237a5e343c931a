"""The events of one launch as far as they are known, with what is registered for the app and the current times."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

_FirstSteps: TypeAlias = Literal["launch", "discovery", "authorize", "page", "code", "preflight", "token", "refresh"]
StepName: TypeAlias = Literal[_FirstSteps, "access", "export", "poll", "file", "restart", "end", "other"]
"""authorize: an accepted request. page: shown to the user. code: sent to the redirect URI. poll: of the status of an export.

restart: another authorization request of the same app, which belongs to another launch. end: the app revoked its token.
"""
Result: TypeAlias = Literal["granted", "refused", "failed"]
"""failed: no check refused it, but its status is an error."""
PageName: TypeAlias = Literal["sign-in", "patient", "encounter", "context", "consent"]


class ShownPage(Struct, frozen=True):
    """A page of Sickbay that the user saw. at: real time in seconds."""

    page: PageName
    at: float


class Event(Struct, frozen=True, omit_defaults=True):
    """One step.

    at: real time in seconds, which /admin/clock doesn't move. clock: the same moment by Sickbay's clock. exchange: its id.
    probable: the request names no launch, and probably belongs to this one. by_page: a script in a page sent it (it has an
    Origin header).
    """

    step: StepName
    at: float = 0
    result: Result = "granted"
    clock: float = 0
    exchange: str = ""
    status: int = 0
    probable: bool = False
    by_page: bool = False
    findings: tuple[str, ...] = ()
    """Ids, the worst first."""
    injected: bool = False
    """A fault was injected into the response on purpose."""
    url: str = ""
    """The URL of the request without its parameters; for a launch and a code, where the browser was sent."""
    sent: tuple[str, ...] = ()
    """Names of the parameters of an authorization request."""
    headers: str = ""
    """What a preflight asks for: Access-Control-Request-Headers."""
    page: PageName | None = None
    by_script: bool = False
    """The launch URL was given to a script, so that no one knows whether a browser opened it."""
    asked: str = ""
    """Only of a token response: the scopes that were requested."""
    scope: str = ""
    """Only of a token response: the scopes that were granted."""
    expires: float = 0
    """Only of a token response: when the access token expires, by Sickbay's clock."""
    is_service: bool = False
    """Only of a token response: the app got it with its own credentials, and gets the next one in the same way."""
    has_refresh: bool = False
    has_id_token: bool = False
    has_patient: bool = False
    why_no_refresh: str = ""


class AppDetails(Struct, frozen=True, omit_defaults=True):
    """What is registered for the app, and the name to use in sentences."""

    name: str = ""
    launch_uri: str = ""
    redirect_uris: tuple[str, ...] = ()


class Trail(Struct, frozen=True, omit_defaults=True):
    """The events of a launch, oldest first.

    real_now, clock_now: the current time, real and by Sickbay's clock. base: Sickbay's base URL. is_complete: no event can be
    added any more, as in a file that was saved; then no step is given time to arrive.
    """

    events: tuple[Event, ...] = ()
    app: AppDetails = AppDetails()
    real_now: float = 0
    clock_now: float = 0
    base: str = ""
    is_complete: bool = False
    answer: str = ""
    """What the launch URI or redirect URI answered to Sickbay just now: "nothing: <reason>" or "status 404"."""
