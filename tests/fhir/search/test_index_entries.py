"""How many rows a resource needs is known before it is stored, and a resource that needs too many is refused."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.fhir.examples import examples

from sickbay.cli.load_reader import LoadJob, _prepare_item
from sickbay.fhir import body
from sickbay.fhir.loading import LoadError, ParsedResource, Ready
from sickbay.fhir.search import index_entries
from sickbay.fhir.search.index import extract_entries
from sickbay.storage.query.saving import index_rows

BASE = "http://h/general/r4"


def appointment(codes: int, patients: int) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "status": "proposed",
        "serviceType": [{"coding": [{"code": str(number)} for number in range(codes)]}],
        "participant": [{"actor": {"reference": f"Patient/{number}"}, "status": "accepted"} for number in range(patients)],
    }


def stored_rows(resource: dict[str, Any]) -> int:
    """The number of index rows, without those for the span of several dates, which each parameter has at most once."""
    tables = index_rows(1, 1, 1, extract_entries("r4", resource, BASE), *(defaultdict(count().__next__) for _ in range(3)))
    spans = sum(row[1] < 0 for row in tables.get("date_index", ()) if isinstance(row[1], int))
    return sum(map(len, tables.values())) - spans


def test_no_example_needs_more_rows_than_were_counted(shared: Path) -> None:
    for resource in (*examples(shared, "r4"), appointment(7, 11)):
        assert stored_rows(resource) <= extract_entries("r4", resource, BASE).count_rows()


def test_the_store_has_a_row_for_each_code_of_each_patient() -> None:
    """So a body of 750 KB would need a hundred million."""
    assert stored_rows(appointment(30, 40)) > 30 * 40


@pytest.mark.parametrize("resource", [appointment(40, 40), appointment(900, 1), appointment(1, 900)])
def test_a_resource_that_needs_too_many_rows_is_refused_before_it_is_validated(
    resource: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = extract_entries("r4", resource, BASE).count_rows()
    monkeypatch.setattr(index_entries, "MAXIMUM_ROWS", rows)
    piece, job = (
        ParsedResource("", "Appointment", "a", orjson.dumps(resource), resource),
        LoadJob([], "r4", BASE, validate=False),
    )
    assert not body.make_body("r4", "Appointment", "", resource, BASE).problems
    assert isinstance(_prepare_item(job, piece, "line 1"), Ready)

    monkeypatch.setattr(index_entries, "MAXIMUM_ROWS", rows - 1)
    monkeypatch.delattr(body, "validate")
    (problem,) = body.make_body("r4", "Appointment", "", resource, BASE).problems
    text = f"This Appointment needs {rows:,} entries in the search index, and {rows - 1:,} are allowed. Split it into several."
    assert (problem.code, problem.text) == ("too-long", text)
    assert _prepare_item(job, piece, "line 1") == LoadError("line 1", f"Appointment/a: {text}")
