"""What R4 says of documents: the index entry, what it holds, and who wrote it."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterable, Iterator

from sickbay.population.life import Life, Note, Person, Visit
from sickbay.population.render.common import (
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
from sickbay.population.staff import ORGANIZATION

_CATEGORY = coded(
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note"
)
_AUTHOR = coded("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author")
_SENDER = coded(
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type", "transmitter", "Transmitter"
)
_FORMAT = {
    "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
    "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
}


def document(who: Person, note: Note) -> Iterator[Json]:
    """The Binary belongs to the patient (securityContext); so does the Provenance, or no patient's token would see it."""
    id, binary = part_of(who.id, "n", note.number), part_of(who.id, "b", note.number)
    written = instant(note.visit.end + datetime.timedelta(minutes=20))
    kind = "application/pdf" if note.printed else "text/plain"
    body = page(note.kind.text, who.name, note.visit.day, note.text) if note.printed else note.text.encode()
    yield {
        "resourceType": "Binary",
        "id": binary,
        "contentType": kind,
        "securityContext": reference("Patient", who.id),
        "data": base64.b64encode(body).decode(),
    }
    yield {
        **profiled("DocumentReference", id, "us-core-documentreference"),
        "identifier": [{"system": IDENTIFIERS + "documents", "value": id}],
        "status": "current",
        "type": concept(note.kind),
        "category": [_CATEGORY],
        "subject": reference("Patient", who.id),
        "date": written,
        "author": [practitioner(note.visit.practitioner)],
        "custodian": reference("Organization", ORGANIZATION),
        "content": [
            {
                "attachment": {"contentType": kind, "url": f"Binary/{binary}", "size": len(body), "title": note.kind.text,
                               "creation": written},
                "format": _FORMAT,
            }
        ],
        "context": {
            "encounter": [encounter(who.id, note.visit.number)],
            "period": {"start": instant(note.visit.start), "end": instant(note.visit.end)},
        },
    }  # fmt: skip
    yield _provenance(who, note.number, [reference("DocumentReference", id)], note.visit, written)


_STANDING = frozenset(
    {
        "AllergyIntolerance", "CarePlan", "CareTeam", "Condition", "Coverage", "Device", "Goal", "MedicationRequest",
        "RelatedPerson",
    }
)  # fmt: skip


def stated(life: Life, told: Iterable[Json]) -> Iterator[Json]:
    """Who stands for what was written down at the last visit, and for what stood in the record then. told: the record."""
    if not life.visits:
        return
    last, who = life.visits[-1], life.person
    at = encounter(who.id, last.number)
    kept = [one for one in told if one["resourceType"] in _STANDING or one.get("encounter") == at]
    targets = [at, *(_address(one) for one in kept if one["resourceType"] != "Task")]
    recorded = instant(last.end + datetime.timedelta(minutes=40))  # by then the laboratory has answered
    yield _provenance(who, len(life.notes) + 1, targets, last, recorded)


def _address(one: Json) -> Json:
    return reference(one["resourceType"], one["id"])


def _provenance(who: Person, number: int, targets: list[Json], visit: Visit, recorded: str) -> Json:
    hospital = reference("Organization", ORGANIZATION)
    return {
        **profiled("Provenance", part_of(who.id, "w", number), "us-core-provenance"),
        "target": [*targets, reference("Patient", who.id)],
        "recorded": recorded,
        "agent": [
            {"type": _AUTHOR, "who": practitioner(visit.practitioner), "onBehalfOf": hospital},
            {"type": _SENDER, "who": hospital},
        ],
    }
