"""/{tenant}/oauth/manage: the apps with access to a user's account. POST view.action: csrf, app (a client_id)."""

from __future__ import annotations

from msgspec import Struct

from sickbay.web.oauth.sign_in import ConsentItem
from sickbay.web.pages.parts import make_initials


class AllowedApp(Struct, frozen=True):
    """since: "14 Mar 2026". live: it currently has access. away: it keeps access while the user is signed out."""

    client_id: str
    name: str
    since: str
    items: tuple[ConsentItem, ...] = ()
    live: bool = False
    away: bool = False

    @property
    def initials(self) -> str:
        return make_initials(self.name)

    @property
    def state(self) -> str:
        if self.away:
            return "Has access, even when you’re signed out."
        return "Currently has access." if self.live else "Has no access now, but can get it again without asking you."


class ManageView(Struct, frozen=True, kw_only=True):
    """apps: those of this page of the list, in which `start` of `total` come before them. before, after: the other pages."""

    action: str
    person: str
    hospital: str
    apps: tuple[AllowedApp, ...] = ()
    start: int = 0
    total: int = 0
    before: str = ""
    after: str = ""
