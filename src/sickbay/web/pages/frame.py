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
    """Who is signed in, as the bar shows: a name and a role."""

    name: str
    role: str = ""


ALONE, OPEN = "Listening on this machine only", "Open to other machines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """base: shown in addresses. root: put before the links of our own pages, "" unless base has a path.

    hospital: the name of the tenant makes the page one of the ward (navy bar); "" makes it one of the workshop.
    tenant: its path segment. here: the text of the bar's link that is this page. csrf: the token of all POST forms.
    path: the path and query of this page, where the theme form returns to. bare: no navigation (sign-in, picker, consent).
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
        return _ward(self.ward, self.root) if self.hospital else _workshop(self.root)


def _ward(ward: str, root: str) -> tuple[Link, ...]:
    return (Link("Today", ward), Link("Patients", f"{ward}/patients"), Link("Apps", f"{root}/developer"))


def _workshop(root: str) -> tuple[Link, ...]:
    return (
        Link("Hospitals", f"{root}/"),
        Link("Developer portal", f"{root}/developer"),
        Link("Exchanges", f"{root}/exchanges"),
        Link("Doctor", f"{root}/doctor"),
        Link("Rules", f"{root}/rules"),
    )
