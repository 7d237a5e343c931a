"""{tenant}/oauth/logout: whether to sign out. POST view.action: csrf, decision = out | stay, and what the app sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutView:
    """app: "" where it did not say who it is. sent: names and values that the app sent, to be sent once more."""

    action: str
    hospital: str
    person: str
    app: str = ""
    sent: tuple[tuple[str, str], ...] = ()
