"""A patient's history, independent of any FHIR version. A renderer makes resources of it."""

from __future__ import annotations

import datetime
from typing import Literal, TypeAlias

from msgspec import Struct, field

from sickbay.population.codings import UNKNOWN, Coding, Concept

END = datetime.date(2026, 11, 20)
"""The last day of every record. Histories depend on the seed and this day, never on the current date."""

Category: TypeAlias = Literal["food", "medication", "environment"]
Criticality: TypeAlias = Literal["low", "high"]
Severity: TypeAlias = Literal["mild", "moderate", "severe"]
Kind: TypeAlias = Literal[
    "vital-signs",
    "laboratory",
    "social-history",
    "survey",
    "exam",
    "sdoh",
    "living",
    "household",
    "imaging",
    "clinical-test",
    "functional",
    "disability",
    "cognitive",
    "activity",
    "alcohol",
    "treatment-preference",
    "care-preference",
    "directive",
]
"""The kind of an observation; a renderer derives its categories from it."""
Setting: TypeAlias = Literal["ambulatory", "emergency", "inpatient"]


class Person(Struct, frozen=True):
    """A patient's identity. `number` is the k of "the k-th patient"; seed and number determine everything else."""

    number: int
    given: tuple[str, ...]
    family: str
    sex: Literal["female", "male"]
    born: datetime.date
    race: Coding
    ethnicity: Coding
    phone: str
    street: str
    city: str
    postal: str
    record_number: str
    practitioner: str
    married: bool = False
    language: Coding = Coding("urn:ietf:bcp:47", "en", "English")
    contact: str | None = None
    died: datetime.date | None = None
    gender: Literal["other", "unknown"] | None = None
    """The recorded gender, if it differs from `sex`."""
    born_as: Literal["day", "month", "year"] = "day"
    """The precision of the birth date."""
    plan: str = "Harbour Health"
    """The payer."""
    suffix: str | None = None
    former_family: tuple[str, datetime.date] | None = None
    """A former family name, and the day until which it was used."""
    former_home: tuple[str, str, str, datetime.date] | None = None
    """Street, city and postal code of the former home, and the day of the move."""
    tribe: Coding | None = None
    identity_asked: bool = False
    """Whether the record has the gender identity; it is the same as the sex at birth."""
    interpreter: bool | None = None
    """Whether an interpreter is needed; None if the record doesn't say."""

    @property
    def last(self) -> datetime.date:
        """The last day of the record."""
        return min(self.died, END) if self.died else END

    @property
    def id(self) -> str:
        return f"p-{self.number:04d}"

    @property
    def name(self) -> str:
        return f"{self.given[0]} {self.family}"

    def age(self, day: datetime.date) -> float:
        """Returns the age in years on a day, as a fraction."""
        return (day - self.born).days / 365.2425


class Visit(Struct, frozen=True):
    """One finished encounter. `start` is UTC."""

    number: int
    start: datetime.datetime
    minutes: int
    kind: Concept
    practitioner: str
    location: str
    reason: Concept | None = None
    setting: Setting = "ambulatory"
    problem: int | None = None
    """The number of the problem that the visit is for, if an earlier visit recorded it."""

    @property
    def end(self) -> datetime.datetime:
        return self.start + datetime.timedelta(minutes=self.minutes)

    @property
    def day(self) -> datetime.date:
        return self.start.date()


class Condition(Struct, frozen=True):
    """A condition. `lasting` ones are on the problem list; the others are a visit's diagnosis."""

    number: int
    concept: Concept
    onset: datetime.date
    recorded: datetime.date
    visit: int | None
    lasting: bool = True
    over: datetime.date | None = None
    site: Concept | None = None
    wrong: bool = False
    """Entered in error."""
    vague: bool = False
    """Only the year of the onset is known."""
    social: bool = False
    """A health concern about living conditions (SDOH), not a disease."""


class Allergy(Struct, frozen=True):
    """An allergy. `since` may be only a year. An entry without a reaction means "no known allergies"."""

    number: int
    concept: Concept
    category: Category | None
    criticality: Criticality | None
    reaction: Concept | None
    severity: Severity | None
    since: str | None
    recorded: datetime.date


class Drug(Struct, frozen=True):
    """A drug and how it is taken: `dose` of `form`, `times` a day."""

    concept: Concept
    dose: float
    form: str
    taken: str
    times: int
    when_needed: bool
    route: Concept


class Prescription(Struct, frozen=True):
    """An order for a drug, from its start to its end if it has ended."""

    number: int
    drug: Drug
    start: datetime.date
    visit: int | None
    prescriber: str
    problem: int | None = None
    end: datetime.date | None = None
    finished: bool = False
    """Whether it ended as planned (completed) instead of being stopped."""
    adherence: tuple[Concept, datetime.date] | None = None
    """Whether the patient takes it as prescribed, and the day on which the patient was asked."""


class Measure(Struct, frozen=True):
    """Something that can be measured: codes, unit, decimals, and the reference ranges for adult women and men."""

    key: str
    concept: Concept
    kind: Kind
    unit: str = ""
    ucum: str = ""
    digits: int = 0
    spread: float = 0.0
    female: tuple[float | None, float | None] | None = None
    male: tuple[float | None, float | None] | None = None
    profile: str = ""

    def range(self, sex: str) -> tuple[float | None, float | None] | None:
        return self.female if sex == "female" else self.male


class Observation(Struct, frozen=True):
    """One observation: a number, a concept, or parts (systolic and diastolic)."""

    number: int
    measure: Measure
    at: datetime.datetime
    value: float | None = None
    concept: Concept | None = None
    parts: tuple[tuple[Measure, float | Concept | None], ...] = ()
    """Components; a value of None means that the component was not obtained."""
    visit: int | None = None
    performer: str | None = None
    """A practitioner's id; None if the patient measured it at home."""
    wrong: bool = False
    """Entered in error."""
    absent: bool = False
    """Whether the value is missing."""
    why: Coding = UNKNOWN
    """The reason for a missing value."""
    text: str | None = None
    flag: bool | None = None
    members: tuple[int, ...] = ()
    """The numbers of the observations in a panel."""
    derived: tuple[int, ...] = ()
    """The numbers of the observations that it was derived from."""
    since: datetime.datetime | None = None
    """The start, if it covers a period. The period ends at `at`, unless it is `open`."""
    open: bool = False
    note: int | None = None
    """The number of the document that it refers to."""


class Vaccination(Struct, frozen=True):
    """One dose at a visit."""

    number: int
    vaccine: Concept
    visit: Visit
    lot: str
    refused: bool = False
    """Offered but not given."""
    remembered: bool = False
    """Reported by the patient: given elsewhere on an unknown day."""


class ServiceRequest(Struct, frozen=True):
    """A request for an image, an examination, an operation or a service. kind: SNOMED CT, as US Core groups requests."""

    number: int
    concept: Concept
    kind: Concept
    visit: Visit
    problem: int | None = None
    until: datetime.date | None = None
    """The last day, if the request covers a period."""
    social: bool = False
    """Whether it requests a social service."""


class Procedure(Struct, frozen=True):
    """A completed procedure at a visit: `start`, and its length in minutes. device: the number of the placed implant."""

    number: int
    concept: Concept
    start: datetime.datetime
    minutes: int
    visit: Visit
    problem: int | None = None
    request: int | None = None
    site: Concept | None = None
    device: int | None = None


class Report(Struct, frozen=True):
    """A report of a laboratory or a specialist. kind: the code of the diagnostic service in HL7 table 0074."""

    number: int
    concept: Concept
    kind: Literal["LAB", "RAD", "CUS", "PF", "OTH", "PAT"]
    visit: Visit
    at: datetime.datetime
    readings: tuple[int, ...] = ()
    conclusion: str | None = None
    request: int | None = None
    note: int | None = None
    """The number of the document with the same text."""


class Goal(Struct, frozen=True):
    """A goal for a problem. If it is a number, `measure` has to be at least `low`, or at most `high`."""

    number: int
    text: str
    start: datetime.date
    problem: int
    measure: Measure | None = None
    low: float | None = None
    high: float | None = None
    finding: Concept | None = None


class CarePlan(Struct, frozen=True):
    """A plan of care for one problem: the steps, and the numbers of its goals."""

    number: int
    title: str
    start: datetime.date
    problem: int
    steps: tuple[Concept, ...]
    goals: tuple[int, ...]


class Note(Struct, frozen=True):
    """A document about one visit. kind: LOINC."""

    number: int
    kind: Concept
    visit: Visit
    text: str
    printed: bool = False
    """PDF if true, plain text if false."""
    inline: bool = False
    """Whether the content is part of the DocumentReference instead of a separate Binary."""
    directive: bool = False
    """Whether it is an advance directive."""


class Implant(Struct, frozen=True):
    """A device in the body. serial is invented and identifies no real device."""

    number: int
    concept: Concept
    serial: str
    since: datetime.date


class MedicationStatement(Struct, frozen=True):
    """A drug that the patient reports at a visit, bought without a prescription. stopped: the day, and why."""

    number: int
    drug: Drug
    since: datetime.date
    reported: datetime.date
    visit: int
    stopped: tuple[datetime.date, str] | None = None


class AppTask(Struct, frozen=True):
    """A request to launch an app, made at a visit. do: the hospital's own code; context: the JSON that the app receives."""

    number: int
    do: str
    text: str
    app: str
    context: str
    visit: Visit
    problem: int


class PatientHistory(Struct):
    """A whole record, in chronological order."""

    person: Person
    visits: list[Visit] = field(default_factory=list)
    problems: list[Condition] = field(default_factory=list)
    allergies: list[Allergy] = field(default_factory=list)
    prescriptions: list[Prescription] = field(default_factory=list)
    readings: list[Observation] = field(default_factory=list)
    vaccinations: list[Vaccination] = field(default_factory=list)
    requests: list[ServiceRequest] = field(default_factory=list)
    procedures: list[Procedure] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    plans: list[CarePlan] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    implants: list[Implant] = field(default_factory=list)
    statements: list[MedicationStatement] = field(default_factory=list)
    app_tasks: list[AppTask] = field(default_factory=list)
