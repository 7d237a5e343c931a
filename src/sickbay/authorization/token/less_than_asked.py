"""Explains what the app requested or expected but the token response lacks: contexts, ID token, lifetime, patient."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sickbay.authorization.models import AuthorizationCode, Client, Policy
from sickbay.authorization.scopes.negotiation import Missing, Negotiated

USUAL_SECONDS: Final = 3600
"""The lifetime of an access token that apps expect."""
CONTEXTS: Final = {"patient": "launch/patient", "encounter": "launch/encounter"}
"""Members of the token response, and the scopes that request them."""
NONE_CHOSEN: Final = "The launch had no {name}, and none was chosen."
NONE_IN_EHR: Final = "The EHR launched the app without a patient."


def list_missing_members(
    rows: Sequence[Negotiated], code: AuthorizationCode, client: Client, policy: Policy, members: Collection[str]
) -> tuple[Missing, ...]:
    """Returns what the response lacks. rows: the requested scopes. members: those of the token response."""
    asked = {row.asked: row for row in rows}
    found = [_missing_context(name, asked.get(scope)) for name, scope in CONTEXTS.items() if name not in members]
    if "patient" not in members and "launch/patient" not in asked and "launch" in asked and "smart_style_url" in code.context:
        found.append(Missing("patient", NONE_IN_EHR))
    if "id_token" not in members and (row := asked.get("openid")) is not None:
        found.append(Missing("id_token", _why_no_id_token(row)))
    found.append(_missing_lifetime(client, policy))
    return tuple(entry for entry in found if entry is not None)


def explain_other_patient(code: AuthorizationCode, client: Client) -> str:
    """Explains why the patient isn't the one that the app's settings or request named; "" if nothing proves another one."""
    named = client.auto_approve.patient if client.auto_approve else None
    if not code.patient or named == code.patient:
        return ""
    if named:
        return f"auto_approve of the app names `{named}`, and the launch was for `{code.patient}`. The launch decides."
    return f"login_hint named `{code.hint}`, and `{code.user}` signed in, whose own record it is." if code.hint else ""


def _missing_context(name: str, row: Negotiated | None) -> Missing | None:
    if row is None:
        return None
    return Missing(name, NONE_CHOSEN.format(name=name) if row.granted else f"{row.asked} {row.reason}.")


def _why_no_id_token(row: Negotiated) -> str:
    return "This server issued none." if row.granted else f"openid {row.reason}."


def _missing_lifetime(client: Client, policy: Policy) -> Missing | None:
    seconds = client.token_lifetime or policy.token_lifetime
    if seconds >= USUAL_SECONDS:
        return None
    where = "the app's registration" if client.token_lifetime else "the hospital's policy"
    return Missing("expires_in", f"The access token is valid for {seconds} seconds: token_lifetime in {where}.")
