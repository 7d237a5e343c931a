"""The ward: the day, the patients, the chart. What clinicians and patients see of the hospital.

day       GET {ward}?date=2026-11-24. patients  GET {ward}/patients?q= (name, birth date or record number).
chart     GET {ward}/patients/{id}?app={app_id}: opens that app in the frame.
sign out  POST {ward}/sign-out: csrf (the button in the bar).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sickbay.web.pages.frame import Link
from sickbay.web.pages.parts import initials

State: TypeAlias = Literal["done", "here", "booked", "off"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment. start: "10:30"; length: "30 min"; state: its pin; word: what is said of it."""

    start: str
    length: str
    state: State
    word: str
    name: str
    who: str
    reason: str
    href: str = ""
    to_do: str = ""
    """What a Task asks for, with an app."""


@dataclass(frozen=True, slots=True)
class PatientRow:
    """A line of the patient list: "Peters, Timothy", "14 Mar 1961", record number."""

    name: str
    href: str
    born: str
    record: str = ""
    sex: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsView:
    """search: the address that takes q. more: the next page, if any; first: the way back to the first."""

    search: str
    rows: tuple[PatientRow, ...]
    total: int
    query: str = ""
    more: str = ""
    first: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """before: how many visits stand above the now-line; None where it is another day. now: "10:24"."""

    title: str
    summary: str
    visits: tuple[Visit, ...]
    patients: PatientsView
    before: int | None = None
    now: str = ""
    previous: str = ""
    following: str = ""
    today: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the chart: what, a small addition, since when or how often. alarm: said in amber."""

    text: str
    detail: str = ""
    more: str = ""
    alarm: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One blood pressure: ISO day, label of the axis ("Nov"), mmHg."""

    day: str
    label: str
    systolic: float
    diastolic: float


@dataclass(frozen=True, slots=True)
class Sign:
    """A last vital sign: "76", "pulse /min"."""

    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class Lab:
    """The course of one laboratory value; low and high: its reference range, None where there is none."""

    name: str
    value: str
    unit: str
    course: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    flag: Literal["", "H", "L"] = ""


@dataclass(frozen=True, slots=True)
class Banner:
    """Whose record: PETERS, Timothy. allergies: the alarming ones first; () says No known allergies."""

    family: str
    given: str
    born: str
    age: str
    sex: str
    record: str
    visit: str = ""
    visit_detail: str = ""
    allergies: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """An app beside the chart. href opens it in the frame; note: one truth about it."""

    app_id: str
    name: str
    href: str
    note: str = ""
    open: bool = False
    tone: Literal["", "g", "y", "n"] = ""

    @property
    def letters(self) -> str:
        return initials(self.name)


@dataclass(frozen=True, slots=True)
class Errand:
    """A Task or a link that leads to an app. href: what opens it, "" where nothing can; note: why not, or the app's name."""

    text: str
    href: str = ""
    note: str = ""
    alone: bool = False
    """It is opened by its own address, in a tab."""
    open: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A card of CDS Hooks: what an app suggests, how much it matters, whose word it is, and what it leads to."""

    summary: str
    indicator: Literal["info", "warning", "critical"]
    source: str
    detail: str = ""
    links: tuple[Errand, ...] = ()

    @property
    def word(self) -> str:
        return {"info": "For information", "warning": "Warning", "critical": "Critical"}[self.indicator]


@dataclass(frozen=True, slots=True)
class Line:
    """One request of the open app: time, method, path, status, milliseconds, its exchange."""

    at: str
    method: str
    path: str
    status: int
    took: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApp:
    """src: where the frame goes (an address that makes the launch). tab: the same for a new tab. live: fragment `requests`."""

    name: str
    src: str
    origin: str = ""
    tab: str = ""
    close: str = ""
    live: str = ""
    probe: str = ""
    """A page of ours of another site, which tells whether this browser lets such a one store; "" where there is none."""
    timeline: str = ""
    requests: tuple[Line, ...] = ()
    said: str = ""
    summary: str = ""

    @property
    def letters(self) -> str:
        return initials(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    banner: Banner
    tiles: tuple[Tile, ...] = ()
    others: tuple[Link, ...] = ()
    """The sample app in other versions of FHIR than the chart's."""
    register: Link | None = None
    suggestions: tuple[Suggestion, ...] = ()
    errands: tuple[Errand, ...] = ()
    open: OpenApp | None = None
    pressure: tuple[Reading, ...] = ()
    signs: tuple[Sign, ...] = ()
    problems: tuple[Fact, ...] = ()
    medications: tuple[Fact, ...] = ()
    allergies: tuple[Fact, ...] = ()
    labs: tuple[Lab, ...] = ()
    labs_day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsView:
    """The fragment below the frame, as it is fetched again while the app is open (template `requests`)."""

    requests: tuple[Line, ...]
    said: str
    summary: str = ""
    timeline: str = ""
