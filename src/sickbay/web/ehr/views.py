"""The pages of a hospital's EHR, for clinicians and patients: schedule, patient list, chart.

day       GET {ehr}?date=2026-11-24. patients  GET {ehr}/patients?q= (name, birth date or record number).
chart     GET {ehr}/patients/{id}?app={app_id}: opens that app in the frame.
sign out  POST {ehr}/sign-out: csrf (the button in the bar).
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from sickbay.services.journal.outcomes import Outcome
from sickbay.web.pages.parts import Link, make_initials

State: TypeAlias = Literal["done", "here", "booked", "off"]


class AppointmentRow(Struct, frozen=True):
    """One appointment. start: "10:30". length: "30 min". state: the symbol. word: the state in words."""

    start: str
    length: str
    state: State
    word: str
    name: str
    who: str
    reason: str
    href: str = ""
    to_do: str = ""
    """The instruction of a Task to the clinician."""


class PatientRow(Struct, frozen=True):
    """One line of the patient list: "Peters, Timothy", "14 Mar 1961", record number."""

    name: str
    href: str
    born: str
    record: str = ""
    sex: str = ""


class PatientsView(Struct, frozen=True, kw_only=True):
    """search: the address of the search (q). more: the next page, "" on the last. first: the first page, "" on the first."""

    search: str
    rows: tuple[PatientRow, ...]
    total: int
    query: str = ""
    more: str = ""
    first: str = ""


class DayView(Struct, frozen=True, kw_only=True):
    """before: how many visits are above the line for now; None on other days. now: "10:24"."""

    title: str
    summary: str
    visits: tuple[AppointmentRow, ...]
    patients: PatientsView
    before: int | None = None
    now: str = ""
    previous: str = ""
    following: str = ""
    today: str = ""


class Fact(Struct, frozen=True):
    """One line of the chart. more: since when or how often. alarm: a warning in amber."""

    text: str
    detail: str = ""
    more: str = ""
    alarm: str = ""


class Allergies(Struct, frozen=True):
    """known: the severe ones first. statement: what the record says about having none; "" if it says nothing."""

    known: tuple[Fact, ...] = ()
    statement: str = ""


class BloodPressure(Struct, frozen=True):
    """One blood pressure in mmHg. day: ISO date. label: on the axis ("Nov")."""

    day: str
    label: str
    systolic: float
    diastolic: float


class Sign(Struct, frozen=True):
    """The latest value of a vital sign: "76", "pulse /min"."""

    value: str
    unit: str


class Lab(Struct, frozen=True):
    """One laboratory value over time. low, high: its reference range, None if unknown."""

    name: str
    value: str
    unit: str
    course: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    flag: Literal["", "H", "L"] = ""


class Banner(Struct, frozen=True):
    """The patient: PETERS, Timothy."""

    family: str
    given: str
    born: str
    age: str
    sex: str
    record: str
    visit: str = ""
    visit_detail: str = ""
    allergies: Allergies = Allergies()


class Tile(Struct, frozen=True):
    """An app next to the chart. href: opens it in the frame. note: a short remark."""

    app_id: str
    name: str
    href: str
    note: str = ""
    open: bool = False
    tone: Literal["", "g", "y", "n"] = ""
    is_favourite: bool = False

    @property
    def initials(self) -> str:
        return make_initials(self.name)


class TaskLink(Struct, frozen=True):
    """A Task or a link that opens an app. href: "" if nothing can open it. note: the reason, or the name of the app."""

    text: str
    href: str = ""
    note: str = ""
    new_tab: bool = False
    """Whether the task opens at its own address, in a new tab."""
    open: bool = False


class Suggestion(Struct, frozen=True):
    """A CDS Hooks card: what an app suggests, how urgent it is, who suggests it, and its links."""

    summary: str
    indicator: Literal["info", "warning", "critical"]
    source: str
    detail: str = ""
    links: tuple[TaskLink, ...] = ()

    @property
    def word(self) -> str:
        return {"info": "For information", "warning": "Warning", "critical": "Critical"}[self.indicator]


class RequestLine(Struct, frozen=True):
    """One request of the open app: time, method, path, status, and the page of its exchange.

    kind: how it ended, which the status alone doesn't show: a redirect can have an error. problem: why it was refused,
    or a warning. probably: why it probably belongs to the launch; "" if it names it.
    """

    at: str
    method: str
    path: str
    status: int
    href: str = ""
    kind: Outcome = "passed"
    problem: str = ""
    probably: str = ""


class CountedProblem(NamedTuple):
    """The number of failed requests, and a link to the explanation. href: "" if there is none."""

    text: str
    href: str
    kind: Literal["refused", "warning", "stalled"]


class RequestsView(Struct, frozen=True, kw_only=True):
    """The list of requests below the frame, which is refreshed while the app is open (template `requests`).

    waits: what the launch has waited for longer than usual, and what to check; "" if there is nothing to say.
    """

    requests: tuple[RequestLine, ...] = ()
    heading: str = ""
    problems: tuple[CountedProblem, ...] = ()
    timeline: str = ""
    waits: str = ""


class OpenApp(Struct, frozen=True, kw_only=True):
    """src: the address of the frame, which creates the launch. tab: for a new tab. live: the fragment `requests`."""

    name: str
    src: str
    app_id: str = ""
    origin: str = ""
    tab: str = ""
    close: str = ""
    live: str = ""
    probe: str = ""
    """Our page under another host name, which tests whether embedded pages can store data; "" if not needed."""
    timeline: str = ""
    settings: str = ""
    """The page where the administrator changes the attributes of the frame."""
    exchanges: str = ""
    """All exchanges of this app, for the administrator."""
    sandbox: str = ""
    """The attribute of the frame; "" for a frame without it."""
    allow: str = ""
    size: str = "fill"
    strip: RequestsView = RequestsView()

    @property
    def initials(self) -> str:
        return make_initials(self.name)


class ChartView(Struct, frozen=True, kw_only=True):
    banner: Banner
    tiles: tuple[Tile, ...] = ()
    others: tuple[Link, ...] = ()
    """The sample app for other FHIR versions than the chart's."""
    apps_total: int = 0
    """How many apps there are, or match the search."""
    apps_searched: str = ""
    has_many_apps: bool = False
    """There are more apps than tiles, so the chart has a search and favourites."""
    register: Link | None = None
    suggestions: tuple[Suggestion, ...] = ()
    tasks: tuple[TaskLink, ...] = ()
    open: OpenApp | None = None
    pressure: tuple[BloodPressure, ...] = ()
    signs: tuple[Sign, ...] = ()
    problems: tuple[Fact, ...] = ()
    medications: tuple[Fact, ...] = ()
    labs: tuple[Lab, ...] = ()
    labs_day: str = ""
    searched: str = ""
    """The observations that were searched; "" if these are all."""
