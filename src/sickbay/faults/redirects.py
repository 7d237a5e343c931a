"""The redirect from the authorization endpoint to the app, with a fault (RFC 6749 4.1.2)."""

from __future__ import annotations

from sickbay.faults.fault import Fault

WRONG_STATE = "this-is-not-the-state-that-you-sent"
WRONG_ISSUER = "https://another-issuer.example.org"


def apply_to_redirect(fault: Fault, parameters: dict[str, str | None], description: str) -> dict[str, str | None]:
    """Returns the parameters of the redirect with this fault. description: the error's description."""
    match fault.kind, fault.members.get("value"):
        case "authorize-error", _:
            error = {"error": str(fault.members["error"]), "error_description": description}
            return {**error, **{name: parameters.get(name) for name in ("state", "iss")}}
        case ("state" | "iss") as name, "missing":
            return {**parameters, name: None}
        case "state", _:
            return {**parameters, "state": WRONG_STATE}
        case "iss", _:
            return {**parameters, "iss": WRONG_ISSUER}
        case _:
            return parameters
