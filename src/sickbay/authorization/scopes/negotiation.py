"""Which requested scopes were granted, and why a refresh token was issued or not (SMART 2.2, scope negotiation)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from sickbay.authorization.models import Client
from sickbay.kernel.english import join
from sickbay.protocol import scopes

REFRESHING = ("offline_access", "online_access")
SERVICE = "With client credentials, an app requests a new access token instead (RFC 6749, 4.4.3)."
LEFT_OUT = "was granted before, but wasn't requested in this refresh"
STAYS = "This server doesn't rotate refresh tokens. Keep using the current one."


class Negotiated(NamedTuple):
    """One requested scope. granted: "" if it wasn't granted. reason: why it differs from the request."""

    asked: str
    granted: str
    reason: str = ""


class Missing(NamedTuple):
    """A member of the token response that the app requested and didn't get, or got shorter. reason: a sentence."""

    name: str
    reason: str


class TokenSummary(Struct, frozen=True):
    """The result of a token request, for the page of its exchange. refresh: why no refresh token was issued; "" if one was."""

    scopes: tuple[Negotiated, ...] = ()
    refresh: str = ""
    wanted: bool = False
    """Whether the app requested a scope for a refresh token."""
    missing: tuple[Missing, ...] = ()
    other_patient: str = ""
    """Why the patient isn't the expected one, as a sentence; "" if it is, or if nothing proves what was expected."""

    @property
    def narrower(self) -> tuple[Negotiated, ...]:
        return tuple(scope for scope in self.scopes if scope.granted != scope.asked)


def explain_negotiation(
    offered: Iterable[tuple[str, bool, str]], granted: Sequence[str], automatic: bool = False
) -> tuple[Negotiated, ...]:
    """Returns the result for each requested scope. offered: scope, whether it could be granted, why not. automatic: without a
    user.
    """
    return tuple([_negotiated_scope(offer, granted, automatic) for offer in offered])


def _negotiated_scope(offered: tuple[str, bool, str], granted: Sequence[str], automatic: bool) -> Negotiated:
    requested, possible, reason = offered
    if requested in granted:
        return Negotiated(requested, requested, reason if possible else "")
    if not possible:
        return Negotiated(requested, "", reason)
    if part := _granted_part(requested, granted):
        return Negotiated(requested, part, f"was narrowed by {'auto_approve' if automatic else 'the user'}")
    return Negotiated(requested, "", "isn't among the scopes of auto_approve" if automatic else "was unticked by the user")


def _granted_part(requested: str, granted: Sequence[str]) -> str:
    """Returns the first granted scope that permits a part of what was requested; "" if none does."""
    wide = scopes.parse(requested)
    if not isinstance(wide, scopes.ResourceScope):
        return ""
    parts = ((text, scopes.parse(text)) for text in granted)
    return next((text for text, scope in parts if scope is not None and scopes.is_included(wide, scope)), "")


def summarise_service(offered: Iterable[tuple[str, bool, str]]) -> TokenSummary:
    """Summarises a client credentials grant. offered: as for `negotiated`."""
    rows = tuple(Negotiated(scope, scope if possible else "", reason) for scope, possible, reason in offered)
    return TokenSummary(rows, SERVICE)


def summarise_refresh(before: str, now: str, refreshes: bool) -> TokenSummary:
    """Summarises a refresh. before: all scopes that were granted. now: the scopes of the new access token."""
    current = scopes.split(now)
    dropped = tuple(Negotiated(scope, "", LEFT_OUT) for scope in scopes.split(before) if scope not in current)
    return TokenSummary((*(Negotiated(scope, scope) for scope in current), *dropped), "" if refreshes else STAYS)


def summarise_grant(
    rows: Sequence[Negotiated],
    scope: str,
    client: Client,
    refreshes: bool,
    missing: tuple[Missing, ...] = (),
    other_patient: str = "",
) -> TokenSummary:
    """Summarises a redeemed code. scope: as granted. missing, other_patient: as in TokenSummary."""
    refresh_scopes = tuple(row.asked for row in rows if row.asked in REFRESHING)
    reason = "" if refreshes else _missing_refresh_reason(rows, scope, client, refresh_scopes)
    return TokenSummary(tuple(rows), reason, bool(refresh_scopes), missing, other_patient)


def _missing_refresh_reason(rows: Sequence[Negotiated], scope: str, client: Client, refresh_scopes: Sequence[str]) -> str:
    if set(REFRESHING) & set(scopes.split(scope)):
        if "refresh_token" in client.grant_types:
            return "This server doesn't issue refresh tokens to public apps."
        return f"The app is registered for {join(client.grant_types)}, not for the grant type refresh_token."
    if not refresh_scopes:
        return "Neither offline_access nor online_access was requested."
    dropped = [f"{row.asked} {row.reason}" for row in rows if row.asked in refresh_scopes]
    return f"{', and '.join(dropped)}."
