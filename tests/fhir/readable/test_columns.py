"""The columns of results."""

from __future__ import annotations

from typing import Any

from tests.laws import for_each

from sickbay.fhir.elements import list_children
from sickbay.fhir.readable import columns
from sickbay.fhir.readable.columns import CELL_CHARACTERS, COLUMNS, list_columns, list_usual_types, make_cells, title_of
from sickbay.fhir.readable.references import Target
from sickbay.fhir.search.parameters import resource_types
from sickbay.fhir.versions import VERSIONS

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "Blood pressure"},
    "subject": {"reference": "Patient/1"},
    "component": [
        {"code": {"text": "Systolic"}, "valueQuantity": {"value": 120, "unit": "mmHg"}},
        {"code": {"text": "Diastolic"}, "valueQuantity": {"value": 80, "unit": "mmHg"}},
        {"code": {"text": "Mean"}},
    ],
}


@for_each("version", VERSIONS)
def test_every_type_has_columns_that_it_can_fill(version: str) -> None:
    for type in resource_types(version):
        found = list_columns(version, type)
        assert len(found) <= COLUMNS
        assert all(name in list_children(version, type) for column in found for name in column)


@for_each("version", VERSIONS)
def test_every_name_in_the_table_exists_in_a_version(version: str) -> None:
    known = {type for each in VERSIONS for type in resource_types(each)}
    for type, row in columns._columns_by_type().items():
        assert type in known
        for name in (name for column in row for name in column):
            assert any(name in list_children(each, type) for each in VERSIONS), (type, name)
    assert set(list_usual_types(version)) <= set(resource_types(version))


def test_components_are_shortened_to_their_code_and_value() -> None:
    cells = make_cells("r4", OBSERVATION, ("http://b",))
    assert [cell.text for cell in cells] == [
        "Blood pressure",
        "Systolic 120 mmHg, Diastolic 80 mmHg and 1 more",
        "final",
        "",
        "Patient/1",
    ]
    assert cells[4].target == Target("Patient", "1")


def test_a_contained_resource_is_named_by_its_title() -> None:
    request = {
        "resourceType": "MedicationRequest",
        "medicationReference": {"reference": "#m"},
        "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "Aspirin"}}],
    }
    assert title_of("r4", request) == "Aspirin"


def test_a_long_cell_is_cut_and_odd_values_are_no_error() -> None:
    cells = make_cells("r4", {"resourceType": "Observation", "code": {"text": "x" * 900}, "subject": [3], "status": {}}, ())
    assert len(cells[0].text) == CELL_CHARACTERS
    assert title_of("r4", {"resourceType": "Nonsense"}) == ""
    assert title_of("r4", {"resourceType": "Patient"}) == ""
