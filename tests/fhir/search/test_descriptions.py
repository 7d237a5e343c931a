"""Descriptions of search parameters."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.fhir.search.descriptions import DESCRIPTION_CHARACTERS, describe_parameter
from sickbay.fhir.search.parameters import load_parameters, resource_types
from sickbay.fhir.versions import VERSIONS


@for_each("version", VERSIONS)
def test_every_parameter_is_described_in_a_few_words(version: str) -> None:
    for type in resource_types(version):
        for code, parameter in load_parameters(version, type).items():
            text = describe_parameter(parameter)
            assert 3 <= len(text) <= DESCRIPTION_CHARACTERS + 1, (type, code)
            assert "Multiple Resources" not in text
            assert "](" not in text or "documentation" in text


def test_a_shared_description_is_that_of_the_type() -> None:
    assert describe_parameter(load_parameters("r4", "Patient")["birthdate"]) == "The patient's date of birth"
    assert describe_parameter(load_parameters("r4", "Patient")["_id"]) == "Logical id of this artifact"
    assert describe_parameter(load_parameters("r4", "CareTeam")["status"])
