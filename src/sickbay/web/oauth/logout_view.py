"""{tenant}/oauth/logout asks whether to sign out. POST view.action: csrf, decision = out | stay, and the app's parameters."""

from __future__ import annotations

from msgspec import Struct


class LogoutView(Struct, frozen=True, kw_only=True):
    """app: "" if the request didn't identify the app. sent: the app's parameters, which the form sends again."""

    action: str
    hospital: str
    person: str
    app: str = ""
    sent: tuple[tuple[str, str], ...] = ()
