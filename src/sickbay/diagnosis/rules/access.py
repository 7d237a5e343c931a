"""Rules of access: the bearer token of a FHIR request, and what its scopes allow."""

from dataclasses import replace

from sickbay.authorization.access import meant
from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.values import Token
from sickbay.diagnosis import repairs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts
from sickbay.protocol import scopes
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
REASONS = {
    "unknown": "This server gave no such token: it is another server's, or was cut off on its way.",
    "revoked": "It was withdrawn.",
    "client removed": "Its app is no longer registered.",
    "user removed": "Its user is no longer here.",
    "no patient": "It holds patient/ scopes and no patient, so there is nothing they could apply to.",
}
FAULTS = {
    "scheme": "it does not begin with the word Bearer",
    "colon": "a colon stands behind the word Bearer",
    "doubled": "the word Bearer stands there twice",
    "twice": "it holds two tokens",
    "quoted": "the token stands in quotation marks",
    "malformed": "what follows Bearer is not a token",
}


def _as_bearer(request: AccessRequest, facts: Facts) -> AccessRequest:
    token = meant(request)
    return replace(request, headers={**request.headers, "authorization": f"Bearer {token}"}) if token else request


def _in_header(request: AccessRequest, facts: Facts) -> AccessRequest:
    token = request.parameters.get("access_token")
    headers = dict(request.headers)
    if token and not facts["also_in_header"]:
        headers["authorization"] = f"Bearer {token}"
    if facts.get("in_body"):
        return replace(request, headers=headers, body=parse(request.body).replaced([("access_token", None)]).raw)
    return replace(request, headers=headers, parameters=request.parameters.replaced([("access_token", None)]))


def _placed(facts: Facts) -> Facts:
    return {**facts, "where": "body" if facts.get("in_body") else "address"}


MISSING = Rule(
    id="fhir-token-missing",
    stage="access",
    explains="fhir-token-missing",
    severity="error",
    outcome="401, without an error code",
    parameter="Authorization",
    title="The request has no access token",
    why="This FHIR server answers to tokens alone; only its metadata and its discovery document are open.",
    fix="Send Authorization: Bearer and the access_token of the token response.",
    spec=RESOURCE,
    repair=lambda request, facts: repairs.new_token(request),
)

NOT_BEARER = Rule(
    id="fhir-token-not-bearer",
    stage="access",
    explains="fhir-token-not-bearer",
    recognises=lambda facts: {**facts, "said": FAULTS[facts["fault"]]},
    severity="error",
    outcome="401, or 400 invalid_request where a Bearer header is malformed",
    parameter="Authorization",
    title="The Authorization header holds no bearer token: {said}",
    why="It is the word Bearer, a blank, and the token as it came in access_token.",
    fix="Send Authorization: Bearer and the access_token, once, without quotation marks.",
    spec=BEARER,
    repair=_as_bearer,
)

IN_QUERY = Rule(
    id="fhir-token-in-query",
    stage="access",
    explains="fhir-token-in-query",
    recognises=_placed,
    severity="error",
    outcome="400 invalid_request",
    parameter="access_token",
    title="The access token stands in the {where} of the request",
    why="Addresses end up in logs, histories and Referer headers, and the token with them; a body is not looked into.",
    fix="Send the token as Authorization: Bearer, and take access_token out of the {where}. One that was in an address was "
    "seen: ask for a new one.",
    spec=QUERY,
    repair=_in_header,
)

ID_TOKEN_USED = Rule(
    id="fhir-id-token-used",
    stage="access",
    explains="fhir-token-unknown",
    recognises=lambda facts: facts if facts.get("id_token") else None,
    severity="error",
    outcome="401 invalid_token",
    parameter="Authorization",
    title="The id_token was sent as access token",
    why="The id_token tells your app who signed in. It is meant for the app, and opens nothing at the FHIR server.",
    fix="Send the access_token that came in the same token response.",
    spec=RESOURCE,
    renews=repairs.new_token,
)

REFRESH_TOKEN_USED = Rule(
    id="fhir-refresh-token-used",
    stage="access",
    explains="fhir-token-unknown",
    recognises=lambda facts: facts if facts.get("refresh_token") else None,
    severity="error",
    outcome="401 invalid_token",
    parameter="Authorization",
    title="The refresh token was sent as access token",
    why="A refresh token is for the token endpoint alone, where it is given for a new access token.",
    fix="Send the access_token of the same token response; the refresh token goes to the token endpoint, by a refresh.",
    spec=CODES,
    renews=repairs.new_token,
)

UNKNOWN = Rule(
    id="fhir-token-unknown",
    stage="access",
    explains="fhir-token-unknown",
    recognises=lambda facts: {**facts, "said": REASONS[facts["reason"]]},
    severity="error",
    outcome="401 invalid_token",
    parameter="Authorization",
    title="The access token is not good here",
    why="{said}",
    fix="Send the access_token of this server's latest token response, unchanged; else refresh it, or authorize again.",
    spec=CODES,
    renews=repairs.new_token,
)

EXPIRED = Rule(
    id="fhir-token-expired",
    stage="access",
    explains="fhir-token-expired",
    severity="error",
    outcome="401 invalid_token",
    parameter="Authorization",
    title="The access token ended {late} s ago",
    why="expires_in of the token response says how long it lasts.",
    fix="Keep expires_in and refresh before that, or authorize again.",
    spec=CODES,
    renews=repairs.new_token,
)

WRONG_ISSUER = Rule(
    id="fhir-token-wrong-issuer",
    stage="access",
    explains="fhir-token-wrong-issuer",
    severity="error",
    outcome="401 invalid_token",
    title="The access token is from {received}",
    why="This FHIR server takes tokens from {expected}: another hospital, or sandbox and production mixed.",
    fix="Use token and FHIR base of one environment: discover both from the iss of the launch.",
    spec=RESOURCE,
    renews=repairs.new_token,
)

WRONG_AUDIENCE = Rule(
    id="fhir-token-wrong-audience",
    stage="access",
    explains="fhir-token-wrong-audience",
    severity="error",
    outcome="401 invalid_token",
    title="The access token is for {received}",
    why="A token is good at the FHIR base that was aud of the authorize request, and at no other.",
    fix="Ask for a token with aud={expected}, or send this one to {received}.",
    spec=RESOURCE,
    renews=repairs.new_token,
)


def _other_letter(facts: Facts) -> Facts | None:
    held = str(facts["held_letters"])
    if facts.get("mixed") or facts.get("by") or facts["letters"] not in ("r", "s") or not set(held) & set("rs"):
        return None
    names = {"r": "reading by id", "s": "searching"}
    return {**facts, "allowed": names["r" if "r" in held else "s"], "wanted": names[facts["letters"]]}


READ_NOT_SEARCH = Rule(
    id="fhir-read-not-search",
    stage="access",
    explains="fhir-insufficient-scope",
    recognises=_other_letter,
    severity="error",
    outcome="403 insufficient_scope",
    title="The token allows {allowed} of {type}, but not {wanted}",
    why="In SMART 2 the letters are apart: r reads one resource by its id, s searches.",
    fix="Ask for {needed} at the next launch.",
    spec=SCOPES,
)


def _listed(facts: Facts) -> Facts:
    by = f", through a {facts['by']}" if facts.get("by") else ""
    mixed = " system/ scopes do not mix with patient/ and user/ in one token." if facts.get("mixed") else ""
    return {**facts, "through": by, "mixing": mixed, "holds": facts["held"] or "no FHIR scope"}


INSUFFICIENT = Rule(
    id="fhir-insufficient-scope",
    stage="access",
    explains="fhir-insufficient-scope",
    recognises=_listed,
    severity="error",
    outcome="403 insufficient_scope",
    title="Your app asked for {type}{through}; its token does not cover that",
    why="The token holds {holds}.{mixing}",
    fix="Ask for {needed} at the next launch, and register it.",
    spec=SCOPES,
)


def _other_patient(request: AccessRequest, known: AccessKnown) -> Facts | None:
    """The app's owner is told; on the wire another's record is as if it were not there."""
    token = known.token
    if not isinstance(token, Token) or not token.patient or not request.type:
        return None
    levels = {one.level for one in scopes.resources(token.scope) if one.type in ("*", request.type)}
    asked = [one for one in _patients(request) if one not in ("", token.patient, *UNDEFINED)]
    return {"received": asked[0], "expected": token.patient} if levels == {"patient"} and asked else None


UNDEFINED = ("undefined", "null", "None", "NaN", "[object Object]")


def _patients(request: AccessRequest) -> list[str]:
    named = [request.id] if request.type == "Patient" and request.id else []
    keys = ("_id",) if request.type == "Patient" else ("patient", "subject")
    values = [one for key in keys for value in request.parameters.all(key) for one in value.split(",")]
    return named + [one.rpartition("/")[2] for one in values if "/" not in one or "Patient/" in one]


WRONG_PATIENT = Rule(
    id="fhir-wrong-patient",
    stage="access",
    advises=_other_patient,
    severity="error",
    outcome="a search finds nothing (200), a read answers 404",
    title="The request is about patient {received}; the token is for {expected}",
    why="patient/ scopes open the record of the patient in context and no other. For the token, others are as if not there.",
    fix="Use the patient of the token response, {expected}; for other patients ask for user/ scopes.",
    spec=SCOPES,
)


def _outside(request: AccessRequest, known: AccessKnown) -> Facts | None:
    """A search that names a value which every scope for the type leaves out."""
    if not isinstance(known.token, Token) or request.interaction != "search-type":
        return None
    held = [one for one in scopes.resources(known.token.scope) if one.type in ("*", request.type)]
    if not held or not all(one.filters for one in held):
        return None
    for name in {name for one in held for name, _ in one.filters}:
        allowed = {value for one in held for key, text in one.filters if key == name for value in text.split(",")}
        asked = [value for text in request.parameters.all(name) for value in text.split(",")]
        if asked and not any(_same(one, other) for one in asked for other in allowed):
            return {"parameter": name, "received": asked, "granted": sorted(allowed)}
    return None


def _same(one: str, other: str) -> bool:
    """Two token values that can mean the same coding: a bare code stands for any system."""
    system, _, code = one.rpartition("|")
    other_system, _, other_code = other.rpartition("|")
    return code == other_code and (not system or not other_system or system == other_system)


CATEGORY_CONSTRAINT = Rule(
    id="fhir-scope-category-constraint",
    stage="access",
    advises=_outside,
    severity="error",
    outcome="the search finds nothing (200)",
    title="The search is outside of what the scope was narrowed to",
    why="The token was granted {parameter}={granted}; the request asks for {parameter}={received}, where it may see nothing.",
    fix="Search for {parameter}={granted}, or ask for a scope that is not narrowed.",
    spec=SCOPES,
)

RULES = (
    MISSING,
    NOT_BEARER,
    IN_QUERY,
    ID_TOKEN_USED,
    REFRESH_TOKEN_USED,
    UNKNOWN,
    EXPIRED,
    WRONG_ISSUER,
    WRONG_AUDIENCE,
    READ_NOT_SEARCH,
    INSUFFICIENT,
    WRONG_PATIENT,
    CATEGORY_CONSTRAINT,
)
