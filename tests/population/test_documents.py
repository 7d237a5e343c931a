"""Documents: what the index says of a Binary is so, and a PDF is one."""

from __future__ import annotations

import base64
import datetime
import re
from typing import Any

from tests.population.test_generate import everything

from sickbay.population.render.pdf import page


def of(kind: str) -> list[dict[str, Any]]:
    return [one for one in everything("r4") if one["resourceType"] == kind]


def test_a_document_says_type_and_size_of_its_binary_which_belongs_to_the_same_patient() -> None:
    held = {f"Binary/{one['id']}": one for one in of("Binary")}
    documents = of("DocumentReference")
    kinds = set()
    for one in documents:
        attachment = one["content"][0]["attachment"]
        if "data" in attachment:
            assert len(base64.b64decode(attachment["data"], validate=True)) == attachment["size"]
            continue
        binary = held.pop(attachment["url"])
        data = base64.b64decode(binary["data"], validate=True)
        assert (attachment["contentType"], attachment["size"]) == (binary["contentType"], len(data))
        assert binary["securityContext"] == one["subject"]
        assert data.startswith(b"%PDF-") == (binary["contentType"] == "application/pdf")
        kinds.add(binary["contentType"])
    assert not held
    assert kinds == {"application/pdf", "text/plain"}


def test_every_document_has_a_provenance_by_its_author() -> None:
    authors = {f"DocumentReference/{one['id']}": one["author"][0] for one in of("DocumentReference")}
    told = {one["target"][0]["reference"]: one["agent"][0]["who"] for one in of("Provenance")}
    assert {each: who for each, who in told.items() if each.startswith("DocumentReference/")} == authors


def test_of_every_patient_a_provenance_tells_who_wrote_down_the_last_visit() -> None:
    everybody = {one["id"] for one in of("Patient")}
    visits = {f"Encounter/{one['id']}": one for one in of("Encounter")}
    kinds = set()
    for one in of("Provenance"):
        first, *others, last = [each["reference"] for each in one["target"]]
        if first in visits:
            everybody.remove(last.removeprefix("Patient/"))
            assert one["recorded"] > visits[first]["period"]["end"]
            assert one["agent"][0]["who"] == visits[first]["participant"][0]["individual"]
            kinds |= {each.partition("/")[0] for each in others}
    assert not everybody
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


def test_the_table_of_a_pdf_points_at_its_objects() -> None:
    made = page("Discharge (summary)", "Zoë \\ Łuczak", datetime.date(2026, 1, 2), "Long words. " * 40)
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF", made)[0])
    assert made[start:].startswith(b"xref\n0 6\n")
    places = [int(each) for each in re.findall(rb"(\d{10}) 00000 n ", made)]
    assert [made[place : place + 8] for place in places] == [b"%d 0 obj\n" % number for number in range(1, 6)]
    length = int(re.findall(rb"/Length (\d+)", made)[0])
    stream = made.split(b"stream\n", 1)[1].split(b"\nendstream", 1)[0]
    assert len(stream) == length
    assert b"Discharge \\(summary\\)" in stream
    assert b"\\\\ uczak" in stream
