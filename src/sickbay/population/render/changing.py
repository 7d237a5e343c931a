"""What DSTU2, STU3, R4B and R5 share: a record is R4's, changed by type where the version differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sickbay.population.calendar import Booking, Slot
from sickbay.population.patient_history import PatientHistory
from sickbay.population.render import r4
from sickbay.population.render.common import Json
from sickbay.population.staff import Practitioner

Change = Callable[[Json], Json]


class Renderer:
    """changes: resource type -> a function from R4's resource to the version's, None: the version has no such type.

    every: what is done to each value, last; not to the types of `plain`, whose function has done it.
    """

    def __init__(
        self,
        changes: Mapping[str, Change | None],
        every: Callable[[Any], Any] = lambda value: value,
        plain: frozenset[str] = frozenset(),
    ) -> None:
        self._changes = changes
        self._every = every
        self._plain = plain

    def hospital(self) -> Iterator[Json]:
        yield from map(self._changed, self._kept(r4.hospital()))

    def record(self, life: PatientHistory) -> Iterator[Json]:
        yield from map(self._changed, self._kept(r4.record(life)))

    def panel(self, who: Practitioner, patients: Sequence[str]) -> Json:
        return self._changed(r4.panel(who, patients))

    def slot(self, slot: Slot) -> Json:
        return self._changed(r4.slot(slot))

    def appointment(self, booking: Booking) -> Json:
        return self._changed(r4.appointment(booking))

    def _kept(self, resources: Iterator[Json]) -> Iterator[Json]:
        return (one for one in resources if self._changes.get(one["resourceType"], _as_it_is) is not None)

    def _changed(self, resource: Json) -> Json:
        """The profiles that R4 names are R4's, so they are left out."""
        kind = resource["resourceType"]
        change = self._changes.get(kind) or _as_it_is
        found = change({key: value for key, value in resource.items() if key != "meta"})
        return found if kind in self._plain else dict(self._every(found))


def _as_it_is(one: Json) -> Json:
    return one


TERMS = "http://terminology.hl7.org/CodeSystem/"
_LATER = frozenset({"PHOccupationalDataForHealthODH"})
"""Code systems that never had another name."""
HL7 = "http://hl7.org/fhir/"


def systems_below(other: Mapping[str, str]) -> Callable[[Any], Any]:
    """Before R4 the code systems were named below hl7.org/fhir itself: v3/ActCode, v2/0203, observation-category.

    other: those that had yet another name there.
    """

    @cache
    def system(name: str) -> str:
        if not name.startswith(TERMS):
            return name
        local = name.removeprefix(TERMS)
        if local in _LATER:
            return name
        return HL7 + other.get(local, local.replace("-", "/", 1) if local.startswith(("v2-", "v3-")) else local)

    def systems(value: Any) -> Any:
        if isinstance(value, list):
            return [systems(one) for one in value]
        if isinstance(value, dict):
            return {key: system(one) if key == "system" else systems(one) for key, one in value.items()}
        return value

    return systems


def code_of(concept: Json) -> str:
    return str(concept["coding"][0]["code"])


def renamed(resource: Json, **names: str) -> Json:
    """With other names for some elements (`subject="patient"`), the order kept."""
    return {names.get(key, key): value for key, value in resource.items()}


def without(value: Json, *names: str) -> Json:
    return {key: one for key, one in value.items() if key not in names}


def care_team_before(team: Json) -> list[Json]:
    """Participants with one role each. Before R4 a member was a person, never a role of one."""
    found = []
    for each in team["participant"]:
        member = each["member"]
        role = member["reference"].removeprefix("PractitionerRole/role-")
        if role != member["reference"]:
            member = {**member, "reference": f"Practitioner/{role}"}
        found.append({"role": each["role"][0], "member": member})
    return found


def pictured_before(report: Json) -> Json:
    """media was called image; nobody interpreted the results."""
    return renamed(without(report, "resultsInterpreter"), media="image")


def aimed(goal: Json) -> str:
    """The status of a goal before R4, which had no life cycle yet."""
    return "in-progress" if goal["lifecycleStatus"] == "active" else str(goal["lifecycleStatus"])


def document_before(one: Json) -> Json:
    """DocumentReference before R4: one class, one encounter, and two dates."""
    context = {**one["context"], "encounter": one["context"]["encounter"][0]}
    changed = {**one, "category": one["category"][0], "context": context, "created": one["date"]}
    return renamed(changed, category="class", date="indexed")


def counted_before(one: Json) -> Json:
    """An Observation before R4: members and sources were related observations."""
    if "derivedFrom" not in one and "hasMember" not in one:
        return one
    related = [{"type": "has-member", "target": each} for each in one.get("hasMember", ())]
    related += [{"type": "derived-from", "target": each} for each in one.get("derivedFrom", ())]
    return {**without(one, "derivedFrom", "hasMember"), "related": related}


def form_of(response: Json) -> Json:
    """The reference to its form, which R4 names by its canonical: they end alike."""
    display = response["_questionnaire"]["extension"][0]["valueString"]
    return {"reference": f"Questionnaire/{response['questionnaire'].rpartition('/')[2]}", "display": display}


def given_before(dose: Json, name: str) -> Json:
    """What an Immunization before R4 said instead of its status; name: of the element that says that it was not given."""
    if dose["status"] == "completed":
        return {name: False}
    return {"status": "completed", name: True, "explanation": {"reasonNotGiven": [dose["statusReason"]]}}


def pointed(references: list[Json], names: Mapping[str, str]) -> list[Json]:
    """References to types that had other names: names, the type in R4 -> the type."""
    told = []
    for each in references:
        kind, id = each["reference"].split("/")
        told.append({**each, "reference": f"{names.get(kind, kind)}/{id}"})
    return told
