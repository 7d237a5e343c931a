"""The sentences that say what was last seen of a launch, and what is missing since."""

from __future__ import annotations

from typing import Final, NamedTuple

from sickbay.diagnosis.silence.progress import LaunchStatus
from sickbay.diagnosis.silence.trail import Event, PageName
from sickbay.kernel import english


class Sentences(NamedTuple):
    """waiting: the headline while the step may still come. missing: the headline afterwards. seen: what happened last, and what
    didn't since. ago: the same with the seconds, for a report.
    """

    waiting: str
    missing: str
    seen: str
    ago: str


PAGES: Final[dict[PageName, str]] = {
    "sign-in": "sign-in page",
    "patient": "patient picker",
    "encounter": "visit picker",
    "context": "context picker",
    "consent": "consent page",
}
_AUTHORIZE: Final = ("Waiting for an authorization request.", "{Name} hasn’t requested authorization.")
_TOKEN: Final = ("Waiting for the token request.", "{Name} hasn’t exchanged its authorization code.")
_ACCESS: Final = ("Waiting for the first FHIR request.", "{Name} hasn’t used its access token.")
_USER: Final = ("Waiting for the user.", "The user hasn’t finished signing in or allowing access.")
_REFRESH: Final = ("Waiting for a new token.", "{Name} hasn’t got a new access token.")
_TEMPLATES: Final[dict[tuple[str, str], tuple[str, str, str, str]]] = {
    ("launch", "other"): (
        "Waiting for the first launch.",
        "{Name} has never been launched.",
        "The app is registered. No request of it is recorded.",
        "{name} is registered, and hasn’t been launched",
    ),
    ("discovery", "launch"): (
        *_AUTHORIZE,
        "The browser was sent {where}at {at} (UTC). No request of the app is recorded since.",
        "{name} was launched {ago} ago and hasn’t sent a request",
    ),
    ("discovery", "script"): (
        *_AUTHORIZE,
        "A script received the launch URL at {at} (UTC). No request of the app is recorded since.",
        "the launch URL was created {ago} ago, and {name} hasn’t sent a request",
    ),
    ("discovery", "discovery"): (
        *_AUTHORIZE,
        "The app’s request for Sickbay’s endpoints failed at {at} (UTC). No authorization request is recorded since.",
        "{name}’s request for the endpoints failed {ago} ago, and it hasn’t sent an authorization request",
    ),
    ("authorize", "discovery"): (
        *_AUTHORIZE,
        "The app looked up Sickbay’s endpoints at {at} (UTC). No authorization request of this launch is recorded since.",
        "{name} looked up the endpoints {ago} ago and hasn’t sent an authorization request",
    ),
    ("login", "authorize"): (
        *_USER,
        "The authorization request was accepted at {at} (UTC). The browser hasn’t opened the page that it was redirected to.",
        "the authorization request was accepted {ago} ago, and no browser has opened the next page",
    ),
    ("login", "page"): (
        *_USER,
        "The {page} was shown at {at} (UTC). The next step is the user’s.",
        "the {page} was shown {ago} ago, and the user hasn’t answered it",
    ),
    ("token", "code"): (
        *_TOKEN,
        "The browser was sent {where}with a code at {at} (UTC). No token request with it is recorded since.",
        "{name} received the code {ago} ago and hasn’t redeemed it",
    ),
    ("token", "preflight"): (
        *_TOKEN,
        "The browser asked at {at} (UTC) whether it may send the token request. The token request itself hasn’t arrived.",
        "the browser asked {ago} ago whether it may send the token request, and hasn’t sent it",
    ),
    ("access", "token"): (
        *_ACCESS,
        "The token was issued at {at} (UTC). No FHIR request with it is recorded since.",
        "{name} received an access token {ago} ago and hasn’t used it",
    ),
    ("access", "preflight"): (
        *_ACCESS,
        "The browser asked at {at} (UTC) whether it may send a FHIR request. The request itself hasn’t arrived.",
        "the browser asked {ago} ago whether it may send a FHIR request, and hasn’t sent it",
    ),
    ("refresh", "access"): (
        *_REFRESH,
        "A FHIR request was refused with 401 at {at} (UTC). No token request and no new launch is recorded since.",
        "a FHIR request was refused with 401 {ago} ago, and {name} has sent nothing since",
    ),
    ("refresh", "token"): (
        *_REFRESH,
        "The access token expired at {expires} (UTC). No refresh and no new launch is recorded since.",
        "the access token has expired, and {name} hasn’t refreshed it",
    ),
    ("again", "refresh"): (
        "Waiting for a new launch.",
        "{Name} hasn’t been launched again.",
        "The refresh was refused at {at} (UTC). The app needs a new authorization, and hasn’t requested one since.",
        "the refresh was refused {ago} ago, and {name} hasn’t requested a new authorization",
    ),
    ("poll", "export"): (
        "Waiting for the app to ask for the status of its export.",
        "{Name} hasn’t asked for the status of its export.",
        "The export was started at {at} (UTC). No request for its status is recorded since.",
        "{name} started an export {ago} ago and hasn’t asked for its status",
    ),
    ("poll", "poll"): (
        "Waiting for the app to ask for the status of its export.",
        "{Name} hasn’t asked for the status of its export again.",
        "At {at} (UTC) the export was still in progress. No request for its status is recorded since.",
        "{name} asked for the status of its export {ago} ago, and not again",
    ),
    ("file", "poll"): (
        "Waiting for the app to fetch the files of its export.",
        "{Name} hasn’t fetched the files of its export.",
        "The list of files was sent at {at} (UTC). No request for one of them is recorded since.",
        "{name} received the list of exported files {ago} ago and hasn’t fetched any",
    ),
}
"""(awaited, last step) -> waiting, missing, seen, ago."""


def sentences(found: LaunchStatus, app: str = "", where: str = "") -> Sentences | None:
    """What to say about the awaited step; None if nothing is awaited. where: the address that the browser was sent to."""
    if found.awaited is None or found.since is None:
        return None
    template = _TEMPLATES[_key(found.awaited, found.since)]
    name, event = app or "your app", found.since
    facts = {
        "name": name,
        "Name": name[:1].upper() + name[1:],
        "where": f"to {where} " if where else "to the app ",
        "at": _clock(event.clock or event.at),
        "expires": _clock(event.expires),
        "page": PAGES[event.page] if event.page else "page",
        "ago": f"{found.seconds:.0f} s",
    }
    return Sentences(*(text.format_map(facts) for text in template))


def _key(awaited: str, since: Event) -> tuple[str, str]:
    if since.step == "launch":
        return awaited, "script" if since.by_script else "launch"
    return awaited, "token" if since.step == "refresh" and awaited != "again" else since.step


def _clock(at: float) -> str:
    return english.clock(english.instant(at), seconds=True)
