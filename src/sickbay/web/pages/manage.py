"""/{tenant}/oauth/manage: what apps may do in a person's name. POST view.action: csrf, app (a client_id)."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.web.pages.entrance import Ask
from sickbay.web.pages.parts import initials


@dataclass(frozen=True, slots=True)
class AllowedApp:
    """since: "14 Mar 2026". live: it holds something now. away: also while nobody is signed in."""

    client_id: str
    name: str
    since: str
    asks: tuple[Ask, ...] = ()
    live: bool = False
    away: bool = False

    @property
    def letters(self) -> str:
        return initials(self.name)

    @property
    def state(self) -> str:
        if self.away:
            return "It may go on while you are away."
        return "It holds access now." if self.live else "It holds nothing now, and need not ask you again."


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageView:
    action: str
    person: str
    hospital: str
    apps: tuple[AllowedApp, ...] = ()
