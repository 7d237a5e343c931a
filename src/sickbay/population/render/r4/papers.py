"""What R4 says of documents: the index entry, what it holds, and who wrote it."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterator

from sickbay.population.life import Note, Person
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
    hospital = reference("Organization", ORGANIZATION)
    yield {
        **profiled("Provenance", part_of(who.id, "w", note.number), "us-core-provenance"),
        "target": [reference("DocumentReference", id), reference("Patient", who.id)],
        "recorded": written,
        "agent": [
            {"type": _AUTHOR, "who": practitioner(note.visit.practitioner), "onBehalfOf": hospital},
            {"type": _SENDER, "who": hospital},
        ],
    }
