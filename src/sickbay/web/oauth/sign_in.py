"""Sign-in, patient picker and consent: the pages between an authorization request and its response.

sign_in  POST view.action: csrf, request (hidden, may be ""), and either `account` (a seeded username, one click)
         or username and password.
picker   GET view.action: q, request (search). POST view.action: csrf, request, patient (an id), decision = open | nobody.
consent  POST view.action: csrf, request, scope (one field per ticked box; its value is one or more scopes, separated
         by spaces), narrow (repeated: a scope for a part of a ticked one, or ""), only (the same in a row shown
         unticked, which it ticks), decision = allow | refuse.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from sickbay.kernel.english import join
from sickbay.protocol.scopes import LaunchScope, PlainScope, ResourceScope, parse
from sickbay.web.pages.parts import Chip, make_initials


class Account(Struct, frozen=True):
    """A built-in account, for signing in with one click."""

    username: str
    name: str
    role: str = ""
    patient: bool = False

    @property
    def initials(self) -> str:
        return make_initials(self.name.removeprefix("Dr. "))


class SignInView(Struct, frozen=True, kw_only=True):
    """request: the authorization that needs this sign-in. app: the name of its app. fault: why the last attempt failed."""

    action: str
    hospital: str
    accounts: tuple[Account, ...] = ()
    request: str = ""
    app: str = ""
    fault: str = ""
    username: str = ""
    allow_accounts: bool = True


class AdminSignInView(Struct, frozen=True, kw_only=True):
    """POST view.action: csrf, token. where: a sentence on where to find the token. fault: why the last attempt failed."""

    action: str
    where: str
    fault: str = ""


class Candidate(Struct, frozen=True):
    """A patient to choose. family, given: separate, so that the page can mark search hits."""

    id: str
    family: str
    given: str
    sex: str = ""
    born: str = ""
    record: str = ""

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}".strip()

    @property
    def letter(self) -> str:
        return self.sex[:1].lower()


class PickerView(Struct, frozen=True, kw_only=True):
    """candidates: the patients shown, of `total` that match `query`."""

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
        """Whether all patients are shown, so that the browser can filter the list."""
        return not self.query and len(self.candidates) >= self.total


class ScopePart(Struct, frozen=True):
    """A part of a requested scope, in words, and the scope that grants only this part."""

    words: str
    scope: str
    chosen: bool = False


class ConsentItem(Struct, frozen=True):
    """One checkbox: its label and the scopes it grants. locked: it can't be unticked. narrow: parts to choose instead."""

    title: str
    text: str
    scopes: tuple[str, ...]
    locked: bool = False
    ticked: bool = True
    narrow: tuple[ScopePart, ...] = ()

    @property
    def value(self) -> str:
        return " ".join(self.scopes)

    @property
    def is_limited(self) -> bool:
        return any(part.chosen for part in self.narrow)


class ConsentGroup(Struct, frozen=True):
    title: str
    items: tuple[ConsentItem, ...]


class ConsentView(Struct, frozen=True, kw_only=True):
    """dropped: scopes that can't be granted, with the reasons. goes_to: the redirect URI. request_href: the exchange."""

    action: str
    app: str
    groups: tuple[ConsentGroup, ...]
    goes_to: str
    request: str = ""
    patient: str = ""
    user: str = ""
    about: str = ""
    dropped: tuple[Chip, ...] = ()
    request_href: str = ""
    manage_href: str = ""
    client_host: str = ""
    """The host of the client's metadata document; "" for a registered app."""
    redirect_host: str = ""
    on_this_machine: bool = False
    """Whether all redirect URIs are on the user's machine, so that another program there could pass for the client."""
    resource: str = ""
    """The server that the token is for, if it isn't a FHIR base."""

    @property
    def total(self) -> int:
        return sum(len(group.items) for group in self.groups)

    @property
    def ticked(self) -> int:
        return sum(item.ticked for group in self.groups for item in group.items)

    @property
    def initials(self) -> str:
        return make_initials(self.app)

    @property
    def question(self) -> str:
        if self.patient:
            return f"Allow {self.app} to access {self.patient}’s record?"
        return f"Allow {self.app} to access your account?"


TYPES = {
    "Patient": ("Personal details", "Name, birth date, sex, address, phone number."),
    "Observation": ("Measurements and lab results", "Such as blood pressure, weight and blood tests."),
    "Condition": ("Problems and diagnoses", "Current and past conditions."),
    "MedicationRequest": ("Prescriptions", "Medications, doses, and who prescribed them."),
    "MedicationOrder": ("Prescriptions", "Medications, doses, and who prescribed them."),
    "MedicationDispense": ("Dispensed medications", "What a pharmacy dispensed, how much, and when."),
    "MedicationStatement": ("Medications taken", "What the patient reported taking."),
    "AllergyIntolerance": ("Allergies", "Allergies and intolerances, and how severe they are."),
    "Appointment": ("Appointments", "Date, clinician and reason."),
    "Encounter": ("Visits and hospital stays", "Date, place and clinician."),
    "Immunization": ("Vaccinations", "Vaccines and dates."),
    "Procedure": ("Procedures", "Such as operations, and their dates."),
    "DiagnosticReport": ("Reports", "Lab and imaging reports."),
    "DocumentReference": ("Documents", "Letters and notes."),
    "QuestionnaireResponse": ("Questionnaires", "Questions and answers."),
    "Specimen": ("Specimens", "Samples taken for the lab, and their dates."),
    "Practitioner": ("Staff", "Names and roles of clinicians."),
    "Organization": ("Departments and hospitals", "Names and addresses."),
    "*": ("Everything", "All types of data."),
}
PLAIN = {
    "openid": ("Your identity", "A stable account ID."),
    "fhirUser": ("Your profile", "Your name and role at this hospital."),
    "profile": ("Your profile (older scope)", "Your name and role, for SMART 1 apps."),
    "online_access": ("Access while you’re signed in", "Keeps access until you sign out."),
    "offline_access": ("Offline access", "Keeps access when you’re not using it, until you revoke it."),
}
LAUNCHES = {
    "launch": ("Current patient", "Tells the app whose chart is open."),
    "launch/patient": ("Selected patient", "Tells the app which patient you selected."),
    "launch/encounter": ("Selected visit", "Tells the app which visit you selected."),
}


def consent_groups(scopes: Iterable[str], patient: str = "", user: str = "") -> tuple[ConsentGroup, ...]:
    """Grantable scopes in plain words, grouped: one record, all records, the user, the launch."""
    parsed = [parse(text) for text in dict.fromkeys(scopes)]
    by_level = {
        level: tuple(_resource_item(scope) for scope in parsed if isinstance(scope, ResourceScope) and scope.level == level)
        for level in ("patient", "user", "system")
    }
    launch = tuple(scope.text for scope in parsed if isinstance(scope, LaunchScope))
    groups = (
        ConsentGroup(f"{patient}’s record" if patient else "One patient’s record", by_level["patient"]),
        ConsentGroup("All records that you can see", by_level["user"]),
        ConsentGroup("The whole hospital", by_level["system"]),
        ConsentGroup(f"Your account, {user}" if user else "Your account", _list_identity_items(parsed)),
        ConsentGroup("This launch", _launch_items(launch)),
    )
    return tuple(group for group in groups if group.items)


def _resource_item(scope: ResourceScope) -> ConsentItem:
    title, text = TYPES.get(scope.type, (scope.type, f"Resources of type {scope.type}."))
    if scope.filters:
        filters = join([f"{name} {value.rpartition('|')[2] or value}" for name, value in scope.filters])
        text += f" Only those with {filters}."
    return ConsentItem(title, f"{text} {_verbs_for_letters(scope.letters)}", (scope.text,))


def _verbs_for_letters(letters: str) -> str:
    names = {"c": "add", "r": "read", "u": "change", "d": "delete", "s": "search"}
    verbs = [names[letter] for letter in "rscud" if letter in letters]
    if verbs in (["read"], ["read", "search"]):
        return "Read only."
    if verbs == ["search"]:
        return "Search only."
    return f"{join(verbs).capitalize()}."


def _list_identity_items(scopes: Iterable[object]) -> tuple[ConsentItem, ...]:
    return tuple(ConsentItem(*PLAIN[scope.text], (scope.text,)) for scope in scopes if isinstance(scope, PlainScope))


def _launch_items(scopes: tuple[str, ...]) -> tuple[ConsentItem, ...]:
    other = ("Other launch context", "Tells the app what else you selected.")
    return tuple(ConsentItem(*LAUNCHES.get(scope, other), (scope,)) for scope in scopes)
