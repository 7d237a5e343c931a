"""What became of each scope that was asked, and why there is a refresh token or none (SMART 2.2, scope negotiation)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sickbay.authorization.values import Client
from sickbay.protocol import scopes

REFRESHING = ("offline_access", "online_access")
SERVICE = "An app that speaks for itself asks for a new token when it needs one (RFC 6749, 4.4.3)."
LEFT_OUT = "was granted, and this refresh did not ask for it"
STAYS = "This server does not rotate refresh tokens: the one that the app has goes on."


class Negotiated(NamedTuple):
    """One scope asked. granted: "" where it was dropped. reason: why it is not as asked."""

    asked: str
    granted: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a token response brought, for whoever reads the exchange. refresh: why no refresh token came; "" where one did."""

    scopes: tuple[Negotiated, ...] = ()
    refresh: str = ""
    wanted: bool = False
    """Whether a scope was asked that would bring a refresh token."""

    @property
    def narrower(self) -> tuple[Negotiated, ...]:
        return tuple(one for one in self.scopes if one.granted != one.asked)


def negotiated(
    offered: Iterable[tuple[str, bool, str]], granted: Sequence[str], automatic: bool = False
) -> tuple[Negotiated, ...]:
    """offered: of each scope asked, whether it could be granted, and why not. automatic: no person was asked."""
    return tuple(_one(each, granted, automatic) for each in offered)


def _one(offered: tuple[str, bool, str], granted: Sequence[str], automatic: bool) -> Negotiated:
    asked, possible, reason = offered
    if asked in granted:
        return Negotiated(asked, asked, reason if possible else "")
    if not possible:
        return Negotiated(asked, "", reason)
    if part := _part(asked, granted):
        return Negotiated(asked, part, f"was narrowed by {'auto_approve' if automatic else 'the person'}")
    return Negotiated(asked, "", "is not among the scopes of auto_approve" if automatic else "was unticked by the person")


def _part(asked: str, granted: Sequence[str]) -> str:
    """The first granted scope that permits a part of what was requested; "" if none does."""
    wide = scopes.parse(asked)
    if not isinstance(wide, scopes.ResourceScope):
        return ""
    parts = ((text, scopes.parse(text)) for text in granted)
    return next((text for text, one in parts if one is not None and scopes.covers(wide, one)), "")


def service(offered: Iterable[tuple[str, bool, str]]) -> Given:
    """Of an app that speaks for itself. offered: as for `negotiated`."""
    rows = tuple(Negotiated(scope, scope if possible else "", reason) for scope, possible, reason in offered)
    return Given(rows, SERVICE)


def refreshed(before: str, now: str, refreshes: bool) -> Given:
    """Of a refresh. before: all that was granted; now: what the new access token has."""
    held = scopes.split(now)
    left = tuple(Negotiated(one, "", LEFT_OUT) for one in scopes.split(before) if one not in held)
    return Given((*(Negotiated(one, one) for one in held), *left), "" if refreshes else STAYS)


def given(rows: Sequence[Negotiated], scope: str, client: Client, refreshes: bool) -> Given:
    """Of a redeemed code. scope: as granted."""
    wanted = tuple(one.asked for one in rows if one.asked in REFRESHING)
    return Given(tuple(rows), "" if refreshes else _why_none(rows, scope, client, wanted), bool(wanted))


def _why_none(rows: Sequence[Negotiated], scope: str, client: Client, wanted: Sequence[str]) -> str:
    if set(REFRESHING) & set(scopes.split(scope)):
        if "refresh_token" in client.grant_types:
            return "This server gives none to an app without a secret or a key."
        return f"The app is registered for {' and '.join(client.grant_types)}, not for the grant refresh_token."
    if not wanted:
        return "Neither offline_access nor online_access was asked for."
    dropped = [f"{one.asked} {one.reason}" for one in rows if one.asked in wanted]
    return f"Neither came of what was asked: {', and '.join(dropped)}."
