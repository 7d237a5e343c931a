"""Parts that pages share: the frame with its navigation, findings, marked texts, scope chips, options of a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from sickbay import __version__

Theme: TypeAlias = Literal["", "light", "dark"]


class Link(Struct, frozen=True):
    text: str
    href: str


class SignedInUser(Struct, frozen=True):
    """The signed-in user, as the bar shows them. patient: sees only their own record, or those of their family."""

    name: str
    role: str = ""
    patient: bool = False


LOOPBACK_ONLY, OPEN = "Listens only on its own machine", "Other machines may connect"


class ClockView(Struct, frozen=True):
    """Sickbay's clock while it doesn't show real time. offset: in words, such as "2 hours ahead of real time"."""

    now: str
    offset: str
    frozen: bool


class Frame(Struct, frozen=True, kw_only=True):
    """base: the base URL that addresses on the page show. root: prefix of links to our own pages, "" unless base has a path.

    hospital: the title of the tenant on the pages of its EHR (navy bar); "" on the pages for developers (white bar).
    tenant: its path segment. here: the text of the current page's link in the bar. csrf: the token of all POST forms.
    path: path and query of this page, to which the theme form returns. bare: no navigation (sign-in, picker, consent). panel:
    no bar and no footer, for what the chart's frame shows instead of an app.
    permissions: the address of the page on which users revoke the access of apps.
    administrator: this browser signed in with the admin token, so it can sign out again. clock: None in real time.
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
    panel: bool = False
    permissions: str = ""
    administrator: bool = False
    listening: str = LOOPBACK_ONLY
    clock: ClockView | None = None
    in_class: bool = False
    """In class mode: the teacher or a student reads this page."""
    version: str = __version__

    @property
    def other_theme(self) -> Theme:
        return "light" if self.theme == "dark" else "dark"

    @property
    def ehr(self) -> str:
        return f"{self.root}/{self.tenant}/ehr"

    @property
    def is_student(self) -> bool:
        """Whether a student reads this page, who may not open the FHIR explorer."""
        return self.in_class and not self.administrator

    @property
    def navigation(self) -> tuple[Link, ...]:
        return self._ehr_links if self.hospital else _developer_links(self.root, self.in_class, self.is_student)

    @property
    def _ehr_links(self) -> tuple[Link, ...]:
        """The links of the EHR pages. Only clinicians have a schedule."""
        today = () if self.person and self.person.patient else (Link("Today", self.ehr),)
        permissions = (Link("Permissions", self.permissions),) if self.permissions else ()
        data = () if self.is_student else (Link("FHIR data", self._explorer_url),)
        developer = (Link("Apps", f"{self.root}/developer"), *data)
        return (*today, Link("Patients", f"{self.ehr}/patients"), *developer, *permissions)

    @property
    def _explorer_url(self) -> str:
        """The FHIR explorer: at the patient whose chart is open, else at the hospital."""
        patient = self.path.partition("?")[0].removeprefix(f"{self.ehr}/patients/").partition("/")[0]
        is_chart = self.path.startswith(f"{self.ehr}/patients/") and patient
        return f"{self.root}/developer/explorer?hospital={self.tenant}" + (f"&patient={patient}" if is_chart else "")


def _developer_links(root: str, in_class: bool, student: bool) -> tuple[Link, ...]:
    return (
        Link("Hospitals", f"{root}/"),
        *((Link("Class", f"{root}/developer/class"),) if in_class else ()),
        Link("Developer portal", f"{root}/developer"),
        *(() if student else (Link("FHIR explorer", f"{root}/developer/explorer"),)),
        Link("Exchanges", f"{root}/exchanges"),
        Link("Doctor", f"{root}/doctor"),
        Link("Rules", f"{root}/rules"),
        Link("Docs", f"{root}/docs/"),
    )


Verdict: TypeAlias = Literal["refused", "warning", "advice"]

VERDICTS: dict[str, Verdict] = {"error": "refused", "warning": "warning", "info": "advice"}
Mark: TypeAlias = Literal["", "bad", "slip", "good", "cut"]
PUNCTUATION = {
    " ": "space",
    ",": "comma",
    "/": "slash",
    ";": "semicolon",
    ":": "colon",
    "+": "plus",
    "\n": "line break",
    "\t": "tab",
    "#": "hash",
    "&": "ampersand",
    "=": "equals sign",
    "%": "per cent",
    "\r": "carriage return",
}
WORDS: dict[Verdict, str] = {"refused": "Refused", "warning": "Warning", "advice": "Advice"}


class FindingView(Struct, frozen=True):
    """number: the same in the list, the table and the plain text. kind: drawn as a square, diamond or circle."""

    number: int
    kind: Verdict
    title: str
    why: str
    fix: str
    rule: str
    spec: str = ""
    spec_href: str = ""
    because: int = 0
    """The number of the finding that causes this one; 0 if it has no other cause."""
    see: tuple[str, ...] = ()
    """Paths of the exchanges and timelines where it began."""
    is_only_possible: bool = False
    """Whether it is one cause of several, which nothing proves. The heading of the page names it."""

    @property
    def word(self) -> str:
        return "Possible cause" if self.is_only_possible else WORDS[self.kind]


def make_finding_views(items: Sequence[Mapping[str, Any]]) -> tuple[FindingView, ...]:
    """Views of the findings of an exchange (`Finding.to_json`), in the same order."""
    numbers = {finding["id"]: number for number, finding in enumerate(items, 1)}
    causes = [numbers.get(finding.get("because") or "", 0) for finding in items]
    return tuple(_finding_view(number, *pair) for number, pair in enumerate(zip(items, causes, strict=True), 1))


def _finding_view(number: int, finding: Mapping[str, Any], because: int) -> FindingView:
    spec = finding.get("spec") or {}
    return FindingView(
        number,
        VERDICTS.get(finding["severity"], "advice"),
        finding["title"],
        finding.get("why", ""),
        finding.get("fix", ""),
        finding["id"],
        spec.get("name", ""),
        spec.get("url", ""),
        because,
        tuple(finding.get("see") or ()),
    )


class TextPiece(Struct, frozen=True):
    """A piece of text and its mark. `cut` is empty: here, characters were removed."""

    text: str
    kind: Mark = ""

    @property
    def spoken(self) -> str:
        """The name of a single punctuation character, for screen readers."""
        return PUNCTUATION.get(self.text, "")


class Chip(Struct, frozen=True):
    """A scope. state: granted, dropped (then `note` is the reason), or "" for a plain name."""

    scope: str
    state: Literal["", "granted", "dropped"] = ""
    note: str = ""


class Choice(Struct, frozen=True):
    """One option of a select, a radio group or a list of checkboxes."""

    value: str
    text: str
    chosen: bool = False
    help: str = ""


def make_initials(name: str) -> str:
    """Two letters for the tile of an app or a person."""
    words = [word for word in name.split() if word[:1].isalnum()] or ["?"]
    return (words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]).upper()
