"""The result of a token request or an authorization request: which scopes were granted, and why there is no refresh token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from msgspec import Struct

SHORTER: Final = "Short lifetime"


class ScopeRow(Struct, frozen=True):
    """granted: "" if the scope wasn't granted. why: "" if it was granted as requested."""

    asked: str
    granted: str
    why: str = ""

    @property
    def state(self) -> Literal["granted", "narrowed", "dropped"]:
        return "dropped" if not self.granted else "granted" if self.granted == self.asked else "narrowed"


class Negotiation(Struct, frozen=True):
    """refresh: why no refresh token was issued; "" if one was. missing: what else the response lacks, and why."""

    rows: tuple[ScopeRow, ...] = ()
    has_tokens: bool = True
    """The exchange is a token response, not an authorization request."""
    refresh: str = ""
    missing: tuple[tuple[str, str], ...] = ()

    def lines(self) -> Iterator[str]:
        """The result as plain text."""
        if self.rows:
            yield from ("", "Scopes")
        for row in self.rows:
            why = f" ({row.why})" if row.why else ""
            yield f"  {row.state:<8} {row.asked}{f' -> {row.granted}' if row.state == 'narrowed' else ''}{why}"
        if self.refresh:
            yield from ("", f"No refresh token: {self.refresh}")
        for name, why in self.missing:
            yield f"{SHORTER if name == 'expires_in' else f'No {name}'}: {why}"


def read_negotiation(exchange: Mapping[str, Any]) -> Negotiation:
    """Read the result from the JSON of an exchange with the member `scopes`."""
    rows = tuple(ScopeRow(scope["asked"], scope["granted"], scope["reason"]) for scope in exchange["scopes"])
    missing = tuple((entry["name"], entry["reason"]) for entry in exchange.get("missing") or ())
    return Negotiation(rows, exchange.get("stage") != "authorize", exchange.get("refresh") or "", missing)
