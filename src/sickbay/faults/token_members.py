"""Members of a token response, and an id_token, with a fault (RFC 6749 5.1; OpenID Connect Core 3.1.3.3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from sickbay.faults.fault import Fault

UNKNOWN_KEY = "key-that-is-not-published"


def apply_to_token_response(fault: Fault, members: Mapping[str, Any], sent_refresh_token: str | None) -> dict[str, Any]:
    """Returns the members with this fault. sent_refresh_token: that of the request, if it refreshed a token."""
    match fault.kind:
        case "no-refresh-token":
            return {name: value for name, value in members.items() if name != "refresh_token"}
        case "no-patient":
            return {name: value for name, value in members.items() if name not in ("patient", "encounter")}
        case "expires-in":
            value = fault.members["value"]
            without = {name: old for name, old in members.items() if name != "expires_in"}
            return without if value is None else {**without, "expires_in": value}
        case "refresh" if fault.members["value"] == "not-rotated" and sent_refresh_token:
            return {**members, "refresh_token": sent_refresh_token}
        case _:
            return dict(members)


def narrow_scope(scope: str, dropped: list[str]) -> str:
    """Returns the scopes without those that equal or begin with an item of `dropped`, such as patient/ or
    patient/Observation."""
    return " ".join(name for name in scope.split() if not any(_is_meant(name, part) for part in dropped))


def _is_meant(scope: str, part: str) -> bool:
    return scope == part or (part.endswith("/") and scope.startswith(part)) or scope.startswith((f"{part}.", f"{part}?"))


def break_signature(token: str) -> str:
    """Returns the id_token with an invalid signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'B' if signature[:1] != 'B' else 'A'}{signature[1:]}"


def read_claims(token: str) -> dict[str, Any]:
    """Returns the claims of an id_token that Sickbay signed."""
    part = token.split(".")[1]
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


def change_header(token: str, **members: str) -> str:
    """Returns the id_token with changed header members and its old signature, which is then invalid."""
    header, rest = token.split(".", 1)
    old = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    text = base64.urlsafe_b64encode(json.dumps({**old, **members}).encode()).rstrip(b"=").decode()
    return f"{text}.{rest.rpartition('.')[0]}." if members.get("alg") == "none" else f"{text}.{rest}"
