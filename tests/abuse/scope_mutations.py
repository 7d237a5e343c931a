"""Scopes of an authorization request with every mistake that has a rule."""

from collections.abc import Sequence

from tests.abuse.mutate import (
    Mutation,
    drop,
    garble,
    replace,
    scope_with,
    scope_without,
)


def scopes_of_authorize() -> Sequence[Mutation]:
    return (
        drop("scope"),
        garble("scope"),
        scope_without("launch"),
        scope_with(
            "launch",
            "launch/patient",
            "patient/Observation.sr",
            "Launch/Patient",
            "patient/launch",
            "patient/*.cruds",
            "system/Patient.rs",
            "patient/MedicationOrder.rs",
            "patient/Immunization.rs",
            "user/Fictitious.read",
            "user/MedicationOrder.rs",
            "system/Observation.rs",
            "user/Patient.sr",
            "patient/Patient.read",
            "patient%2FPatient.rs",
            "patient/Observation.rs?category:not=x",
            "patient/*.rs",
            "fhiruser",
        ),
        replace(
            "scope",
            "launch/patient,patient/Patient.rs",
            "launch/patient+patient/Patient.rs",
            "patient/Patient.rs",
            "openid",
            "launch%2Fpatient%20openid",
            "launch/patient\tpatient/Patient.rs",
            "launch/patient;patient/Patient.rs",
            '["launch/patient", "patient/Patient.rs"]',
        ),
    )
