"""Parameters that refer to a type."""

from __future__ import annotations

from sickbay.fhir.search.parameters import find
from sickbay.fhir.search.referring import list_referring_parameters
from sickbay.fhir.versions import VERSIONS


def test_a_patient_is_referred_to_by_most_clinical_types() -> None:
    for version in VERSIONS:
        referring = list_referring_parameters(version, "Patient")
        assert ("Observation", "subject") in referring
        for type, code in referring:
            parameter = find(version, type, code)
            assert parameter is not None
            assert "Patient" in parameter.targets
    assert list_referring_parameters("r4", "Binary") == () or all(code for _, code in list_referring_parameters("r4", "Binary"))
