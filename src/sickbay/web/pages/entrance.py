"""Sign-in, patient picker and consent: what a person sees between an app's question and our answer.

sign_in  POST view.action: csrf, request (hidden, may be ""), and either `account` (a seeded username, one click)
         or username and password.
picker   GET view.action: q, request (search). POST view.action: csrf, request, patient (an id), decision = open | nobody.
consent  POST view.action: csrf, request, scope (one field a ticked box; its value is one or more scopes joined by
         a space), narrow (repeated: a scope that gives a part of a ticked one, or ""), only (the same
         of a row shown unticked, which it ticks), decision = allow | refuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sickbay.protocol.scopes import LaunchScope, PlainScope, ResourceScope, parse
from sickbay.web.pages.parts import Chip, initials


@dataclass(frozen=True, slots=True)
class Account:
    """A seeded account: one click signs in as this user."""

    username: str
    name: str
    role: str = ""
    patient: bool = False

    @property
    def letters(self) -> str:
        return initials(self.name.removeprefix("Dr. "))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """request: what waits for this sign-in. app: its name where an app asks. fault: one sentence, where the last try failed."""

    action: str
    hospital: str
    accounts: tuple[Account, ...] = ()
    request: str = ""
    app: str = ""
    fault: str = ""
    username: str = ""
    allow_accounts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSignInView:
    """POST view.action: csrf, token. where: where the admin token is. fault: one sentence, where the last try failed."""

    action: str
    where: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient to choose. family and given apart, so that the search hit can be marked; note: waiting now, seen today."""

    id: str
    family: str
    given: str
    sex: str = ""
    born: str = ""
    record: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}".strip()

    @property
    def letter(self) -> str:
        return self.sex[:1].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class PickerView:
    """total: of how many patients `candidates` are those that match `query`."""

    action: str
    app: str
    candidates: tuple[Candidate, ...]
    request: str = ""
    query: str = ""
    total: int = 0
    why: str = "launch/patient"
    chosen: str = ""

    @property
    def whole(self) -> bool:
        """Whether everybody is shown who may be chosen, so that a browser can narrow the list by itself."""
        return not self.query and len(self.candidates) >= self.total


@dataclass(frozen=True, slots=True)
class Narrow:
    """A part of what is asked, in words, and the scope that gives that part alone."""

    words: str
    scope: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One box: plain words, and the scopes it stands for. locked: needed, it can't be unticked. narrow: less of it."""

    title: str
    text: str
    scopes: tuple[str, ...]
    locked: bool = False
    ticked: bool = True
    narrow: tuple[Narrow, ...] = ()

    @property
    def value(self) -> str:
        return " ".join(self.scopes)


@dataclass(frozen=True, slots=True)
class AskGroup:
    title: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """dropped: chips with the reason each was left out. goes_to: the redirect URI. request_href: the exchange, if any."""

    action: str
    app: str
    groups: tuple[AskGroup, ...]
    goes_to: str
    request: str = ""
    patient: str = ""
    user: str = ""
    about: str = ""
    dropped: tuple[Chip, ...] = ()
    request_href: str = ""
    manage_href: str = ""

    @property
    def total(self) -> int:
        return sum(len(group.asks) for group in self.groups)

    @property
    def ticked(self) -> int:
        return sum(ask.ticked for group in self.groups for ask in group.asks)

    @property
    def letters(self) -> str:
        return initials(self.app)

    @property
    def question(self) -> str:
        if self.patient:
            return f"May {self.app} open {self.patient}’s record?"
        return f"May {self.app} act for you?"


TYPES = {
    "Patient": ("Who it is", "Name, birth date, sex, address, telephone."),
    "Observation": ("Measurements and results", "Blood pressure, weight, laboratory values."),
    "Condition": ("Problems and diagnoses", "What was found, and since when."),
    "MedicationRequest": ("Prescriptions", "Medicines, doses, who ordered them."),
    "MedicationOrder": ("Prescriptions", "Medicines, doses, who ordered them."),
    "MedicationDispense": ("Medicines handed out", "What a pharmacy gave, how much, and when."),
    "MedicationStatement": ("Medicines taken", "What is taken, as far as it was reported."),
    "AllergyIntolerance": ("Allergies", "What is not tolerated, and how badly."),
    "Appointment": ("Appointments", "When, with whom, and why."),
    "Encounter": ("Visits and stays", "When, where, and with whom."),
    "Immunization": ("Vaccinations", "Which, and when."),
    "Procedure": ("Procedures", "What was done, and when."),
    "DiagnosticReport": ("Reports", "Laboratory and imaging reports."),
    "DocumentReference": ("Documents", "Letters and notes."),
    "QuestionnaireResponse": ("Questionnaires", "What was asked, and what was answered."),
    "Specimen": ("Specimens", "What was taken for the laboratory, and when."),
    "Practitioner": ("Who works here", "Names and roles of staff."),
    "Organization": ("Departments and hospitals", "Names and addresses."),
    "*": ("Everything", "All that is in the record, of every kind."),
}
PLAIN = {
    "openid": ("That it is you", "A number of yours, the same each time."),
    "fhirUser": ("Who you are here", "Your name and your role, as this hospital has them."),
    "profile": ("Who you are here, in the older way", "The same, for apps of the first SMART."),
    "online_access": ("While you are signed in", "The app may go on until you sign out."),
    "offline_access": ("Also when you are away", "The app may go on without you, until you take this back."),
}
LAUNCHES = {
    "launch": "Which chart is open",
    "launch/patient": "Whose record you choose",
    "launch/encounter": "Which visit it is",
}


def ask_groups(scopes: Iterable[str], patient: str = "", user: str = "") -> tuple[AskGroup, ...]:
    """Scopes that may be granted, in plain words: from the record, from all records, about you, about this launch."""
    given = tuple(dict.fromkeys(scopes))
    read = [(text, parse(text)) for text in given]
    by_level = {
        level: tuple(_resource(one) for _, one in read if isinstance(one, ResourceScope) and one.level == level)
        for level in ("patient", "user", "system")
    }
    launch = tuple(one.text for _, one in read if isinstance(one, LaunchScope))
    groups = (
        AskGroup(f"From the record of {patient}" if patient else "From one patient’s record", by_level["patient"]),
        AskGroup("From all records that you may see", by_level["user"]),
        AskGroup("From the whole hospital", by_level["system"]),
        AskGroup(f"About you, {user}" if user else "About you", _about_you(one for _, one in read)),
        AskGroup("About this launch", _launch(launch)),
    )
    return tuple(group for group in groups if group.asks)


def _resource(scope: ResourceScope) -> Ask:
    title, text = TYPES.get(scope.type, (scope.type, f"Resources of the type {scope.type}."))
    if scope.filters:
        text += (
            " Only those with "
            + ", ".join(f"{name} {value.rpartition('|')[2] or value}" for name, value in scope.filters)
            + "."
        )
    return Ask(title, f"{text} {_verbs(scope.letters)}", (scope.text,))


def _verbs(letters: str) -> str:
    said = {"c": "add", "r": "read", "u": "change", "d": "delete", "s": "search"}
    verbs = [said[letter] for letter in "rscud" if letter in letters]
    if verbs in (["read"], ["read", "search"]):
        return "To read only."
    if verbs == ["search"]:
        return "To search only."
    return "To " + ", ".join(verbs[:-1]) + (" and " if verbs[1:] else "") + verbs[-1] + "."


def _about_you(scopes: Iterable[object]) -> tuple[Ask, ...]:
    return tuple(Ask(*PLAIN[one.text], (one.text,)) for one in scopes if isinstance(one, PlainScope))


def _launch(scopes: tuple[str, ...]) -> tuple[Ask, ...]:
    needed = "Without it the app does not know what you have open."
    return tuple(Ask(LAUNCHES.get(one, "What is open beside it"), needed, (one,)) for one in scopes)
