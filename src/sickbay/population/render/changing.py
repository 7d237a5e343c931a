"""Converts R4 resources to DSTU2, STU3, R4B and R5, which differ from R4 only in some types."""

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
    """Renders a history in one version, by converting the R4 resources.

    changes: maps a resource type to a function that converts its R4 resource, or to None if the version has no such type.
    convert_values: applied last to each resource, except those of the types in `plain`, whose function has already done it.
    """

    def __init__(
        self,
        changes: Mapping[str, Change | None],
        convert_values: Callable[[Any], Any] = lambda value: value,
        plain: frozenset[str] = frozenset(),
    ) -> None:
        self._changes = changes
        self._convert_values = convert_values
        self._plain = plain

    def render_hospital(self) -> Iterator[Json]:
        yield from map(self._convert_resource, self._select_supported(r4.render_hospital()))

    def render_record(self, history: PatientHistory) -> Iterator[Json]:
        yield from map(self._convert_resource, self._select_supported(r4.render_record(history)))

    def render_panel(self, practitioner: Practitioner | None, patients: Sequence[str]) -> Json:
        return self._convert_resource(r4.render_panel(practitioner, patients))

    def render_slot(self, slot: Slot) -> Json:
        return self._convert_resource(r4.render_slot(slot))

    def render_appointment(self, booking: Booking) -> Json:
        return self._convert_resource(r4.render_appointment(booking))

    def _select_supported(self, resources: Iterator[Json]) -> Iterator[Json]:
        return (resource for resource in resources if self._changes.get(resource["resourceType"], _keep_unchanged) is not None)

    def _convert_resource(self, resource: Json) -> Json:
        """Converts a resource. Profiles are omitted because they are R4's."""
        kind = resource["resourceType"]
        change = self._changes.get(kind) or _keep_unchanged
        converted = change({key: value for key, value in resource.items() if key != "meta"})
        return converted if kind in self._plain else dict(self._convert_values(converted))


def _keep_unchanged(resource: Json) -> Json:
    return resource


TERMS = "http://terminology.hl7.org/CodeSystem/"
_NEVER_RENAMED = frozenset({"PHOccupationalDataForHealthODH"})
"""Code systems that have always had this name."""
HL7 = "http://hl7.org/fhir/"


def systems_below(other: Mapping[str, str]) -> Callable[[Any], Any]:
    """Returns a function that replaces the code systems of R4 in any value.

    Before R4 they were named directly below hl7.org/fhir: v3/ActCode, v2/0203, observation-category. other: the exceptions.
    """

    @cache
    def system(name: str) -> str:
        if not name.startswith(TERMS):
            return name
        local = name.removeprefix(TERMS)
        if local in _NEVER_RENAMED:
            return name
        return HL7 + other.get(local, local.replace("-", "/", 1) if local.startswith(("v2-", "v3-")) else local)

    def systems(value: Any) -> Any:
        if isinstance(value, list):
            return [systems(item) for item in value]
        if isinstance(value, dict):
            return {key: system(item) if key == "system" else systems(item) for key, item in value.items()}
        return value

    return systems


def code_of(concept: Json) -> str:
    return str(concept["coding"][0]["code"])


def rename_elements(resource: Json, **names: str) -> Json:
    """Returns the resource with some elements renamed (`subject="patient"`), in the same order."""
    return {names.get(key, key): value for key, value in resource.items()}


def leave_out(value: Json, *names: str) -> Json:
    return {key: element for key, element in value.items() if key not in names}


def care_team_before(team: Json) -> list[Json]:
    """Returns participants with one role each. Before R4 a member was a person, never a PractitionerRole."""
    participants = []
    for participant in team["participant"]:
        member = participant["member"]
        role = member["reference"].removeprefix("PractitionerRole/role-")
        if role != member["reference"]:
            member = {**member, "reference": f"Practitioner/{role}"}
        participants.append({"role": participant["role"][0], "member": member})
    return participants


def report_before(report: Json) -> Json:
    """Converts a DiagnosticReport: before R4, media was called image, and there was no resultsInterpreter."""
    return rename_elements(leave_out(report, "resultsInterpreter"), media="image")


def goal_status(goal: Json) -> str:
    """Returns the status of a goal before R4, which had no lifecycleStatus yet."""
    return "in-progress" if goal["lifecycleStatus"] == "active" else str(goal["lifecycleStatus"])


def document_before(document: Json) -> Json:
    """Converts a DocumentReference: before R4 it had one class, one encounter and two dates."""
    context = {**document["context"], "encounter": document["context"]["encounter"][0]}
    changed = {**document, "category": document["category"][0], "context": context, "created": document["date"]}
    return rename_elements(changed, category="class", date="indexed")


def observation_before(observation: Json) -> Json:
    """Converts an Observation: before R4, members and sources were related observations."""
    if "derivedFrom" not in observation and "hasMember" not in observation:
        return observation
    related = [{"type": "has-member", "target": member} for member in observation.get("hasMember", ())]
    related += [{"type": "derived-from", "target": source} for source in observation.get("derivedFrom", ())]
    return {**leave_out(observation, "derivedFrom", "hasMember"), "related": related}


def form_of(response: Json) -> Json:
    """Returns a reference to the Questionnaire, which R4 identifies by its canonical URL. Both end with the same id."""
    display = response["_questionnaire"]["extension"][0]["valueString"]
    return {"reference": f"Questionnaire/{response['questionnaire'].rpartition('/')[2]}", "display": display}


def immunization_status_before(dose: Json, name: str) -> Json:
    """Returns what an Immunization had before R4 instead of its status. name: the element that says it wasn't given."""
    if dose["status"] == "completed":
        return {name: False}
    return {"status": "completed", name: True, "explanation": {"reasonNotGiven": [dose["statusReason"]]}}


def add_type_names(references: list[Json], names: Mapping[str, str]) -> list[Json]:
    """Returns the references with the type names of an older version. names: maps the type in R4 to the older name."""
    renamed_references = []
    for reference in references:
        kind, id = reference["reference"].split("/")
        renamed_references.append({**reference, "reference": f"{names.get(kind, kind)}/{id}"})
    return renamed_references
