"""Rules about refreshing an access token (RFC 6749, 6; RFC 9700, 4.14)."""

from msgspec import structs

from sickbay.authorization.contexts import AnswerContext, TokenContext
from sickbay.authorization.requests import TokenAnswer, TokenRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.revocations import revocation
from sickbay.diagnosis.rule import GUESS, Rule, Spec
from sickbay.kernel.checks import Facts
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
PROBLEMS = {
    "unknown": "isn't recognised",
    "revoked": "was revoked",
    "user": "belongs to a user who was removed",
    "expired": "has expired",
}
REASONS = {
    "unknown": "This server has no record of the refresh token. It may be truncated or from another server, or Sickbay's data "
    "was reset.",
    "user": "When a user is removed, the user's refresh tokens stop working.",
    "expired": "A refresh token expires if it isn't used for a long time.",
}


def _explain_reason(facts: Facts) -> Facts:
    reason = facts["reason"]
    return {**facts, "problem": PROBLEMS[reason], "said": REASONS.get(reason) or revocation(facts)}


def _at_refresh(facts: Facts) -> Facts | None:
    return facts if facts["grant_type"] == "refresh_token" else None


AUTH_MISSING = Rule(
    id="refresh-client-auth-missing",
    explains="client-auth-missing",
    recognises=_at_refresh,
    title="The refresh request doesn't identify the client",
    why="A refresh token is bound to its client, so the client must identify itself in every refresh as it did for the code.",
    fix="Authenticate as in the code exchange: {registered}.",
    spec=REFRESH,
    repair=lambda request, facts: corrections.set_known_client_id(corrections.with_known_secret(request, facts), facts),
)

MISSING = Rule(
    id="refresh-token-missing",
    parameter="refresh_token",
    title="`refresh_token` is missing from the refresh request",
    why="With `grant_type=refresh_token`, the server finds the authorization by the refresh token.",
    fix="Send the `refresh_token` of the latest token response.",
    spec=REFRESH,
    insert_placeholder=corrections.new_refresh_token,
)


INVALID = Rule(
    id="refresh-token-invalid",
    recognises=_explain_reason,
    parameter="refresh_token",
    title="`refresh_token` {problem}",
    why="{said} A new refresh token is issued only with a new authorization.",
    fix="Delete this refresh token, and authorize again.",
    spec=REFRESH,
    insert_placeholder=corrections.new_refresh_token,
)


REUSED = Rule(
    id="refresh-token-reused",
    parameter="refresh_token",
    title="`refresh_token` was already replaced by a newer one",
    why="Each refresh returns a new refresh token and invalidates the old one. When an old one is sent again it may have "
    "been stolen, so the server revokes all tokens of this authorization.",
    fix="Authorize again. From then on, store the `refresh_token` of every response in place of the old one, and let only "
    "one process refresh.",
    spec=ROTATION,
    insert_placeholder=corrections.new_refresh_token,
)


CLIENT_MISMATCH = Rule(
    id="refresh-client-mismatch",
    recognises=lambda facts: {"kind": "refresh token", **facts},
    parameter="client_id",
    title="`client_id` isn't the app that the {kind} was issued to: `{received}`",
    why="A token works only for the client that it was issued to, and only that client can revoke it.",
    fix="Use the `client_id` that exchanged the code.",
    spec=REFRESH,
    insert_placeholder=corrections.new_refresh_token,
)


SESSION_ENDED = Rule(
    id="refresh-online-session-ended",
    parameter="refresh_token",
    title="`refresh_token` ended with the user's session at the EHR",
    why="It was issued with `online_access`, which lasts only as long as the user's EHR session.",
    fix="Launch again. If the app needs access after the session ends, request `offline_access` instead of `online_access`.",
    spec=ACCESS,
    insert_placeholder=corrections.new_refresh_token,
)


def _narrow_scope(request: TokenRequest, facts: Facts) -> TokenRequest:
    granted = " ".join(scope for scope in scopes.split(facts["received"]) if scope not in facts["wider"])
    return structs.replace(request, parameters=request.parameters.replace([("scope", granted or None)]))


SCOPE_EXPANDED = Rule(
    id="refresh-scope-expanded",
    parameter="scope",
    title="`scope` of the refresh request has scopes that weren't granted: `{wider}`",
    why="A refresh can return the granted scopes or fewer, never more. Granted: `{granted}`.",
    fix="Leave out `scope` to keep the granted scopes. If your app needs `{wider}`, authorize again with it.",
    spec=SMART,
    repair=_narrow_scope,
)


REPLAY_DIFFERS = Rule(
    id="refresh-replay-differs",
    parameter="refresh_token",
    title="`refresh_token` was used a few seconds ago, by a different request",
    why="For 10 seconds the server repeats its response to the same request, in case the response was lost. This request has "
    "another scope, resource or credential, so it isn't the same request.",
    fix="Send exactly the same request again, or refresh with the `refresh_token` of the first response.",
    spec=ROTATION,
    insert_placeholder=corrections.new_refresh_token,
)


INVALID_RESPONSE = {
    "revoked": "The access token of that response was revoked.",
    "expired": "The access token of that response has expired.",
    "policy": "The hospital has changed its policy for tokens since then.",
    "registration": "The app is no longer registered for some of the scopes.",
}


def _with_change(facts: Facts) -> Facts:
    return {**facts, "said": INVALID_RESPONSE[facts["reason"]]}


REPLAY_REVOKED = Rule(
    id="refresh-replay-revoked",
    recognises=_with_change,
    parameter="refresh_token",
    title="`refresh_token` was used a few seconds ago, and that response is no longer valid",
    why="For 10 seconds the server repeats its response to the same request, but only if everything in it is still valid. "
    "{said}",
    fix="Refresh with the `refresh_token` of the first response. If you don't have it, authorize again.",
    spec=ROTATION,
    insert_placeholder=corrections.new_refresh_token,
)


NEITHER = "Neither offline_access nor online_access was granted."


def _no_refresh(answer: TokenAnswer | TokenRequest, context: AnswerContext | TokenContext) -> Facts | None:
    if isinstance(context, TokenContext):
        summary = context.given
        return {"received": None, "reason": summary.refresh} if summary and summary.wanted and summary.refresh else None
    if not isinstance(answer, TokenAnswer) or answer.members.get("refresh_token"):
        return None
    scope = scopes.split(str(answer.members.get("scope") or ""))
    if {"offline_access", "online_access"} & set(scope) or not (context.wants_refresh or _is_of_a_launch(answer, context)):
        return None
    facts = {"received": " ".join(scope), "reason": NEITHER}
    return facts if context.wants_refresh else {**facts, GUESS: _PERHAPS_NOT_WANTED, "at_most": "info"}


_PERHAPS_NOT_WANTED = "Sickbay doesn't know whether your app requested one; an app that doesn't need one can ignore this."


def _is_of_a_launch(answer: TokenAnswer, context: AnswerContext) -> bool:
    """Whether a user launched the app, if nothing is known about the request."""
    return context.requested_scope is None and bool(answer.members.get("patient"))


NO_REFRESH = Rule(
    id="refresh-token-not-issued",
    advises=_no_refresh,
    at=("id_token", "token"),
    parameter="refresh_token",
    title="`refresh_token` is missing from the token response",
    why="{reason} Without a refresh token, access ends when the access token expires.",
    fix="Request `offline_access`, or `online_access` if the app needs access only during the user's session. Register that "
    "scope too.",
    spec=ACCESS,
)
