"""Which patient is in context when a user signs in, and which pages may be framed."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.authorization.models import Policy, User


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
def test_a_user_with_a_single_record_needs_no_choice(fhir_user: str, patients: Any, acts: bool, only: str | None) -> None:
    user = User("u", "general", fhir_user, patients=patients)
    assert (user.acts_for_patients, user.only_patient) == (acts, only)


@pytest.mark.parametrize(
    ("framed", "sign_in", "others"), [("all", True, True), ("signed-in", False, True), ("none", False, False)]
)
def test_the_policy_decides_which_pages_the_ehr_may_frame(framed: str, sign_in: bool, others: bool) -> None:
    policy = Policy(framed=framed)  # type: ignore[arg-type]
    assert (policy.may_frame(signed_in=False), policy.may_frame(signed_in=True)) == (sign_in, others)
