"""Rules about the access token of a FHIR request, and what its scopes allow."""

from msgspec import structs

from sickbay.authorization.access.bearer import guess_token, read_bearer
from sickbay.authorization.access.scope import grants_letters, refuse_insufficient_scope
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.revocations import describe_revocation
from sickbay.diagnosis.rule import GUESS, RuleFunctions, only_with
from sickbay.kernel.checks import Facts
from sickbay.protocol import jose, scopes
from sickbay.protocol.parameters import parse


def _explain_reason(facts: Facts) -> Facts:
    if facts["reason"] != "revoked":
        return facts
    remedy = "Refresh the token. If that isn't possible, authorize again." if facts.get("by") == "app" else "Authorize again."
    return {**facts, "said": describe_revocation(facts), "remedy": remedy}


def _use_bearer_scheme(request: AccessRequest, facts: Facts) -> AccessRequest:
    token = guess_token(request)
    return structs.replace(request, headers={**request.headers, "authorization": f"Bearer {token}"}) if token else request


def _move_token_to_header(request: AccessRequest, facts: Facts) -> AccessRequest:
    token = request.parameters.get("access_token")
    headers = dict(request.headers)
    if token and not facts["also_in_header"]:
        headers["authorization"] = f"Bearer {token}"
    if facts.get("in_body"):
        return structs.replace(request, headers=headers, body=parse(request.body).replace([("access_token", None)]).raw)
    return structs.replace(request, headers=headers, parameters=request.parameters.replace([("access_token", None)]))


def _looks_like_id_token(request: AccessRequest, context: AccessContext) -> Facts | None:
    """A JWT with a nonce and without scopes. An access token has no nonce."""
    jwt = jose.decode_unverified(read_bearer(request) or "")
    if jwt is None or "nonce" not in jwt.claims or {"scope", "scp", "roles"} & jwt.claims.keys():
        return None
    return {"id_token": True, GUESS: "Sickbay infers this from the token's claims: it has a `nonce` and no scopes."}


def _letter_differs(facts: Facts) -> Facts | None:
    granted = str(facts["held_letters"])
    if facts.get("mixed") or facts.get("by") or facts["letters"] not in ("r", "s") or not set(granted) & set("rs"):
        return None
    names = {"r": "reading", "s": "searching"}
    return {**facts, "allowed": names["r" if "r" in granted else "s"], "wanted": names[facts["letters"]]}


def _add_context(facts: Facts) -> Facts:
    through = f", which a {facts['by']} needs" if facts.get("by") else ""
    mixing = " A token can't combine `system/` scopes with `patient/` or `user/` scopes." if facts.get("mixed") else ""
    return {**facts, "through": through, "mixing": mixing, "holds": facts["held"] or "no FHIR scope"}


def _jwt_lacks_scope(request: AccessRequest, context: AccessContext) -> Facts | None:
    """A JWT that has SMART scopes for resources, but none for this request."""
    jwt = jose.decode_unverified(read_bearer(request) or "")
    if jwt is None:
        return None
    claim, patient = jwt.claims.get("scope") or jwt.claims.get("scp") or "", jwt.claims.get("patient")
    scope = " ".join(map(str, claim)) if isinstance(claim, list) else str(claim)
    if (
        not request.type
        or not request.letters
        or not scopes.list_resources(scope)
        or grants_letters(scope, request.type, request.letters)
    ):
        return None
    token = AccessToken("", scope, request.base, expires_at=0, family="", patient=str(patient) if patient else None)
    refusal = refuse_insufficient_scope(request, token, request.type, request.letters)
    return {**_add_context(refusal.facts), GUESS: "Sickbay read the scopes from the token, which is a JWT."}


def _patient_differs(request: AccessRequest, context: AccessContext) -> Facts | None:
    """Facts about a patient other than the token's. Only the app's owner sees them; the response reveals nothing."""
    token = context.token
    if not isinstance(token, AccessToken) or not token.patient or not request.type:
        return None
    levels = {scope.level for scope in scopes.list_resources(token.scope) if scope.type in ("*", request.type)}
    others = [patient for patient in _patients_in_search(request) if patient not in ("", token.patient, *UNDEFINED)]
    return {"received": others[0], "expected": token.patient} if levels == {"patient"} and others else None


UNDEFINED = ("undefined", "null", "None", "NaN", "[object Object]")


def _patients_in_search(request: AccessRequest) -> list[str]:
    in_path = [request.id] if request.type == "Patient" and request.id else []
    names = ("_id",) if request.type == "Patient" else ("patient", "subject")
    values = [value for name in names for text in request.parameters.all(name) for value in text.split(",")]
    return in_path + [value.rpartition("/")[2] for value in values if "/" not in value or "Patient/" in value]


def _search_is_outside_scope(request: AccessRequest, context: AccessContext) -> Facts | None:
    """Facts if a search has a value that no scope for the resource type includes."""
    if not isinstance(context.token, AccessToken) or request.interaction != "search-type":
        return None
    granted = [scope for scope in scopes.list_resources(context.token.scope) if scope.type in ("*", request.type)]
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


FUNCTIONS: RuleFunctions = {
    # The token's audience is a registered server that isn't a FHIR base.
    "mcp-token-passthrough": {"recognises": only_with("of", "resource")},
    "fhir-token-missing": {"repair": lambda request, facts: corrections.new_token(request)},
    "fhir-token-not-bearer": {"repair": _use_bearer_scheme},
    "fhir-token-in-query": {
        "recognises": lambda facts: {**facts, "where": "body" if facts.get("in_body") else "URL"},
        "repair": _move_token_to_header,
    },
    "fhir-id-token-used": {
        "recognises": only_with("id_token"),
        "advises": _looks_like_id_token,
        "insert_placeholder": corrections.new_token,
    },
    "fhir-refresh-token-used": {"recognises": only_with("refresh_token"), "insert_placeholder": corrections.new_token},
    "fhir-token-unknown": {"recognises": _explain_reason, "insert_placeholder": corrections.new_token},
    "fhir-token-expired": {"insert_placeholder": corrections.new_token},
    "fhir-token-wrong-issuer": {"insert_placeholder": corrections.new_token},
    "fhir-token-wrong-audience": {"insert_placeholder": corrections.new_token},
    # A token that had the same scopes as the refused one came before: from a refresh or an authorization.
    "mcp-stepup-by-refresh": {"recognises": only_with("again", "refresh")},
    "mcp-stepup-same-scopes": {"recognises": only_with("again", "authorization")},
    "mcp-stepup-not-union": {"recognises": only_with("lost")},
    "mcp-stepup-one-by-one": {"recognises": only_with("rounds")},
    "fhir-read-not-search": {"recognises": _letter_differs},
    "fhir-insufficient-scope": {"recognises": _add_context, "advises": _jwt_lacks_scope},
    "fhir-wrong-patient": {"advises": _patient_differs},
    "fhir-scope-category-constraint": {"advises": _search_is_outside_scope},
}
