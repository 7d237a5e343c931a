"""Whose record is in context when somebody signs in."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.authorization.values import User


@pytest.mark.parametrize(
    ("fhir_user", "patients", "acts", "only"),
    [
        ("Patient/p-1", ("p-1",), True, "p-1"),
        ("https://ehr.example.org/r4/Patient/p-1", ("p-1",), True, "p-1"),
        ("Patient/p-1", ("p-1", "p-2"), True, None),
        ("Patient/p-1", "*", True, "p-1"),
        ("RelatedPerson/r-1", ("p-2",), True, "p-2"),
        ("RelatedPerson/r-1", ("p-1", "p-2"), True, None),
        ("RelatedPerson/r-1", (), True, None),
        ("RelatedPerson/r-1", "*", True, None),
        ("Practitioner/pr-1", ("p-1",), False, None),
        ("Practitioner/pr-1", "*", False, None),
        ("", (), False, None),
    ],
)
def test_one_record_needs_no_choice(fhir_user: str, patients: Any, acts: bool, only: str | None) -> None:
    user = User("u", "general", fhir_user, patients=patients)
    assert (user.acts_for_patients, user.only_patient) == (acts, only)
