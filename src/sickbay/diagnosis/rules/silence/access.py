"""Rules about launches that worked and then ended: at an expired token, a refused refresh, or an export that wasn't fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Spec
from sickbay.diagnosis.silence.declare import always, silence_rule
from sickbay.diagnosis.silence.progress import Silence
from sickbay.diagnosis.silence.trail import Event
from sickbay.kernel.checks import Facts

BULK = "https://hl7.org/fhir/uv/bulkdata/STU2/export.html"
STATUS = Spec("Bulk Data Access 2.0, Bulk Data Status Request", f"{BULK}#bulk-data-status-request")
FILES = Spec("Bulk Data Access 2.0, Bulk Data Output File Request", f"{BULK}#bulk-data-output-file-request")
REFRESH = specs.rfc(6749, "6", "Refreshing an Access Token")
EXPIRED = "fhir-token-expired"


RENEW: Final = (
    "Request `offline_access` or `online_access`, or let the app send the user through authorization again after a 401."
)
RENEW_SERVICE: Final = (
    "Request a new access token with the app's own credentials shortly before this one expires, and after a 401."
)


def _token(silence: Silence) -> Event | None:
    """The last token response."""
    return next((event for event in reversed(silence.trail.events) if event.expires), None)


def _is_expired(silence: Silence) -> bool:
    return EXPIRED in silence.since.findings or (silence.worked and silence.since.step in ("token", "refresh"))


def _no_refresh_token(silence: Silence) -> Facts | None:
    token = _token(silence)
    if token is None or token.has_refresh or not _is_expired(silence):
        return None
    reason = f" {token.why_no_refresh}" if token.why_no_refresh else ""
    return {"reason": reason, "instruction": RENEW_SERVICE if token.is_service else RENEW}


def _not_refreshed(silence: Silence) -> Facts | None:
    token = _token(silence)
    return {} if token is not None and token.has_refresh and _is_expired(silence) else None


def _while(step: str) -> Callable[[Silence], Facts | None]:
    def recognise(silence: Silence) -> Facts | None:
        return {} if silence.since.step == step else None

    return recognise


RULES = (
    silence_rule(
        "refresh",
        "expired-token-no-refresh-token",
        title="The access token has expired, and the app has no refresh token",
        why="Without a refresh token, the app can get a new access token only with a new request for one.{reason}",
        fix="{instruction}",
        recognise=_no_refresh_token,
        spec=REFRESH,
    ),
    silence_rule(
        "refresh",
        "expired-token-not-refreshed",
        title="The access token has expired, and the app hasn't used its refresh token",
        why="The token response had a `refresh_token`. No token request with `grant_type=refresh_token` arrived.",
        fix="Refresh the token before it expires, or after a 401, and repeat the request. To check, look in the app's log for "
        "what it does with a 401.",
        recognise=_not_refreshed,
        spec=REFRESH,
    ),
    silence_rule(
        "refresh",
        "unauthorized-then-silence",
        title="The app stopped after a 401",
        why="The server refused the access token. The exchange of that request says why.",
        fix="After a 401, refresh the token or send the user through authorization again, and show an error if that fails.",
        recognise=always,
        spec=specs.rfc(6750, "3.1", "Error Codes"),
    ),
    silence_rule(
        "again",
        "refresh-refused-no-new-launch",
        title="The refresh was refused, and the app didn't request a new authorization",
        why="A refused refresh token doesn't become valid again. The exchange of the refresh says why it was refused.",
        fix="If a refresh is refused with `invalid_grant`, delete both tokens and send the user through authorization again.",
        recognise=always,
        spec=REFRESH,
    ),
    silence_rule(
        "poll",
        "export-not-polled",
        title="The export was started, and the app never asked for its status",
        why="The response 202 has the URL for the status in `Content-Location`. The files can be fetched only after that URL "
        "answers 200.",
        fix="Read `Content-Location` from the response, and send a GET there until its status is 200. To check, look for it "
        "in the app's log: some clients can't read a response without a body.",
        recognise=_while("export"),
        spec=STATUS,
    ),
    silence_rule(
        "poll",
        "export-polling-stopped",
        title="The app stopped asking for the status of its export",
        why="The last response was 202: the export was still in progress. `Retry-After` says when to ask again.",
        fix="Repeat the request after `Retry-After` seconds until its status is 200 or an error.",
        recognise=_while("poll"),
        spec=STATUS,
    ),
    silence_rule(
        "file",
        "export-files-not-fetched",
        title="The export is complete, and none of its files was fetched",
        why="The status has the URLs of the files in `output`. Each needs the same access token if `requiresAccessToken` is "
        "true.",
        fix="Send a GET to each `url` in `output` before the export expires. If `output` is empty, the token can see nothing "
        "that was requested.",
        recognise=always,
        spec=FILES,
    ),
)
