"""Documents match their Binaries, and PDFs are well-formed."""

from __future__ import annotations

import base64
import datetime
import re
from typing import Any

from tests.population.test_generate import everything

from sickbay.population.render.pdf import render_page


def resources_of(kind: str) -> list[dict[str, Any]]:
    return [resource for resource in everything("r4") if resource["resourceType"] == kind]


def test_a_document_has_the_type_size_and_patient_of_its_binary() -> None:
    binaries = {f"Binary/{binary_resource['id']}": binary_resource for binary_resource in resources_of("Binary")}
    documents = resources_of("DocumentReference")
    kinds = set()
    for document in documents:
        attachment = document["content"][0]["attachment"]
        if "data" in attachment:
            assert len(base64.b64decode(attachment["data"], validate=True)) == attachment["size"]
            continue
        binary = binaries.pop(attachment["url"])
        data = base64.b64decode(binary["data"], validate=True)
        assert (attachment["contentType"], attachment["size"]) == (binary["contentType"], len(data))
        assert binary["securityContext"] == document["subject"]
        assert data.startswith(b"%PDF-") == (binary["contentType"] == "application/pdf")
        kinds.add(binary["contentType"])
    assert not binaries
    assert kinds == {"application/pdf", "text/plain"}


def test_every_document_has_a_provenance_by_its_author() -> None:
    authors = {f"DocumentReference/{document['id']}": document["author"][0] for document in resources_of("DocumentReference")}
    recorded_authors = {
        provenance["target"][0]["reference"]: provenance["agent"][0]["who"] for provenance in resources_of("Provenance")
    }
    assert {target: author for target, author in recorded_authors.items() if target.startswith("DocumentReference/")} == authors


def test_every_patient_has_a_provenance_with_the_author_of_the_last_visit() -> None:
    remaining = {patient["id"] for patient in resources_of("Patient")}
    visits = {f"Encounter/{visit['id']}": visit for visit in resources_of("Encounter")}
    kinds = set()
    for provenance in resources_of("Provenance"):
        first, *others, last = [target["reference"] for target in provenance["target"]]
        if first in visits:
            remaining.remove(last.removeprefix("Patient/"))
            assert provenance["recorded"] > visits[first]["period"]["end"]
            assert provenance["agent"][0]["who"] == visits[first]["participant"][0]["individual"]
            kinds |= {other.partition("/")[0] for other in others}
    assert not remaining
    assert kinds >= {
        "Observation",
        "CareTeam",
        "Coverage",
        "AllergyIntolerance",
        "CarePlan",
        "Goal",
        "DiagnosticReport",
    }
    assert "Task" not in kinds


def test_the_cross_reference_table_of_a_pdf_has_the_offsets_of_its_objects() -> None:
    pdf = render_page("Discharge (summary)", "Zoë \\ Łuczak", datetime.date(2026, 1, 2), "Long words. " * 40)
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF", pdf)[0])
    assert pdf[start:].startswith(b"xref\n0 6\n")
    places = [int(offset) for offset in re.findall(rb"(\d{10}) 00000 n ", pdf)]
    assert [pdf[offset : offset + 8] for offset in places] == [b"%d 0 obj\n" % number for number in range(1, 6)]
    length = int(re.findall(rb"/Length (\d+)", pdf)[0])
    stream = pdf.split(b"stream\n", 1)[1].split(b"\nendstream", 1)[0]
    assert len(stream) == length
    assert b"Discharge \\(summary\\)" in stream
    assert b"\\\\ uczak" in stream
