"""The types of each FHIR version, and the type that a wrong name most likely meant."""

from __future__ import annotations

import pytest

from sickbay.authorization.scopes.resource_types import ALL_TYPES, RESOURCE_TYPES, find_nearest, types_of


@pytest.mark.parametrize(
    ("version", "full_version"), [("4.0.1", "4.0.1"), ("4.0", "4.0.1"), ("1.0.2", "1.0.2"), ("4.3", "4.3.0")]
)
def test_a_version_is_recognised_by_its_prefix(version: str, full_version: str) -> None:
    assert types_of(version) == RESOURCE_TYPES[full_version]


@pytest.mark.parametrize("version", ["", "9.9.9", "r4"])
def test_an_unknown_version_has_no_types(version: str) -> None:
    assert types_of(version) == ()


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("MedicationOrder", "4.0.1", "MedicationRequest"),
        ("MedicationOrder", "1.0.2", "MedicationOrder"),
        ("ServiceRequest", "1.0.2", "DiagnosticOrder"),
        ("ServiceRequest", "3.0.1", "ProcedureRequest"),
        ("Patients", "4.0.1", "Patient"),
        ("Conditon", "4.0.1", "Condition"),
        ("Persn", "4.0.1", "Person"),
        ("Pearson", "4.0.1", "Person"),
        ("Order", "4.0.1", None),
        ("Xyz", "4.0.1", None),
    ],
)
def test_a_wrong_name_means_its_new_or_most_similar_name(name: str, version: str, expected: str | None) -> None:
    assert find_nearest(name, types_of(version)) == expected


def test_all_types_are_those_of_any_version() -> None:
    assert {"MedicationOrder", "MedicationRequest"} <= set(ALL_TYPES)
    assert list(ALL_TYPES) == sorted(set(ALL_TYPES))
