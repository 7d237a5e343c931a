"""Rules about access tokens that were issued and never used."""

from __future__ import annotations

from typing import Final

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Spec
from sickbay.diagnosis.silence.declare import always, last, recognise_preflight, silence_rule
from sickbay.diagnosis.silence.progress import Silence
from sickbay.kernel.checks import Facts
from sickbay.protocol import scopes

CORS: Final = Spec("Fetch Standard, CORS protocol", "https://fetch.spec.whatwg.org/#http-cors-protocol")
ID_TOKEN: Final = Spec("OpenID Connect Core 1.0, ID Token Validation", f"{specs.OIDC}#IDTokenValidation")
UNREADABLE: Final = "cors-credentials-wildcard"
CLOCK_SECONDS: Final = 60
"""Libraries tolerate that two clocks differ by about this much."""
SHORT_SECONDS: Final = 60
"""Libraries treat a token that expires this soon as expired."""


def _unreadable(silence: Silence) -> Facts | None:
    token = last(silence, "token")
    return {} if token is not None and UNREADABLE in token.findings else None


def _clock(silence: Silence) -> Facts | None:
    token = last(silence, "token")
    if token is None or not token.has_id_token or not token.clock:
        return None
    seconds = token.clock - token.at
    if abs(seconds) <= CLOCK_SECONDS:
        return None
    return {"seconds": f"{abs(seconds):.0f}", "direction": "ahead of" if seconds > 0 else "behind"}


def _find_short_lifetime(silence: Silence) -> Facts | None:
    token = last(silence, "token")
    if token is None or not token.expires or not token.clock:
        return None
    seconds = token.expires - token.clock
    return {"seconds": f"{max(seconds, 0):.0f}"} if seconds <= SHORT_SECONDS else None


def _no_patient(silence: Silence) -> Facts | None:
    token = last(silence, "token")
    if token is None or token.has_patient:
        return None
    asked = [*scopes.split(token.asked), *scopes.split(token.scope)]
    wants = "launch/patient" in asked or any(name.startswith("patient/") for name in asked)
    is_launch = "launch" in asked and any(event.step == "launch" for event in silence.trail.events)
    return {} if wants or is_launch else None


def _narrower(silence: Silence) -> Facts | None:
    token = last(silence, "token")
    granted = scopes.split(token.scope) if token is not None else ()
    missing = [name for name in scopes.split(token.asked) if name not in granted] if token is not None else []
    return {"missing": missing} if missing else None


RULES = (
    silence_rule(
        "access",
        "fhir-preflight-blocked",
        title="The browser asked whether it may send a FHIR request, and didn't send it",
        why="The browser stopped the request itself. {likely}{asked}",
        fix="Call `fetch` with `credentials: 'omit'`. To check, open the console of the browser: its CORS error names the "
        "header or the mode.",
        recognise=recognise_preflight,
        spec=CORS,
    ),
    silence_rule(
        "access",
        "token-response-unreadable",
        title="The browser didn't let the page read the token response",
        why="The page sent the token request with `credentials: 'include'`: the request had a cookie and an `Origin`. For "
        "such a request, a browser doesn't accept `Access-Control-Allow-Origin: *`.",
        fix="Call `fetch` with `credentials: 'omit'`. To check, open the console of the browser: it shows a CORS error for "
        "the token endpoint.",
        recognise=_unreadable,
        spec=CORS,
    ),
    silence_rule(
        "access",
        "id-token-other-clock",
        title="The ID token was issued by a clock that is {seconds} seconds {direction} the real time",
        why="Sickbay's clock was moved. Libraries compare `iat` and `exp` with their own clock, and drop the whole response "
        "if they don't match.",
        fix="Return to real time before the launch (`POST /admin/clock` with an `offset` of 0), or allow for the difference "
        "in the app's tests. To check, look for an error about `iat`, `exp` or a clock in the app's log.",
        recognise=_clock,
        spec=ID_TOKEN,
    ),
    silence_rule(
        "access",
        "token-lifetime-too-short",
        title="The access token is valid for only {seconds} seconds",
        why="Libraries treat a token as expired some time before it expires. This one is never valid for them.",
        fix="Raise `token_lifetime` of the app or the hospital above 60 seconds.",
        recognise=_find_short_lifetime,
        spec=specs.rfc(6749, "5.1", "Successful Response"),
    ),
    silence_rule(
        "access",
        "token-without-patient",
        title="The token response has no `patient`, which the app may need for its first request",
        why="The app requested access to a patient, and no patient was in context.",
        fix="Launch the app for a patient, or request `launch/patient` in a standalone launch. In the app, show a message if "
        "`patient` is missing.",
        recognise=_no_patient,
        spec=specs.SMART_CONTEXT,
    ),
    silence_rule(
        "access",
        "token-scopes-narrowed",
        title="The token lacks scopes that the app requested: {missing}",
        why="An app that compares `scope` with its request may stop, or skip the requests that it can't make.",
        fix="Register these scopes for the app, and let the user grant them. To check, open the token request: its page says "
        "for each scope why it wasn't granted.",
        recognise=_narrower,
        spec=specs.SMART_SCOPES,
    ),
    silence_rule(
        "access",
        "token-not-used",
        title="The app stopped after the token response",
        why="The token was issued, and no FHIR request with it arrived. An error in the code that reads the response leaves "
        "no trace in Sickbay. Requests to another server, or with another token, aren't part of this launch.",
        fix="Open the console of the browser, or the log of the app's server: an error there names the cause. If there is "
        "none, check which URL the app sends its first FHIR request to: it must begin with the `aud` of the authorization "
        "request.",
        recognise=always,
        spec=specs.SMART_AUTHORIZE,
    ),
)
