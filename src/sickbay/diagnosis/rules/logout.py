"""Rules about logout requests from an app (OpenID Connect RP-Initiated Logout)."""

from msgspec import structs

from sickbay.authorization.requests import LogoutRequest
from sickbay.diagnosis.rule import RuleFunctions, only_with
from sickbay.kernel.checks import Facts
from sickbay.kernel.similar_names import find_closest_url


def _drop_hint(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """Sends `client_id` instead of the ID token, so that the server asks the user."""
    changes = [("id_token_hint", None), ("client_id", request.client_id)]
    return structs.replace(request, parameters=request.parameters.replace(changes))


def _drop_client(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """Leaves out `client_id`, and the ID token as well if it names no app."""
    changes = [("client_id", None)] if facts["expected"] else [("client_id", None), ("id_token_hint", None)]
    return structs.replace(request, parameters=request.parameters.replace(changes))


def _send_registered_uri(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """Sends the most similar registered URI; if there is none, the server shows its own page."""
    changes = [("post_logout_redirect_uri", facts.get("expected"))]
    return structs.replace(request, parameters=request.parameters.replace(changes))


def _expect_closest(facts: Facts) -> Facts:
    registered = [str(uri) for uri in facts.get("registered") or ()]
    closest = find_closest_url(str(facts.get("received") or ""), registered)
    return {**facts, "expected": closest, "hint": f" Registered: {' '.join(registered)}." if registered else ""}


FUNCTIONS: RuleFunctions = {
    "logout-hint-invalid": {"repair": _drop_hint},
    "logout-client-unknown": {"recognises": only_with("unknown"), "repair": _drop_client},
    "logout-client-mismatch": {"repair": _drop_client},
    "logout-client-missing": {"recognises": lambda facts: None if facts.get("app") else facts, "repair": _send_registered_uri},
    "logout-redirect-uri-mismatch": {"recognises": _expect_closest, "repair": _send_registered_uri},
}
