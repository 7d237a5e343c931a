"""Which requested scopes were granted, and why a refresh token was issued or not (SMART 2.2, scope negotiation)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True)
class TokenSummary:
    """The result of a token request, for the page of its exchange. refresh: why no refresh token was issued; "" if one was."""

    scopes: tuple[Negotiated, ...] = ()
    refresh: str = ""
    wanted: bool = False
    """Whether the app requested a scope for a refresh token."""

    @property
    def narrower(self) -> tuple[Negotiated, ...]:
        return tuple(one for one in self.scopes if one.granted != one.asked)


def negotiated(
    offered: Iterable[tuple[str, bool, str]], granted: Sequence[str], automatic: bool = False
) -> tuple[Negotiated, ...]:
    """offered: each requested scope, whether it could be granted, and why not. automatic: approved without a user."""
    return tuple(_one(each, granted, automatic) for each in offered)


def _one(offered: tuple[str, bool, str], granted: Sequence[str], automatic: bool) -> Negotiated:
    asked, possible, reason = offered
    if asked in granted:
        return Negotiated(asked, asked, reason if possible else "")
    if not possible:
        return Negotiated(asked, "", reason)
    if part := _part(asked, granted):
        return Negotiated(asked, part, f"was narrowed by {'auto_approve' if automatic else 'the user'}")
    return Negotiated(asked, "", "isn't among the scopes of auto_approve" if automatic else "was unticked by the user")


def _part(asked: str, granted: Sequence[str]) -> str:
    """The first granted scope that permits a part of what was requested; "" if none does."""
    wide = scopes.parse(asked)
    if not isinstance(wide, scopes.ResourceScope):
        return ""
    parts = ((text, scopes.parse(text)) for text in granted)
    return next((text for text, one in parts if one is not None and scopes.covers(wide, one)), "")


def service(offered: Iterable[tuple[str, bool, str]]) -> TokenSummary:
    """For the client credentials grant. offered: as for `negotiated`."""
    rows = tuple(Negotiated(scope, scope if possible else "", reason) for scope, possible, reason in offered)
    return TokenSummary(rows, SERVICE)


def refreshed(before: str, now: str, refreshes: bool) -> TokenSummary:
    """For a refresh. before: all scopes that were granted. now: the scopes of the new access token."""
    held = scopes.split(now)
    left = tuple(Negotiated(one, "", LEFT_OUT) for one in scopes.split(before) if one not in held)
    return TokenSummary((*(Negotiated(one, one) for one in held), *left), "" if refreshes else STAYS)


def given(rows: Sequence[Negotiated], scope: str, client: Client, refreshes: bool) -> TokenSummary:
    """For a redeemed code. scope: as granted."""
    wanted = tuple(one.asked for one in rows if one.asked in REFRESHING)
    return TokenSummary(tuple(rows), "" if refreshes else _why_none(rows, scope, client, wanted), bool(wanted))


def _why_none(rows: Sequence[Negotiated], scope: str, client: Client, wanted: Sequence[str]) -> str:
    if set(REFRESHING) & set(scopes.split(scope)):
        if "refresh_token" in client.grant_types:
            return "This server doesn't issue refresh tokens to public apps."
        return f"The app is registered for {join(client.grant_types)}, not for the grant type refresh_token."
    if not wanted:
        return "Neither offline_access nor online_access was requested."
    dropped = [f"{one.asked} {one.reason}" for one in rows if one.asked in wanted]
    return f"{', and '.join(dropped)}."
