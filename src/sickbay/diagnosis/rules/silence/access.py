"""Rules about launches that worked and then ended: at an expired token, a refused refresh, or an export that wasn't fetched."""

from collections.abc import Callable
from typing import Final

from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.silence.declare import advise_on, no_facts
from sickbay.diagnosis.silence.progress import Silence
from sickbay.diagnosis.silence.trail import Event
from sickbay.kernel.checks import Facts

EXPIRED = "fhir-token-expired"


RENEW: Final = (
    "Request `offline_access` or `online_access`, or let the app send the user through authorization again after a 401."
)
RENEW_SERVICE: Final = (
    "Request a new access token with the app's own credentials shortly before this one expires, and after a 401."
)


def _last_token_response(silence: Silence) -> Event | None:
    """The last token response."""
    return next((event for event in reversed(silence.trail.events) if event.expires), None)


def _is_expired(silence: Silence) -> bool:
    return EXPIRED in silence.since.findings or (silence.worked and silence.since.step in ("token", "refresh"))


def _has_no_refresh_token(silence: Silence) -> Facts | None:
    token = _last_token_response(silence)
    if token is None or token.has_refresh or not _is_expired(silence):
        return None
    reason = f" {token.why_no_refresh}" if token.why_no_refresh else ""
    return {"reason": reason, "instruction": RENEW_SERVICE if token.is_service else RENEW}


def _token_was_not_refreshed(silence: Silence) -> Facts | None:
    token = _last_token_response(silence)
    return {} if token is not None and token.has_refresh and _is_expired(silence) else None


def _recognise_step(step: str) -> Callable[[Silence], Facts | None]:
    def recognise(silence: Silence) -> Facts | None:
        return {} if silence.since.step == step else None

    return recognise


FUNCTIONS: RuleFunctions = {
    "expired-token-no-refresh-token": {"advises": advise_on("refresh", _has_no_refresh_token)},
    "expired-token-not-refreshed": {"advises": advise_on("refresh", _token_was_not_refreshed)},
    "unauthorized-then-silence": {"advises": advise_on("refresh", no_facts)},
    "refresh-refused-no-new-launch": {"advises": advise_on("again", no_facts)},
    "export-not-polled": {"advises": advise_on("poll", _recognise_step("export"))},
    "export-polling-stopped": {"advises": advise_on("poll", _recognise_step("poll"))},
    "export-files-not-fetched": {"advises": advise_on("file", no_facts)},
}
