"""Rules of the refresh (RFC 6749 6; RFC 9700 4.14)."""

from dataclasses import replace

from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import repairs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts
from sickbay.protocol import scopes

REFRESH = Spec("RFC 6749, 6 Refreshing an Access Token", "https://www.rfc-editor.org/rfc/rfc6749#section-6")
ROTATION = Spec("RFC 9700, 4.14.2 Refresh Token Protection", "https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2")
SMART = Spec(
    "SMART App Launch 2.2, Refresh access token",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#refresh-access-token",
)
ACCESS = Spec(
    "SMART App Launch 2.2, Scopes for requesting a refresh token",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-a-refresh-token",
)
REASONS = {
    "unknown": "This server gave no such refresh token, or it was cut off on its way.",
    "revoked": "It was withdrawn: by the person, by a reset, or since a token of its family was used twice.",
    "user": "The user who authorized the app no longer exists.",
    "expired": "Its time is over: a refresh token that is not used for long ends.",
}


def _reason(facts: Facts) -> Facts:
    return {**facts, "said": REASONS[facts["reason"]]}


MISSING = Rule(
    id="refresh-token-missing",
    stage="refresh",
    explains="refresh-token-missing",
    severity="error",
    outcome="400 invalid_request",
    parameter="refresh_token",
    title="There is no refresh_token",
    why="With grant_type=refresh_token your app gives a refresh token for new tokens.",
    fix="Send the refresh_token of the latest token response.",
    spec=REFRESH,
    renews=repairs.new_refresh_token,
)

INVALID = Rule(
    id="refresh-token-invalid",
    stage="refresh",
    explains="refresh-token-invalid",
    recognises=_reason,
    severity="error",
    outcome="400 invalid_grant",
    parameter="refresh_token",
    title="The refresh token is not good any more, or never was: {reason}",
    why="{said} A new one comes only with a new authorization.",
    fix="Forget this refresh token and authorize again.",
    spec=REFRESH,
    renews=repairs.new_refresh_token,
)

REUSED = Rule(
    id="refresh-token-reused",
    stage="refresh",
    explains="refresh-token-reused",
    severity="error",
    outcome="400 invalid_grant",
    parameter="refresh_token",
    title="This refresh token was replaced by a newer one",
    why="Each refresh gives a new refresh token and ends the old one. An old one that comes back may be stolen, so all tokens"
    " of its family are withdrawn.",
    fix="Keep the refresh_token of every answer in place of the old one, refresh from one place, and authorize again.",
    spec=ROTATION,
    renews=repairs.new_refresh_token,
)

CLIENT_MISMATCH = Rule(
    id="refresh-client-mismatch",
    stage="refresh",
    explains="refresh-client-mismatch",
    severity="error",
    outcome="400 invalid_grant",
    parameter="client_id",
    title="The refresh token was given to another app than {received}",
    why="A refresh token is bound to the client that it was issued to.",
    fix="Refresh with the client_id that redeemed the code.",
    spec=REFRESH,
    renews=repairs.new_refresh_token,
)

SESSION_ENDED = Rule(
    id="refresh-online-session-ended",
    stage="refresh",
    explains="refresh-online-session-ended",
    severity="error",
    outcome="400 invalid_grant",
    parameter="refresh_token",
    title="The person has signed out of the EHR",
    why="The token came with online_access, which lasts as long as the person's session.",
    fix="Launch again, or ask for offline_access where the app has to outlive the session.",
    spec=ACCESS,
    renews=repairs.new_refresh_token,
)


def _narrowed(request: TokenRequest, facts: Facts) -> TokenRequest:
    kept = " ".join(one for one in scopes.split(facts["received"]) if one not in facts["wider"])
    return replace(request, parameters=request.parameters.replaced([("scope", kept or None)]))


SCOPE_EXPANDED = Rule(
    id="refresh-scope-expanded",
    stage="refresh",
    explains="refresh-scope-expanded",
    severity="error",
    outcome="400 invalid_scope",
    parameter="scope",
    title="The refresh asks for more than was granted: {wider}",
    why="A refresh gives the same scopes or fewer. Granted was {granted}.",
    fix="Leave {wider} out, or leave scope out altogether; for more, authorize again.",
    spec=SMART,
    repair=_narrowed,
)

REPLAY_DIFFERS = Rule(
    id="refresh-replay-differs",
    stage="refresh",
    explains="refresh-replay-differs",
    severity="error",
    outcome="400 invalid_grant",
    parameter="refresh_token",
    title="This refresh token was used a few seconds ago, by a different request",
    why="For 10 seconds the server repeats its answer to the same request, in case the answer was lost. This request has"
    " another scope, resource or credential than the first one, so its answer would be a new one.",
    fix="Send the same request again, or refresh with the refresh_token of the first answer.",
    spec=ROTATION,
    renews=repairs.new_refresh_token,
)

WITHDRAWN = {
    "revoked": "The access token of that answer was revoked.",
    "expired": "The access token of that answer has expired.",
    "policy": "The hospital's policy for tokens has changed since.",
    "registration": "The app is no longer registered for some of its scopes.",
}


def _withdrawn(facts: Facts) -> Facts:
    return {**facts, "said": WITHDRAWN[facts["reason"]]}


REPLAY_REVOKED = Rule(
    id="refresh-replay-revoked",
    stage="refresh",
    explains="refresh-replay-revoked",
    recognises=_withdrawn,
    severity="error",
    outcome="400 invalid_grant",
    parameter="refresh_token",
    title="This refresh token was used a few seconds ago, and its answer is no longer valid",
    why="For 10 seconds the server repeats its answer to the same request, but only if all of it is still in force. {said}",
    fix="Refresh with the refresh_token of the first answer, or authorize again.",
    spec=ROTATION,
    renews=repairs.new_refresh_token,
)

RULES = (MISSING, INVALID, REUSED, CLIENT_MISMATCH, SESSION_ENDED, SCOPE_EXPANDED, REPLAY_DIFFERS, REPLAY_REVOKED)
