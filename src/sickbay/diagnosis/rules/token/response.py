"""Rules about what a token response brought, and what it did not."""

from sickbay.authorization.known import AnswerKnown, TokenKnown
from sickbay.authorization.requests import LoginRequest, TokenAnswer, TokenRequest
from sickbay.authorization.token_negotiation import Given
from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts
from sickbay.protocol import scopes

REFRESH = Spec(
    "SMART App Launch 2.2, Scopes for requesting a refresh token",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-a-refresh-token",
)


def granted(answer: TokenAnswer) -> tuple[str, ...]:
    return scopes.split(str(answer.members.get("scope") or ""))


def _no_patient(answer: TokenAnswer | LoginRequest, known: AnswerKnown) -> Facts | None:
    if not isinstance(answer, TokenAnswer):  # a stage of sign-in: there is no answer yet
        return None
    held = [one.text for one in scopes.resources(" ".join(granted(answer))) if one.level == "patient"]
    return {"held": held} if held and not answer.members.get("patient") else None


NO_PATIENT = Rule(
    id="token-response-no-patient",
    stage="login",
    advises=_no_patient,
    at=("id_token",),
    severity="error",
    outcome="advice: this server gives no patient/ scope without a patient",
    parameter="patient",
    title="The token response has patient/ scopes and no patient",
    why="{held} apply to the patient in context, and there is none: every request will find nothing, or name undefined.",
    fix="Ask for launch with the code of the launch, or for launch/patient; and look for patient before the first request.",
    spec=specs.SMART_CONTEXT,
)


def _narrower(answer: TokenAnswer | LoginRequest | TokenRequest, known: AnswerKnown | TokenKnown) -> Facts | None:
    if isinstance(known, TokenKnown):
        return _dropped(known.given) if known.given else None
    if not isinstance(answer, TokenAnswer) or known.requested_scope is None or "scope" not in answer.members:
        return None
    held = scopes.parse_all(granted(answer))
    missing = [one for one in scopes.split(known.requested_scope) if not _is_held(one, granted(answer), held)]
    return {"missing": missing, "received": " ".join(granted(answer)), "reasons": ""} if missing else None


def _dropped(given: Given) -> Facts | None:
    """Of our own answer, with the reason of each."""
    lost = given.narrower
    if not lost:
        return None
    reasons = "; ".join(f"{one.asked} {one.reason}" for one in lost)
    left = " ".join(one.granted for one in given.scopes if one.granted)
    return {"missing": [one.asked for one in lost], "received": left, "reasons": f" Here: {reasons}."}


def _is_held(asked: str, texts: tuple[str, ...], held: tuple[scopes.Scope, ...]) -> bool:
    parsed = scopes.parse(asked)
    return asked in texts or (parsed is not None and scopes.covered(parsed, held))


NARROWER = Rule(
    id="granted-scopes-narrower",
    stage="login",
    advises=_narrower,
    at=("id_token", "token"),
    severity="warning",
    outcome="advice",
    parameter="scope",
    title="Less was granted than asked: {missing} did not come",
    why="Granted is what was asked, is registered, and was left ticked by the person. scope of the response says "
    "what is left.{reasons}",
    fix="Register {missing}, and compare scope of every token response with what the app needs.",
    spec=specs.SMART_SCOPES,
)


NEITHER = "Neither offline_access nor online_access was granted."


def _no_refresh(answer: TokenAnswer | TokenRequest, known: AnswerKnown | TokenKnown) -> Facts | None:
    if isinstance(known, TokenKnown):
        given = known.given
        return {"received": None, "reason": given.refresh} if given and given.wanted and given.refresh else None
    if not isinstance(answer, TokenAnswer) or not known.wants_refresh or answer.members.get("refresh_token"):
        return None
    held = granted(answer)
    return None if {"offline_access", "online_access"} & set(held) else {"received": " ".join(held), "reason": NEITHER}


NO_REFRESH = Rule(
    id="refresh-token-not-issued",
    stage="refresh",
    advises=_no_refresh,
    at=("id_token", "token"),
    severity="error",
    outcome="advice",
    parameter="refresh_token",
    title="No refresh token came",
    why="{reason} So the access ends with the access token.",
    fix="Ask for offline_access, or for online_access where the session of the person is enough, and register it.",
    spec=REFRESH,
)

RULES = (NO_PATIENT, NARROWER, NO_REFRESH)
