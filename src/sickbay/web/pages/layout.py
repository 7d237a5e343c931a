"""The layout of every page: the navigation bar, the footer, the theme and the CSRF token."""

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
class SignedInUser:
    """The signed-in user, as the bar shows them. patient: sees only their own record, or those of their family."""

    name: str
    role: str = ""
    patient: bool = False


LOOPBACK_ONLY, OPEN = "Reachable only from this machine", "Reachable from the network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """base: the base URL that addresses on the page show. root: prefix of links to our own pages, "" unless base has a path.

    hospital: the title of the tenant on the pages of its EHR (navy bar); "" on the pages for developers (white bar).
    tenant: its path segment. here: the text of the current page's link in the bar. csrf: the token of all POST forms.
    path: path and query of this page, to which the theme form returns. bare: no navigation (sign-in, picker, consent).
    permissions: the address of the page on which users revoke the access of apps.
    administrator: this browser signed in with the admin token, so it can sign out again.
    """

    base: str = "http://localhost:7425"
    root: str = ""
    hospital: str = ""
    tenant: str = ""
    here: str = ""
    person: SignedInUser | None = None
    theme: Theme = ""
    csrf: str = ""
    path: str = "/"
    bare: bool = False
    permissions: str = ""
    administrator: bool = False
    listening: str = LOOPBACK_ONLY
    version: str = __version__

    @property
    def other_theme(self) -> Theme:
        return "light" if self.theme == "dark" else "dark"

    @property
    def ehr(self) -> str:
        return f"{self.root}/{self.tenant}/ehr"

    @property
    def navigation(self) -> tuple[Link, ...]:
        return self._ehr_links if self.hospital else _developer_links(self.root)

    @property
    def _ehr_links(self) -> tuple[Link, ...]:
        """The links of the EHR pages. Only clinicians have a schedule."""
        today = () if self.person and self.person.patient else (Link("Today", self.ehr),)
        permissions = (Link("Permissions", self.permissions),) if self.permissions else ()
        return (*today, Link("Patients", f"{self.ehr}/patients"), Link("Apps", f"{self.root}/developer"), *permissions)


def _developer_links(root: str) -> tuple[Link, ...]:
    return (
        Link("Hospitals", f"{root}/"),
        Link("Developer portal", f"{root}/developer"),
        Link("Exchanges", f"{root}/exchanges"),
        Link("Doctor", f"{root}/doctor"),
        Link("Rules", f"{root}/rules"),
        Link("Docs", f"{root}/docs/"),
    )
