"""Rules about backend services: the client assertion, its key, and system scopes."""

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Server
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import backend_scopes
from sickbay.authorization.token.client_assertion import accepted_audiences
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.kernel.english import join_as_code
from sickbay.protocol import jose


def _scopes_are_not_system(request: TokenRequest, context: TokenContext) -> Facts | None:
    """If the client isn't known. Scopes of other services than FHIR aren't judged."""
    if context.client is not UNKNOWN or not context.smart or request.parameters.get("grant_type") != "client_credentials":
        return None
    refusal = backend_scopes.not_of_the_system(corrections.tokens_of(request), context)
    return refusal.facts if refusal else None


def _convert_to_system_scopes(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Changes `patient/` and `user/` scopes to `system/` scopes, and removes other scopes that a backend service can't get."""
    system_scopes = [
        f"system/{scope.partition('/')[2]}" if scope.startswith(("patient/", "user/")) else scope
        for scope in corrections.tokens_of(request)
        if scope.startswith(("patient/", "user/")) or scope not in facts["scopes"]
    ]
    return corrections.set_scopes(request, system_scopes)


def _request_registered_scopes(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Requests the registered `system/` scopes."""
    registered = [scope for scope in str(facts.get("registered") or "").split() if scope.startswith("system/")]
    return corrections.set_scopes(request, registered) if registered else request


def _drop_scheme(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Removes a word such as Bearer before the JWT."""
    last = (request.parameters.get("client_assertion") or "").rpartition(" ")[2]
    return corrections.set_parameters(request, ("client_assertion", last)) if jose.decode_unverified(last) else request


def _has_no_number(facts: Facts) -> Facts | None:
    received = facts.get("received")
    if received is None:
        return None
    return {**facts, "kind": "a string" if isinstance(received, str) else "a value of another type"}


def _has_no_typ(request: TokenRequest, context: TokenContext) -> Facts | None:
    read = request.assertion if context.smart else None
    return None if read is None or read.header.get("typ") == "JWT" else {"received": read.header.get("typ")}


def _audience_differs(request: TokenRequest, context: TokenContext) -> Facts | None:
    """If `aud` is accepted, but doesn't name the token endpoint. An unknown token endpoint isn't judged."""
    server, read = context.server, request.assertion if context.smart else None
    if read is None or not isinstance(server, Server) or not server.token_endpoint:
        return None
    sent = read.claims.get("aud")
    audiences = sent if isinstance(sent, list) else [sent]
    if server.token_endpoint in audiences or not any(name in audiences for name in accepted_audiences(request, server)[1:]):
        return None
    return {"received": sent, "expected": server.token_endpoint}


FUNCTIONS: RuleFunctions = {
    "assertion-type-wrong": {"repair": corrections.set_from_fact("client_assertion_type", "expected")},
    "assertion-not-jwt": {"repair": _drop_scheme},
    "assertion-alg-unsupported": {"recognises": lambda facts: {**facts, "accepted": join_as_code(facts["expected"])}},
    "assertion-exp-not-a-number": {"recognises": _has_no_number},
    "assertion-jku-foreign": {"recognises": lambda facts: facts if facts.get("jku") is not None else None},
    "assertion-kid-ambiguous": {
        "recognises": lambda facts: facts if (facts.get("published") or []).count(facts.get("received")) > 1 else None
    },
    "assertion-kid-unknown": {"recognises": lambda facts: {**facts, "names": join_as_code(facts.get("published") or ())}},
    "backend-scope-missing": {"repair": _request_registered_scopes},
    "backend-scope-not-system": {"advises": _scopes_are_not_system, "repair": _convert_to_system_scopes},
    "backend-empty-scopes": {"repair": _request_registered_scopes},
    "assertion-typ-missing": {"advises": _has_no_typ},
    "assertion-aud-not-token-endpoint": {"advises": _audience_differs},
}
