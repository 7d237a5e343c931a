"""Rules about access tokens that were issued and never used."""

from typing import Final

from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.silence.declare import advise_on, find_last_granted_event, no_facts, recognise_preflight
from sickbay.diagnosis.silence.progress import Silence
from sickbay.kernel.checks import Facts
from sickbay.protocol import scopes

UNREADABLE: Final = "cors-credentials-wildcard"
CLOCK_SECONDS: Final = 60
"""Libraries tolerate that two clocks differ by about this much."""
SHORT_SECONDS: Final = 60
"""Libraries treat a token that expires this soon as expired."""


def _response_is_unreadable(silence: Silence) -> Facts | None:
    token = find_last_granted_event(silence, "token")
    return {} if token is not None and UNREADABLE in token.findings else None


def _clock_is_wrong(silence: Silence) -> Facts | None:
    token = find_last_granted_event(silence, "token")
    if token is None or not token.has_id_token or not token.clock:
        return None
    seconds = token.clock - token.at
    if abs(seconds) <= CLOCK_SECONDS:
        return None
    return {"seconds": f"{abs(seconds):.0f}", "direction": "ahead of" if seconds > 0 else "behind"}


def _find_short_lifetime(silence: Silence) -> Facts | None:
    token = find_last_granted_event(silence, "token")
    if token is None or not token.expires or not token.clock:
        return None
    seconds = token.expires - token.clock
    return {"seconds": f"{max(seconds, 0):.0f}"} if seconds <= SHORT_SECONDS else None


def _has_no_patient(silence: Silence) -> Facts | None:
    token = find_last_granted_event(silence, "token")
    if token is None or token.has_patient:
        return None
    asked = [*scopes.split(token.asked), *scopes.split(token.scope)]
    wants = "launch/patient" in asked or any(name.startswith("patient/") for name in asked)
    is_launch = "launch" in asked and any(event.step == "launch" for event in silence.trail.events)
    return {} if wants or is_launch else None


def _find_missing_scopes(silence: Silence) -> Facts | None:
    token = find_last_granted_event(silence, "token")
    granted = scopes.split(token.scope) if token is not None else ()
    missing = [name for name in scopes.split(token.asked) if name not in granted] if token is not None else []
    return {"missing": missing} if missing else None


FUNCTIONS: RuleFunctions = {
    "fhir-preflight-blocked": {"advises": advise_on("access", recognise_preflight)},
    "token-response-unreadable": {"advises": advise_on("access", _response_is_unreadable)},
    "id-token-other-clock": {"advises": advise_on("access", _clock_is_wrong)},
    "token-lifetime-too-short": {"advises": advise_on("access", _find_short_lifetime)},
    "token-without-patient": {"advises": advise_on("access", _has_no_patient)},
    "token-scopes-narrowed": {"advises": advise_on("access", _find_missing_scopes)},
    "token-not-used": {"advises": advise_on("access", no_facts)},
}
