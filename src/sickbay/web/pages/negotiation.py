"""Of a token request's page: what became of each scope that was asked, and of the refresh token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """granted: "" where it was dropped; why: "" where it is as asked."""

    asked: str
    granted: str
    why: str = ""

    @property
    def state(self) -> Literal["granted", "narrowed", "dropped"]:
        return "dropped" if not self.granted else "granted" if self.granted == self.asked else "narrowed"


@dataclass(frozen=True, slots=True)
class Negotiation:
    """refresh: why there is no refresh token, "" where one came."""

    rows: tuple[ScopeRow, ...] = ()
    refresh: str = ""

    def lines(self) -> Iterator[str]:
        """As plain text."""
        if self.rows:
            yield from ("", "Scopes")
        for row in self.rows:
            why = f" ({row.why})" if row.why else ""
            yield f"  {row.state:<8} {row.asked}{f' -> {row.granted}' if row.state == 'narrowed' else ''}{why}"
        if self.refresh:
            yield from ("", f"No refresh token: {self.refresh}")


def read(given: Mapping[str, Any]) -> Negotiation | None:
    """From the exchange's JSON; None where it is no token response."""
    if "scopes" not in given:
        return None
    rows = tuple(ScopeRow(one["asked"], one["granted"], one["reason"]) for one in given["scopes"])
    return Negotiation(rows, given.get("refresh") or "")
