"""What R4 says of documents: the index entry, what it holds, and who wrote it."""

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
    coded,
    concept,
    encounter,
    instant,
    part_of,
    practitioner,
    profiled,
    reference,
)
from sickbay.population.render.pdf import page
from sickbay.population.staff import ORGANIZATION, PHARMACY

_CATEGORY = coded("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note")
_AUTHOR = coded("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author")
_SENDER = coded("http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type", "transmitter", "Transmitter")
_FORMAT = {
    "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
    "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
}


def document(who: Person, note: Note) -> Iterator[Json]:
    """The index entry, preceded by the Binary with the content, unless the entry has it itself.

    The Binary belongs to the patient (securityContext); so does the Provenance, or no patient's token would see it.
    """
    id, binary = part_of(who.id, "n", note.number), part_of(who.id, "b", note.number)
    written = instant(note.visit.end + datetime.timedelta(minutes=20))
    kind = "application/pdf" if note.printed else "text/plain"
    body = page(note.kind.text, who.name, note.visit.day, note.text) if note.printed else note.text.encode()
    data = base64.b64encode(body).decode()
    if not note.inline:
        yield {
            "resourceType": "Binary",
            "id": binary,
            "contentType": kind,
            "securityContext": reference("Patient", who.id),
            "data": data,
        }
    content = {"data": data} if note.inline else {"url": f"Binary/{binary}"}
    own = _directive(who, note, written) if note.directive else {"author": [practitioner(note.visit.practitioner)]}
    yield {
        **profiled("DocumentReference", id, f"us-core-{'adi-' if note.directive else ''}documentreference"),
        "identifier": [{"system": IDENTIFIERS + "documents", "value": id}],
        "status": "current",
        "type": concept(note.kind),
        "category": [_DIRECTIVES if note.directive else _CATEGORY],
        "subject": reference("Patient", who.id),
        "date": written,
        **own,
        "custodian": reference("Organization", ORGANIZATION),
        "content": [
            {
                "attachment": {"contentType": kind, **content, "size": len(body), "title": note.kind.text, "creation": written},
                "format": _FORMAT,
            }
        ],
        "context": {
            "encounter": [encounter(who.id, note.visit.number)],
            "period": {"start": instant(note.visit.start), "end": instant(note.visit.end)},
        },
    }
    yield _provenance(who, note.number, [reference("DocumentReference", id)], own["author"][0], written)


_DIRECTIVES = coded("http://loinc.org", "42348-3", "Advance healthcare directives")


def _directive(who: Person, note: Note, written: str) -> Json:
    """A living will is the patient's, an order the physician's, who authenticates both."""
    order = note.kind is procedure_codes.NOT_RESUSCITATE
    author = practitioner(note.visit.practitioner) if order else reference("Patient", who.id, who.name)
    return {
        "extension": [{"url": CORE + "us-core-authentication-time", "valueDateTime": written}],
        "author": [author],
        "authenticator": practitioner(note.visit.practitioner),
    }


_STANDING = frozenset(
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


def stated(life: PatientHistory, told: Sequence[Json]) -> Iterator[Json]:
    """The Provenance of what the last visit recorded, of what is current, and of the last dispense. told: the record."""
    if not life.visits:
        return
    last, who = life.visits[-1], life.person
    at = encounter(who.id, last.number)
    kept = [one for one in told if one["resourceType"] in _STANDING or one.get("encounter") == at]
    targets = [at, *(_address(one) for one in kept if one["resourceType"] != "Task")]
    recorded = instant(last.end + datetime.timedelta(minutes=40))  # by then the laboratory has answered
    for one in _latest(told):
        if _address(one) not in targets:
            targets.append(_address(one))
    yield _provenance(who, len(life.notes) + 1, targets, practitioner(last.practitioner), recorded)
    handed = [one for one in told if one["resourceType"] == "MedicationDispense"]
    if handed:
        yield _handed_out(who, len(life.notes) + 2, handed[-1])


_ELSEWHERE = frozenset({"MedicationDispense", "DocumentReference", "Provenance", "Patient"})
"""Types that have a Provenance of their own, or need none."""


def _latest(told: Iterable[Json]) -> Iterable[Json]:
    """The latest resource of each profile."""
    found = {one["meta"]["profile"][0]: one for one in told if "meta" in one and one["resourceType"] not in _ELSEWHERE}
    return found.values()


def _handed_out(who: Person, number: int, dispense: Json) -> Json:
    """The pharmacy recorded what it handed out, and sent that to the hospital."""
    pharmacy, hospital = reference("Organization", *PHARMACY), reference("Organization", ORGANIZATION)
    return {
        **profiled("Provenance", part_of(who.id, "w", number), "us-core-provenance"),
        "target": [_address(dispense), reference("Patient", who.id)],
        "recorded": f"{dispense['whenHandedOver']}T17:00:00Z",
        "agent": [
            {"type": _AUTHOR, "who": pharmacy, "onBehalfOf": pharmacy},
            {"type": _SENDER, "who": pharmacy, "onBehalfOf": hospital},
        ],
    }


def _address(one: Json) -> Json:
    return reference(one["resourceType"], one["id"])


def _provenance(who: Person, number: int, targets: list[Json], author: Json, recorded: str) -> Json:
    """A practitioner writes on behalf of the hospital, a patient on nobody's."""
    hospital = reference("Organization", ORGANIZATION)
    behalf = {"onBehalfOf": hospital} if author["reference"].startswith("Practitioner/") else {}
    return {
        **profiled("Provenance", part_of(who.id, "w", number), "us-core-provenance"),
        "target": [*targets, reference("Patient", who.id)],
        "recorded": recorded,
        "agent": [
            {"type": _AUTHOR, "who": author, **behalf},
            {"type": _SENDER, "who": hospital},
        ],
    }
