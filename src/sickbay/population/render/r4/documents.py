"""R4 resources for documents: DocumentReference, Binary, and Provenance with the author."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterable, Iterator, Sequence

from sickbay.population import procedure_codes
from sickbay.population.patient_history import Note, PatientHistory, Person
from sickbay.population.render.common import (
    CORE,
    IDENTIFIERS,
    Json,
    begin_resource,
    format_instant,
    make_concept,
    part_of,
    refer_to_encounter,
    refer_to_practitioner,
    render_concept,
    render_reference,
)
from sickbay.population.render.pdf import render_page
from sickbay.population.staff import ORGANIZATION, PHARMACY

_CATEGORY = make_concept(
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note"
)
_AUTHOR = make_concept("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author")
_SENDER = make_concept(
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type", "transmitter", "Transmitter"
)
_FORMAT = {
    "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
    "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
}


def render_document(person: Person, note: Note) -> Iterator[Json]:
    """Yields a DocumentReference, preceded by the Binary with its content unless the content is inline, and its Provenance.

    The Binary belongs to the patient (securityContext). The Provenance refers to the patient too; otherwise no patient's token
    could read it.
    """
    id, binary = part_of(person.id, "n", note.number), part_of(person.id, "b", note.number)
    written = format_instant(note.visit.end + datetime.timedelta(minutes=20))
    kind = "application/pdf" if note.printed else "text/plain"
    body = render_page(note.kind.text, person.name, note.visit.day, note.text) if note.printed else note.text.encode()
    data = base64.b64encode(body).decode()
    if not note.inline:
        yield {
            "resourceType": "Binary",
            "id": binary,
            "contentType": kind,
            "securityContext": render_reference("Patient", person.id),
            "data": data,
        }
    content = {"data": data} if note.inline else {"url": f"Binary/{binary}"}
    authorship = (
        _directive_authorship(person, note, written)
        if note.directive
        else {"author": [refer_to_practitioner(note.visit.practitioner)]}
    )
    yield {
        **begin_resource("DocumentReference", id, f"us-core-{'adi-' if note.directive else ''}documentreference"),
        "identifier": [{"system": IDENTIFIERS + "documents", "value": id}],
        "status": "current",
        "type": render_concept(note.kind),
        "category": [_DIRECTIVES if note.directive else _CATEGORY],
        "subject": render_reference("Patient", person.id),
        "date": written,
        **authorship,
        "custodian": render_reference("Organization", ORGANIZATION),
        "content": [
            {
                "attachment": {"contentType": kind, **content, "size": len(body), "title": note.kind.text, "creation": written},
                "format": _FORMAT,
            }
        ],
        "context": {
            "encounter": [refer_to_encounter(person.id, note.visit.number)],
            "period": {"start": format_instant(note.visit.start), "end": format_instant(note.visit.end)},
        },
    }
    yield _render_provenance(person, note.number, [render_reference("DocumentReference", id)], authorship["author"][0], written)


_DIRECTIVES = make_concept("http://loinc.org", "42348-3", "Advance healthcare directives")


def _directive_authorship(person: Person, note: Note, written: str) -> Json:
    """Returns authorship: the patient writes a living will, the physician an order. The physician authenticates both."""
    order = note.kind is procedure_codes.NOT_RESUSCITATE
    author = refer_to_practitioner(note.visit.practitioner) if order else render_reference("Patient", person.id, person.name)
    return {
        "extension": [{"url": CORE + "us-core-authentication-time", "valueDateTime": written}],
        "author": [author],
        "authenticator": refer_to_practitioner(note.visit.practitioner),
    }


_CURRENT_TYPES = frozenset(
    {
        "AllergyIntolerance",
        "CarePlan",
        "CareTeam",
        "Condition",
        "Coverage",
        "Device",
        "Goal",
        "MedicationRequest",
        "RelatedPerson",
    }
)


def record_provenance(history: PatientHistory, resources: Sequence[Json]) -> Iterator[Json]:
    """Yields Provenance of the last visit, of current resources and of the last dispense. resources: the whole record."""
    if not history.visits:
        return
    last, person = history.visits[-1], history.person
    at = refer_to_encounter(person.id, last.number)
    recorded_resources = [
        resource for resource in resources if resource["resourceType"] in _CURRENT_TYPES or resource.get("encounter") == at
    ]
    targets = [at, *(_reference_to(resource) for resource in recorded_resources if resource["resourceType"] not in _UNSIGNED)]
    recorded = format_instant(last.end + datetime.timedelta(minutes=40))  # the laboratory has reported by then
    for resource in _select_latest(resources):
        if _reference_to(resource) not in targets:
            targets.append(_reference_to(resource))
    yield _render_provenance(person, len(history.notes) + 1, targets, refer_to_practitioner(last.practitioner), recorded)
    dispenses = [resource for resource in resources if resource["resourceType"] == "MedicationDispense"]
    if dispenses:
        yield _dispense_provenance(person, len(history.notes) + 2, dispenses[-1])


_UNSIGNED = frozenset({"Task", "Media"})
"""Types of a visit that need no Provenance; R5 has no Media."""
_NO_SHARED_PROVENANCE = frozenset({"MedicationDispense", "DocumentReference", "Provenance", "Patient"})
"""Types that have a Provenance of their own, or need none."""


def _select_latest(resources: Iterable[Json]) -> Iterable[Json]:
    """Returns the latest resource of each profile, and of each category that observations with the same profile have."""
    latest = {
        (resource["meta"]["profile"][0] if "meta" in resource else "", _category_of(resource)): resource
        for resource in resources
        if ("meta" in resource or resource["resourceType"] == "MedicationStatement")
        and resource["resourceType"] not in _NO_SHARED_PROVENANCE
    }
    return latest.values()


def _category_of(resource: Json) -> str:
    return str(resource["category"][0]["coding"][0]["code"]) if resource["resourceType"] == "Observation" else ""


def _dispense_provenance(person: Person, number: int, dispense: Json) -> Json:
    """Returns the Provenance of a dispense, which the pharmacy recorded and sent to the hospital."""
    pharmacy, hospital = render_reference("Organization", *PHARMACY), render_reference("Organization", ORGANIZATION)
    return {
        **begin_resource("Provenance", part_of(person.id, "w", number), "us-core-provenance"),
        "target": [_reference_to(dispense), render_reference("Patient", person.id)],
        "recorded": f"{dispense['whenHandedOver']}T17:00:00Z",
        "agent": [
            {"type": _AUTHOR, "who": pharmacy, "onBehalfOf": pharmacy},
            {"type": _SENDER, "who": pharmacy, "onBehalfOf": hospital},
        ],
    }


def _reference_to(resource: Json) -> Json:
    return render_reference(resource["resourceType"], resource["id"])


def _render_provenance(person: Person, number: int, targets: list[Json], author: Json, recorded: str) -> Json:
    """Returns a Provenance. A practitioner writes on behalf of the hospital, a patient doesn't."""
    hospital = render_reference("Organization", ORGANIZATION)
    behalf = {"onBehalfOf": hospital} if author["reference"].startswith("Practitioner/") else {}
    return {
        **begin_resource("Provenance", part_of(person.id, "w", number), "us-core-provenance"),
        "target": [*targets, render_reference("Patient", person.id)],
        "recorded": recorded,
        "agent": [{"type": _AUTHOR, "who": author, **behalf}, {"type": _SENDER, "who": hospital}],
    }
