"""An unknown search parameter is explained with the one that was probably meant, or with none."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.search.parameters import RESULT, load_parameters, resource_types
from sickbay.fhir.search.suggestions import find_nearest
from sickbay.fhir.versions import VERSIONS


@pytest.mark.parametrize(
    ("type", "name", "meant"),
    [
        ("Patient", "firstname", "given"),
        ("Patient", "dateOfBirth", "birthdate"),
        ("Patient", "city", "address-city"),
        ("Patient", "zip", "address-postalcode"),
        ("Patient", "emailAddress", "email"),
        ("Patient", "patient_id", "_id"),
        ("Patient", "fullname", "name"),
        ("Patient", "famly", "family"),
        ("Condition", "clinicalStatus", "clinical-status"),
        ("Condition", "onsetDateTime", "onset-date"),
        ("Encounter", "period", "date"),
        ("Encounter", "startDate", "date"),
        ("Encounter", "provider", "service-provider"),
        ("Observation", "effectiveDateTime", "date"),
        ("Observation", "valueQuantity", "value-quantity"),
        ("Observation", "patient_id", "patient"),
        ("Observation", "_coutn", "_count"),
        ("Appointment", "start", "date"),
    ],
)
def test_it_suggests_the_parameter_that_was_probably_meant(type: str, name: str, meant: str | None) -> None:
    assert find_nearest("r4", type, name) == meant


@pytest.mark.parametrize(
    ("type", "name"),
    [
        ("Condition", "onset"),
        ("Condition", "date"),
        ("Observation", "value"),
        ("Patient", "qqqqqq"),
        ("Patient", "grid"),
        ("Patient", "apikey"),
    ],
)
def test_it_suggests_nothing_where_several_fit_or_none_does(type: str, name: str) -> None:
    assert find_nearest("r4", type, name) is None


def test_a_name_of_any_length_is_compared_in_few_steps() -> None:
    assert find_nearest("r4", "Patient", "name" * 1000) is None


_TYPES = st.sampled_from([(version, type) for version in VERSIONS for type in resource_types(version)])


@pytest.mark.parametrize("version", VERSIONS)
def test_every_parameter_in_another_spelling_is_recognised(version: str) -> None:
    for type in resource_types(version):
        spellings = Counter(code.replace("-", "") for code in load_parameters(version, type))
        for code in load_parameters(version, type):
            written = "".join(part.title() for part in code.split("-")) if not code.startswith("_") else code.upper()
            if spellings[code.replace("-", "")] == 1:
                assert (type, find_nearest(version, type, written)) == (type, code)


@given(_TYPES, st.text(max_size=70))
def test_only_existing_parameters_are_suggested(place: tuple[str, str], name: str) -> None:
    assert find_nearest(*place, name) in {None, *load_parameters(*place), *RESULT}
