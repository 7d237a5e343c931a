"""What stands around every page: the bar, the foot, the theme, the token of the forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sickbay import __version__

Theme: TypeAlias = Literal["", "light", "dark"]


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, as the bar shows: a name and a role. patient: sees the own record, or those of a family."""

    name: str
    role: str = ""
    patient: bool = False


ALONE, OPEN = "Listening on this machine only", "Listening to the network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """base: shown in addresses. root: put before the links of our own pages, "" unless base has a path.

    hospital: the name of the tenant makes the page one of the ward (navy bar); "" makes it one of the workshop.
    tenant: its path segment. here: the text of the bar's link that is this page. csrf: the token of all POST forms.
    path: the path and query of this page, where the theme form returns to. bare: no navigation (sign-in, picker, consent).
    permissions: where it stands what apps may do in the name of who is signed in.
    administrator: this browser signed in with the admin token, and may sign out again.
    """

    base: str = "http://localhost:7425"
    root: str = ""
    hospital: str = ""
    tenant: str = ""
    here: str = ""
    person: Person | None = None
    theme: Theme = ""
    csrf: str = ""
    path: str = "/"
    bare: bool = False
    permissions: str = ""
    administrator: bool = False
    listening: str = ALONE
    version: str = __version__

    @property
    def other_theme(self) -> Theme:
        return "light" if self.theme == "dark" else "dark"

    @property
    def ward(self) -> str:
        return f"{self.root}/{self.tenant}/ehr"

    @property
    def navigation(self) -> tuple[Link, ...]:
        return self._ward if self.hospital else _workshop(self.root)

    @property
    def _ward(self) -> tuple[Link, ...]:
        """Nobody has a day of visits but who works here."""
        today = () if self.person and self.person.patient else (Link("Today", self.ward),)
        permissions = (Link("Permissions", self.permissions),) if self.permissions else ()
        return (*today, Link("Patients", f"{self.ward}/patients"), Link("Apps", f"{self.root}/developer"), *permissions)


def _workshop(root: str) -> tuple[Link, ...]:
    return (
        Link("Hospitals", f"{root}/"),
        Link("Developer portal", f"{root}/developer"),
        Link("Exchanges", f"{root}/exchanges"),
        Link("Doctor", f"{root}/doctor"),
        Link("Rules", f"{root}/rules"),
    )
