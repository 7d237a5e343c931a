"""Rules about the access token of a FHIR request, and what its scopes allow."""

from msgspec import structs

from sickbay.authorization.access.bearer import bearer, guess_token
from sickbay.authorization.access.scope import covers, refuse_insufficient
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.revocations import revocation
from sickbay.diagnosis.rule import GUESS, Rule, Spec
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.protocol import jose, scopes
from sickbay.protocol.parameters import parse

BEARER = Spec("RFC 6750, 2.1 Authorization Request Header", "https://www.rfc-editor.org/rfc/rfc6750#section-2.1")
QUERY = Spec("RFC 9700, 4.3.2 Access Token in Browser History", "https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2")
CODES = Spec("RFC 6750, 3.1 Error Codes", "https://www.rfc-editor.org/rfc/rfc6750#section-3.1")
RESOURCE = Spec(
    "SMART App Launch 2.2, Access FHIR API",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#access-fhir-api",
)
SCOPES = Spec(
    "SMART App Launch 2.2, Scopes for requesting FHIR resources",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources",
)
PROBLEMS = {
    "unknown": "isn't recognised",
    "revoked": "was revoked",
    "undone": "was issued after a snapshot that has been restored since",
    "client removed": "belongs to an app that was removed",
    "user removed": "belongs to a user who was removed",
    "no patient": "has `patient/` scopes, but no patient",
}
REASONS = {
    "unknown": "This server has no record of the token. It may be truncated or from another server. Sickbay deletes the record "
    "of a token one day after it expires, and when its data is reset.",
    "undone": "Restoring a snapshot removes the tokens that were issued after it was saved.",
    "client removed": "When an app is removed, its tokens stop working.",
    "user removed": "When a user is removed, the user's tokens stop working.",
    "no patient": "`patient/` scopes give access only to the patient in context. Without one they give access to nothing.",
}
REMEDIES = {
    "unknown": "Send the `access_token` of this server's latest token response, unchanged. If it isn't recognised either, "
    "authorize again.",
    "revoked": "Authorize again.",
    "undone": "Authorize again.",
    "revoked by app": "Refresh the token. If that isn't possible, authorize again.",
    "client removed": "Register the app again, and authorize with its new `client_id`.",
    "user removed": "Authorize again with a user who exists.",
    "no patient": "Authorize again and request `launch/patient`, so that the token has a patient.",
}
FAULTS = {
    "scheme": "it doesn't start with Bearer",
    "colon": "it has a colon after Bearer",
    "doubled": "it has the word Bearer twice",
    "twice": "it has two tokens",
    "quoted": "the token is in quotation marks",
    "malformed": "the text after Bearer isn't a token",
}


def _explain_reason(facts: Facts) -> Facts:
    reason = str(facts["reason"])
    by_app = reason == "revoked" and facts.get("by") == "app"
    return {
        **facts,
        "problem": PROBLEMS[reason],
        "said": REASONS.get(reason) or revocation(facts),
        "remedy": REMEDIES["revoked by app" if by_app else reason],
    }


def _as_bearer(request: AccessRequest, facts: Facts) -> AccessRequest:
    token = guess_token(request)
    return structs.replace(request, headers={**request.headers, "authorization": f"Bearer {token}"}) if token else request


def _in_header(request: AccessRequest, facts: Facts) -> AccessRequest:
    token = request.parameters.get("access_token")
    headers = dict(request.headers)
    if token and not facts["also_in_header"]:
        headers["authorization"] = f"Bearer {token}"
    if facts.get("in_body"):
        return structs.replace(request, headers=headers, body=parse(request.body).replace([("access_token", None)]).raw)
    return structs.replace(request, headers=headers, parameters=request.parameters.replace([("access_token", None)]))


def _name_place(facts: Facts) -> Facts:
    return {**facts, "where": "body" if facts.get("in_body") else "URL"}


MISSING = Rule(
    id="fhir-token-missing",
    outcome="401, without an error code",
    differs="RFC 6750, 3.1 allows no error code if the request has no authentication information.",
    parameter="Authorization",
    title="`Authorization` is missing: the FHIR request has no access token",
    why="The FHIR server requires an access token for everything except /metadata and the discovery document.",
    fix="Send `Authorization: Bearer` followed by the `access_token` of the token response.",
    spec=RESOURCE,
    repair=lambda request, facts: corrections.new_token(request),
)

NOT_BEARER = Rule(
    id="fhir-token-not-bearer",
    recognises=lambda facts: {**facts, "said": FAULTS[facts["fault"]]},
    outcome="401, or 400 invalid_request if a Bearer header is malformed",
    differs="Only a malformed Bearer header is an invalid request; another scheme is the same as no token.",
    parameter="Authorization",
    title="`Authorization` has no Bearer token: {said}",
    why="The header must be the word Bearer, a space, and the value of `access_token`.",
    fix="Send `Authorization: Bearer` followed by the `access_token`, once and without quotation marks.",
    spec=BEARER,
    repair=_as_bearer,
)

IN_QUERY = Rule(
    id="fhir-token-in-query",
    recognises=_name_place,
    parameter="access_token",
    title="`access_token` is in the {where} instead of the `Authorization` header",
    why="URLs end up in logs, browser histories and Referer headers, and the token with them. This server doesn't read a "
    "token from the body either.",
    fix="Send the token as `Authorization: Bearer`. If it was in a URL, get a new token, because the old one may have been "
    "logged.",
    spec=QUERY,
    repair=_in_header,
)


def _looks_like_id_token(request: AccessRequest, context: AccessContext) -> Facts | None:
    """If the token isn't known: a JWT with a nonce and without scopes. An access token has no nonce."""
    jwt = jose.peek(bearer(request) or "") if context.token is UNKNOWN else None
    if jwt is None or "nonce" not in jwt.claims or {"scope", "scp", "roles"} & jwt.claims.keys():
        return None
    return {"id_token": True, GUESS: "Sickbay judges this by the token's claims: it has a `nonce` and no scopes."}


ID_TOKEN_USED = Rule(
    id="fhir-id-token-used",
    advises=_looks_like_id_token,
    explains="fhir-token-unknown",
    recognises=lambda facts: facts if facts.get("id_token") else None,
    parameter="Authorization",
    title="The `id_token` was sent as the access token",
    why="The `id_token` tells your app who signed in. It gives no access to FHIR data.",
    fix="Send the `access_token` from the same token response.",
    spec=RESOURCE,
    insert_placeholder=corrections.new_token,
)

REFRESH_TOKEN_USED = Rule(
    id="fhir-refresh-token-used",
    explains="fhir-token-unknown",
    recognises=lambda facts: facts if facts.get("refresh_token") else None,
    parameter="Authorization",
    title="The refresh token was sent as the access token",
    why="A refresh token works only at the token endpoint, which exchanges it for a new access token.",
    fix="Send the `access_token` from the same token response. Send the refresh token only to the token endpoint.",
    spec=CODES,
    insert_placeholder=corrections.new_token,
)

TOKEN_UNKNOWN = Rule(
    id="fhir-token-unknown",
    recognises=_explain_reason,
    parameter="Authorization",
    title="The access token {problem}",
    why="{said}",
    fix="{remedy}",
    spec=CODES,
    insert_placeholder=corrections.new_token,
)

EXPIRED = Rule(
    id="fhir-token-expired",
    parameter="Authorization",
    title="The access token had expired {late} s before this request",
    why="`expires_in` in the token response says how many seconds a token is valid.",
    fix="Refresh the token before `expires_in` has passed. If your app has no refresh token, authorize again.",
    spec=CODES,
    insert_placeholder=corrections.new_token,
)

WRONG_ISSUER = Rule(
    id="fhir-token-wrong-issuer",
    title="The access token is from another issuer: `{received}`",
    why="This FHIR server accepts only tokens from `{expected}`. Your app may have mixed two hospitals, or sandbox and "
    "production.",
    fix="Use the token and the FHIR base URL of the same environment. Discover both from the `iss` of the launch.",
    spec=RESOURCE,
    insert_placeholder=corrections.new_token,
)

WRONG_AUDIENCE = Rule(
    id="fhir-token-wrong-audience",
    title="The access token is for another FHIR base URL: `{received}`",
    why="A token works only at the FHIR base URL that was the `aud` of the authorization request.",
    fix="Request a token with `aud={expected}`. If you meant the other server, send this token to `{received}`.",
    spec=RESOURCE,
    insert_placeholder=corrections.new_token,
)


def _other_letter(facts: Facts) -> Facts | None:
    granted = str(facts["held_letters"])
    if facts.get("mixed") or facts.get("by") or facts["letters"] not in ("r", "s") or not set(granted) & set("rs"):
        return None
    names = {"r": "reading", "s": "searching"}
    return {**facts, "allowed": names["r" if "r" in granted else "s"], "wanted": names[facts["letters"]]}


READ_NOT_SEARCH = Rule(
    id="fhir-read-not-search",
    explains="fhir-insufficient-scope",
    recognises=_other_letter,
    title="The token's scopes allow {allowed} {type}, but not {wanted} it",
    why="In SMART 2 these are separate permissions: r reads a resource by its id, and s searches.",
    fix="Request `{needed}` at the next launch.",
    spec=SCOPES,
)


def _with_context(facts: Facts) -> Facts:
    through = f", which a {facts['by']} needs" if facts.get("by") else ""
    mixing = " A token can't combine `system/` scopes with `patient/` or `user/` scopes." if facts.get("mixed") else ""
    return {**facts, "through": through, "mixing": mixing, "holds": facts["held"] or "no FHIR scope"}


def _not_in_jwt(request: AccessRequest, context: AccessContext) -> Facts | None:
    """If the token isn't known: a JWT that has SMART scopes for resources, but none for this request."""
    jwt = jose.peek(bearer(request) or "") if context.token is UNKNOWN else None
    if jwt is None:
        return None
    claim, patient = jwt.claims.get("scope") or jwt.claims.get("scp") or "", jwt.claims.get("patient")
    scope = " ".join(map(str, claim)) if isinstance(claim, list) else str(claim)
    if not request.type or not request.letters or not scopes.resources(scope) or covers(scope, request.type, request.letters):
        return None
    token = AccessToken("", scope, request.base, expires_at=0, family="", patient=str(patient) if patient else None)
    refusal = refuse_insufficient(request, token, request.type, request.letters)
    return {**_with_context(refusal.facts), GUESS: "Sickbay read the scopes from the token, which is a JWT."}


INSUFFICIENT = Rule(
    id="fhir-insufficient-scope",
    advises=_not_in_jwt,
    recognises=_with_context,
    title="The token's scopes don't allow this request for {type}{through}",
    why="The token has `{holds}`.{mixing}",
    fix="Request `{needed}` at the next launch, and register it for the app.",
    spec=SCOPES,
)


def _other_patient(request: AccessRequest, context: AccessContext) -> Facts | None:
    """Facts about another patient than the token's. Only the app's owner sees them; the response reveals nothing."""
    token = context.token
    if not isinstance(token, AccessToken) or not token.patient or not request.type:
        return None
    levels = {scope.level for scope in scopes.resources(token.scope) if scope.type in ("*", request.type)}
    others = [patient for patient in _patients(request) if patient not in ("", token.patient, *UNDEFINED)]
    return {"received": others[0], "expected": token.patient} if levels == {"patient"} and others else None


UNDEFINED = ("undefined", "null", "None", "NaN", "[object Object]")


def _patients(request: AccessRequest) -> list[str]:
    in_path = [request.id] if request.type == "Patient" and request.id else []
    names = ("_id",) if request.type == "Patient" else ("patient", "subject")
    values = [value for name in names for text in request.parameters.all(name) for value in text.split(",")]
    return in_path + [value.rpartition("/")[2] for value in values if "/" not in value or "Patient/" in value]


WRONG_PATIENT = Rule(
    id="fhir-wrong-patient",
    advises=_other_patient,
    outcome="a search finds nothing (200), a read gets 404",
    differs="The request is granted, but the other patient's data is invisible.",
    title="The request is for patient `{received}`, but the token is for `{expected}`",
    why="`patient/` scopes give access only to the patient in context. The server answers as if other patients didn't exist.",
    fix="Use the `patient` of the token response, `{expected}`. If your app needs other patients, request `user/` scopes.",
    spec=SCOPES,
)


def _outside(request: AccessRequest, context: AccessContext) -> Facts | None:
    """Facts if a search has a value that no scope for the resource type includes."""
    if not isinstance(context.token, AccessToken) or request.interaction != "search-type":
        return None
    granted = [scope for scope in scopes.resources(context.token.scope) if scope.type in ("*", request.type)]
    if not granted or not all(scope.filters for scope in granted):
        return None
    for name in {name for scope in granted for name, _ in scope.filters}:
        allowed = {value for scope in granted for key, text in scope.filters if key == name for value in text.split(",")}
        requested = [value for text in request.parameters.all(name) for value in text.split(",")]
        if requested and not any(_is_same_coding(value, other) for value in requested for other in allowed):
            return {"parameter": name, "received": requested, "granted": sorted(allowed)}
    return None


def _is_same_coding(value: str, other: str) -> bool:
    """Whether two token values can mean the same coding: a code without a system matches any system."""
    system, _, code = value.rpartition("|")
    other_system, _, other_code = other.rpartition("|")
    return code == other_code and (not system or not other_system or system == other_system)


CATEGORY_CONSTRAINT = Rule(
    id="fhir-scope-category-constraint",
    advises=_outside,
    outcome="the search finds nothing (200)",
    differs="The request is granted, but data of other categories is invisible.",
    title="The search is outside what the granted scope allows: `{parameter}={received}`",
    why="The scope is limited to `{parameter}={granted}`, so the server returns nothing for other values.",
    fix="Search for `{parameter}={granted}`. If your app needs more, request a scope without this limit.",
    spec=SCOPES,
)
